import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import {
  beginTraining,
  canTrain,
  dealCampaigns,
  isClearlyBetter,
  trainEpoch,
  trainLookAlike,
} from '#domain/scoring/look-alike-training.ts';
import type { PseudoCampaign } from '#domain/scoring/pseudo-campaigns.ts';

const D = 16;
const TERMS = { clusters: 4, globalShare: 0.3, epochs: 12, rate: 0.01, seed: 1 };
const none = () => {};

describe('look-alike training', () => {
  it('learns which directions tell people apart: campaigns that it never saw are found better than untrained', () => {
    const { campaigns, population } = world(30);

    const { best: weights, curve } = trainLookAlike(campaigns, population, D, TERMS, none);

    expect(weights).toBeDefined();
    expect(curve.epochs[curve.kept].auc).toBeGreaterThan(curve.untrained + 0.05);
    // Whitening alone blows noise up as it does what counts; only what was learned tells them apart.
    expect(curve.kept).toBeGreaterThan(0);
  });

  it('keeps the untrained scorer where nothing can be better, and ends after three epochs that are not', () => {
    const { campaigns, population } = world(12);
    // Likes all lie in one place, and nobody else near it: no scorer finds them better than surely.
    const likes = new Float32Array(40 * D).map((_, at) => (at % D === D - 1 ? -1 : 0));
    const sure = campaigns.map((campaign) => ({
      ...campaign,
      likes: { points: likes, rows: Uint32Array.from({ length: 40 }, (_, n) => n) },
    }));

    const { best: weights, curve } = trainLookAlike(sure, population, D, TERMS, none);

    expect([weights, curve.untrained, curve.kept, curve.ended]).toEqual([undefined, 1, -1, 'no better epoch']);
    expect(curve.epochs).toHaveLength(4);
  });

  it('gives the same scorer for the same seed', () => {
    const { campaigns, population } = world(10);
    const train = () => trainLookAlike(campaigns, population, D, { ...TERMS, epochs: 2 }, none);

    expect(train()).toEqual(train());
  });

  it('holds out whole groups, about a fifth of the campaigns', () => {
    const { campaigns, population } = world(20);
    const paired = campaigns.map((campaign, n) => ({ ...campaign, group: `field ${n >> 1}` }));

    const { curve } = trainLookAlike(paired, population, D, { ...TERMS, epochs: 1 }, none);

    expect([curve.campaigns, curve.heldOut]).toEqual([16, 4]);
  });

  it('stops where the loss is no number, keeps what was good, and says so', () => {
    const { campaigns, population } = world(10);
    const { best: weights, curve } = trainLookAlike(campaigns, population, D, { ...TERMS, rate: Number.NaN }, none);
    const start = trainLookAlike(campaigns, population, D, { ...TERMS, epochs: 0 }, none);

    expect(curve.ended).toBe('the loss was no number');
    expect(weights).toBeDefined();
    expect(weights).toEqual(start.best);
  });

  it('comes to the same where it was stopped after any epoch, and went on from plain data', () => {
    const { campaigns, population } = world(10);
    const terms = { ...TERMS, epochs: 3 };
    const whole = trainLookAlike(campaigns, population, D, terms, none);

    const dealt = dealCampaigns(campaigns, D, terms);
    let state = beginTraining(dealt, population, terms);
    while (!state.curve.ended) state = deserialize(serialize(trainEpoch(dealt, terms, state)));

    expect(state).toEqual(whole);
  });

  it('leaves the state alone that it goes out from', () => {
    const { campaigns, population } = world(10);
    const dealt = dealCampaigns(campaigns, D, TERMS);
    const state = beginTraining(dealt, population, TERMS);
    const before = structuredClone(state);

    trainEpoch(dealt, TERMS, trainEpoch(dealt, TERMS, state));

    expect(state).toEqual(before);
  });

  it('calls better only what is so beyond chance, in enough groups, on the same items', () => {
    const items = (aucs: readonly number[], perGroup = 1) =>
      aucs.map((auc, n) => ({ item: `i${n}`, group: `g${Math.floor(n / perGroup)}`, auc }));
    const low = [0.7, 0.71, 0.69, 0.7, 0.72, 0.68, 0.7, 0.7];
    const high = low.map((auc, n) => auc + 0.03 + 0.01 * (n % 2));
    const mixed = low.map((auc, n) => auc + (n % 2 === 0 ? 0.2 : -0.15));

    expect(isClearlyBetter(items(high), items(low))).toBe(true);
    expect(isClearlyBetter(items(low), items(high))).toBe(false);
    expect(isClearlyBetter(items(low), items(low))).toBe(false);
    expect(isClearlyBetter(items(mixed), items(low))).toBe(false);
    expect(isClearlyBetter(items(high, 2), items(low, 2))).toBe(false);
    expect(isClearlyBetter(items(high), items(low).slice(0, 7))).toBe(false);
  });

  it('needs two groups: one to learn from, one to judge by', () => {
    const { campaigns } = world(4);

    expect(canTrain(campaigns)).toBe(true);
    expect(canTrain(campaigns.map((campaign) => ({ ...campaign, group: 'one' })))).toBe(false);
    expect(canTrain([])).toBe(false);
  });
});

/**
 * Points whose first two directions tell who is alike, `strength` strong; the others are noise, and all have much in common.
 * Each campaign likes one direction of the first two.
 */
function world(count: number, strength = 1): { campaigns: PseudoCampaign[]; population: Float32Array } {
  const random = seededRandom(21);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const N = 1_200;
  const population = Float32Array.from({ length: N * D }, (_, at) => (at % D === D - 1 ? 2 : 0) + normal());
  for (let n = 0; n < N; n++) {
    const length = Math.hypot(...population.subarray(n * D, n * D + D));
    for (let d = 0; d < D; d++) population[n * D + d] /= length;
  }
  const campaigns = Array.from({ length: count }, (_, c) => {
    const angle = (2 * Math.PI * c) / count;
    const towards = (n: number) => Math.cos(angle) * population[n * D] + Math.sin(angle) * population[n * D + 1];
    const isLike = Array.from({ length: N }, (_, n) => strength * towards(n) + 0.05 * normal() > 0.25 * strength);
    const rows = (wanted: boolean) => Uint32Array.from(isLike.keys()).filter((n) => isLike[n] === wanted);
    // So few that their mean leans towards noise as well.
    const group = `item ${c}`;
    return {
      item: group,
      group,
      likes: { points: population, rows: rows(true).slice(0, 40) },
      others: { points: population, rows: rows(false) },
    };
  });
  return { campaigns, population };
}
