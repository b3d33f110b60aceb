/** What a user must be, whatever the format: checked here once, trusted everywhere else. */
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import type { User } from '#domain/features/shard.ts';

const MAX_ID_LENGTH = 1024;
const MAX_FEATURE_LENGTH = 1024;
const MAX_FEATURES = 10_000;

/** Squares of larger weights would not fit the float32 that stores them. */
const MAX_WEIGHT = 1e15;

export function checkId(id: unknown, where: string): string {
  if (typeof id !== 'string' || id === '')
    throw new Invalid(`${where}: expected id to be a text that is not empty, got ${shown(id)}`);
  if (id.length > MAX_ID_LENGTH) {
    throw new Invalid(`${where}: expected an id of at most ${MAX_ID_LENGTH} characters, got ${id.length}`);
  }
  return checkUnicode(id, where);
}

/** Half a surrogate pair has no UTF-8: two such texts would become one when they are stored. */
function checkUnicode(text: string, where: string): string {
  if (text.isWellFormed()) return text;
  throw new Invalid(`${where}: expected Unicode text, got half a surrogate pair in ${shown(text)}`);
}

export function checkUser({ id, features, weights }: Readonly<Record<string, unknown>>, where: string): User {
  const user = { id: checkId(id, where), features: checkFeatures(features, where) };
  return weights === undefined ? user : { ...user, weights: checkWeights(weights, user.features.length, where) };
}

function checkFeatures(features: unknown, where: string): string[] {
  if (!Array.isArray(features))
    throw new Invalid(`${where}: expected features to be a list of texts, got ${shown(features)}`);
  checkFeatureCount(features.length, where);
  const checked = features.map((feature) => checkFeature(feature, where));
  if (checked.length > 1 && new Set(checked).size < checked.length) {
    throw givenTwice(checked.find((feature, at) => checked.indexOf(feature) < at) ?? '', where);
  }
  return checked;
}

export function checkFeatureCount(count: number, where: string): void {
  if (count > MAX_FEATURES) throw new Invalid(`${where}: expected at most ${MAX_FEATURES} features, got ${count}`);
}

export function givenTwice(feature: string, where: string): Invalid {
  return new Invalid(`${where}: expected each feature once (weights say how much), got ${shown(feature)} twice`);
}

export function checkFeature(feature: unknown, where: string): string {
  if (typeof feature !== 'string' || feature === '') {
    throw new Invalid(`${where}: expected features to be texts that are not empty, got ${shown(feature)}`);
  }
  if (feature.length <= MAX_FEATURE_LENGTH) return checkUnicode(feature, where);
  throw new Invalid(`${where}: expected a feature of at most ${MAX_FEATURE_LENGTH} characters, got ${feature.length}`);
}

function checkWeights(weights: unknown, count: number, where: string): number[] {
  if (!Array.isArray(weights))
    throw new Invalid(`${where}: expected weights to be a list of numbers, got ${shown(weights)}`);
  if (weights.length !== count) {
    throw new Invalid(`${where}: expected a weight for each of the ${count} features, got ${weights.length}`);
  }
  return weights.map((weight) => checkWeight(weight, where));
}

export function checkWeight(weight: unknown, where: string): number {
  if (typeof weight === 'number' && weight >= 0 && weight <= MAX_WEIGHT) return weight;
  throw new Invalid(`${where}: expected weights from 0 to ${MAX_WEIGHT}, got ${shown(weight)}`);
}
