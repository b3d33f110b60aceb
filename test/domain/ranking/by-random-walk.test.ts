import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { byRandomWalk, type Rounds, walkWeights } from '#domain/ranking/by-random-walk.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { rarityOf, scaleRows } from '#domain/scoring/linear-model.ts';
import { crowdOf, shardOf, trainingSetFor } from '../populations.ts';

/** A chain: u1 shares a with the seed, u2 shares b with u1 and nothing with the seed, u3 nothing with either. */
const chain = shardOf([
  { id: 's', features: ['a'] },
  { id: 'u1', features: ['a', 'b'] },
  { id: 'u2', features: ['b'] },
  { id: 'u3', features: ['c'] },
]);

describe('ranking by random walk', () => {
  // Half a user is u1 in each of a and b by length: the share of mass in a is 1 / (1 + 1 + √½), with one user of none.
  it('values in one round what seeds have, by the share of seeds among those who have it', () => {
    const [s, u1, u2, u3] = scoresBy(1);

    const a = 1 / (2 + Math.SQRT1_2);
    expect(s).toBeCloseTo(a, 6);
    expect(u1).toBeCloseTo(a * Math.SQRT1_2, 6);
    expect([u2, u3]).toEqual([0, 0]);
  });

  it('reaches in two rounds those who share nothing with a seed, but something with who does', () => {
    const [s, u1, u2, u3] = scoresBy(2);

    const [a, scale] = [1 / (2 + Math.SQRT1_2), 2 + Math.SQRT1_2];
    expect(s).toBeCloseTo((a + Math.SQRT1_2 * a * Math.SQRT1_2) / scale, 6);
    expect(u2).toBeCloseTo((Math.SQRT1_2 * a * Math.SQRT1_2) / scale, 6);
    expect(u1).toBeGreaterThan(u2);
    expect(u3).toBe(0);
  });

  test.prop([fc.nat(99), fc.constantFrom<Rounds>(1, 2)])(
    'walks in proportion to the mass it begins with',
    (seed, rounds) => {
      const set = trainingSetFor(crowdOf(10, 60, seed));
      const rows = scaleRows(set.shard.rows, 'unit', rarityOf(set.shard));

      const weights = walkWeights(rows, set.isSeed, rounds);
      const doubled = walkWeights(
        rows,
        set.isSeed.map((one) => 2 * one),
        rounds,
      );

      expect(doubled).toEqual(weights.map((weight) => 2 * weight));
      expect(weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
    },
  );
});

function scoresBy(rounds: Rounds): number[] {
  const ranker = byRandomWalk(rounds);
  const model = fitRanker(ranker, [chain], [assignRoles(chain, new Set(['s']), new Set())]);
  return [...ranker.score(model, chain, Uint32Array.of(0, 1, 2, 3))];
}
