import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { userAt } from '#domain/features/shard.ts';
import { byMeanCosine } from '#domain/ranking/by-mean-cosine.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { anyPopulation, naiveScore, shardOf, shardsOf } from '../populations.ts';

describe('ranking by mean cosine', () => {
  it('compares with the seeds one by one, and takes the mean', () => {
    const shard = shardOf([
      { id: 's1', features: ['x', 'y'] },
      { id: 's2', features: ['z'], weights: [7] },
      { id: 'u1', features: ['x', 'z'], weights: [3, 4] },
      { id: 'u2', features: [] },
    ]);
    const roles = assignRoles(shard, new Set(['s1', 's2']), new Set());

    const model = fitRanker(byMeanCosine, [shard], [roles]);

    // To s1 it is 3/(5·√2), to s2 4/5.
    const [first, second] = byMeanCosine.score(model, shard, roles.candidates);
    expect(first).toBeCloseTo((3 / (5 * Math.SQRT2) + 4 / 5) / 2, 7);
    expect(second).toBe(0);
    expect(byMeanCosine.explain(model, shard, 2)).toEqual([
      { feature: 'z', amount: expect.closeTo(0.4, 7) },
      { feature: 'x', amount: expect.closeTo(0.3 / Math.SQRT2, 7) },
    ]);
    expect(byMeanCosine.explain(model, shard, 3)).toEqual([]);
  });

  test.prop([anyPopulation])(
    'sums the seeds to the same model from any cut into shards',
    ({ users, seeds, excluded }) => {
      const modelOf = (count: number) => {
        const shards = shardsOf(users, count);
        return fitRanker(
          byMeanCosine,
          shards,
          shards.map((shard) => assignRoles(shard, seeds, excluded)),
        );
      };

      expect(modelOf(5)).toEqual(modelOf(1));
    },
  );

  test.prop([anyPopulation])('gives what the mean over all pairs gives', ({ users, seeds, excluded }) => {
    const shards = shardsOf(users, 2);
    const roles = shards.map((shard) => assignRoles(shard, seeds, excluded));

    const model = fitRanker(byMeanCosine, shards, roles);

    const seedUsers = users.filter(({ id }) => seeds.has(id));
    for (const [s, shard] of shards.entries()) {
      const scores = byMeanCosine.score(model, shard, roles[s].candidates);
      scores.forEach((score, n) => {
        const user = userAt(shard, roles[s].candidates[n]);
        expect(score).toBeCloseTo(naiveScore('cosine', 'mean', user, seedUsers), 6);
      });
    }
  });
});
