/** Who in a population is what for one job: seeds, people to rank, people to leave out; and whether that will do. */

import type { Shard } from '#domain/features/shard.ts';
import { assignRoles, type Roles } from '#domain/ranking/ranker.ts';
import { Invalid } from './errors.ts';
import type { Population } from './population.ts';
import { prepareShards } from './ranking-options.ts';
import type { Settings } from './settings.ts';

/** A list of user ids as it was given. */
export interface IdList {
  readonly source: string;
  readonly sha256: string;
  /** Each id once, in the order given. */
  readonly ids: readonly string[];
  readonly duplicates: number;
}

/** What a job says about whom to rank, and by which features. */
export interface Casting {
  readonly seeds: IdList;
  readonly exclude: readonly IdList[];
  readonly drop: readonly string[];
  readonly binary: boolean;
}

/** The shards as the ranker sees them, and who in them is what. */
export interface Cast {
  readonly shards: readonly Shard[];
  readonly roles: readonly Roles[];
  readonly matchedCount: number;
  readonly candidateCount: number;
}

export function castRoles(population: Population, { seeds, exclude, drop, binary }: Casting): Cast {
  const shards = prepareShards(population.shards, drop, binary);
  const seedIds = new Set(seeds.ids);
  const excludedIds = new Set(exclude.flatMap(({ ids }) => ids));
  const roles = shards.map((shard) => assignRoles(shard, seedIds, excludedIds));
  return {
    shards,
    roles,
    matchedCount: roles.reduce((sum, role) => sum + role.seeds.length, 0),
    candidateCount: roles.reduce((sum, role) => sum + role.candidates.length, 0),
  };
}

/** Refuses seeds too few to learn from; returns what else is worth a warning. */
export function checkSeeds({ source, ids }: IdList, { shards, matchedCount }: Cast, settings: Settings): string[] {
  const { minSeeds, recommendedSeeds } = settings;
  const unknown = unknownIds(ids, shards);
  const examples = examplesOf(unknown);
  if (matchedCount === 0) {
    throw new Invalid(
      `${source}: expected seeds that are users of the population, but 0 of ${ids.length} are; they look like ${examples}`,
    );
  }
  if (matchedCount < minSeeds) {
    throw new Invalid(
      `${source}: expected at least ${minSeeds} seeds that are users of the population, got ${matchedCount} of ${ids.length}`,
    );
  }
  const warnings: string[] = [];
  if (matchedCount < recommendedSeeds) {
    warnings.push(`only ${matchedCount} seeds: expect a rough audience below ${recommendedSeeds}`);
  }
  if (unknown.size > 0)
    warnings.push(`${unknown.size} of ${ids.length} seeds are not users of the population, such as ${examples}`);
  return warnings;
}

/** One sentence for each list of people to leave out that names nobody: the wrong file would exclude nobody, in silence. */
export function warnOfIdleExclusions(exclude: readonly IdList[], { shards }: Cast): string[] {
  return exclude
    .filter(({ ids }) => ids.length > 0 && unknownIds(ids, shards).size === ids.length)
    .map(
      ({ source, ids }) =>
        `${source}: none of the ${ids.length} people to leave out are users of the population; they look like ${examplesOf(ids)}`,
    );
}

function unknownIds(ids: readonly string[], shards: readonly Shard[]): Set<string> {
  const unknown = new Set(ids);
  for (const shard of shards) for (const id of shard.ids) unknown.delete(id);
  return unknown;
}

function examplesOf(ids: Iterable<string>): string {
  return Iterator.from(ids)
    .take(3)
    .map((id) => JSON.stringify(id.slice(0, 80)))
    .toArray()
    .join(', ');
}

/** How many members are wanted: a count, a share of the candidates, or all of them. */
export function sizeOf(size: string, candidateCount: number): number {
  if (candidateCount === 0) throw new Invalid('expected users to rank, but all are seeds or excluded');
  if (size === 'all') return candidateCount;
  const range = `from 1 to ${candidateCount} (all users but seeds and excluded ones)`;
  const share = /^(\d+(?:\.\d+)?)%$/.exec(size);
  if (share) {
    const percent = Number(share[1]);
    if (percent > 0 && percent <= 100) return Math.max(1, Math.round((candidateCount * percent) / 100));
    throw new Invalid(`expected a size above 0% and up to 100%, got ${size}`);
  }
  const count = /^\d+$/.test(size) ? Number(size) : Number.NaN;
  if (count >= 1 && count <= candidateCount) return count;
  throw new Invalid(`expected a size ${range}, a share such as 5%, or all; got ${JSON.stringify(size)}`);
}
