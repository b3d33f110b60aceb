import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Shard } from '#domain/features/shard.ts';
import { byEmbedding, pointParts } from '#domain/ranking/by-embedding.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { embeddingOf, hasPoint } from '#domain/ranking/seed-vectors.ts';
import type { Aggregate } from '#domain/scoring/similarity.ts';
import { anyPopulation, embedded, modelOf, type Population, shardOf, shardsOf } from '../populations.ts';

/** Features that are the axes: points are the users' own unit rows. */
const axes = {
  dimensions: 2,
  idf: { features: ['x', 'y'], values: Float64Array.of(1, 1) },
  loadings: Float64Array.of(1, 0, 0, 1),
};
const [plane] = embedded(
  [
    shardOf([
      { id: 's1', features: ['x'] },
      { id: 's2', features: ['x', 'y'], weights: [3, 4] },
      { id: 's3', features: [] },
      { id: 'u1', features: ['x', 'y'], weights: [4, 3] },
      { id: 'u2', features: [] },
      { id: 'u3', features: ['x', 'other'] },
    ]),
  ],
  axes,
);
const planeRoles = assignRoles(plane, new Set(['s1', 's2', 's3']), new Set());

describe('ranking by points', () => {
  // To s1 the cosine of u1 is .8, to s2 .96; of u3 1 and .6. s3 is nowhere, and no seed.
  it.each([
    ['mean', [0.88, 0, 0.8]],
    ['max', [0.96, 0, 1]],
    ['probabilistic', [-Math.log(0.2 * 0.04), 0, -Math.log(1e-6 * 0.4)]],
  ] as const)('by %s is what a hand computes', (aggregate, expected) => {
    const ranker = byEmbedding(aggregate);

    const scores = ranker.score(fitRanker(ranker, [plane], [planeRoles]), plane, planeRoles.candidates);

    scores.forEach((score, n) => {
      expect(score).toBeCloseTo(expected[n], 5);
    });
  });

  it('explains the mean by each feature, and a maximum by the one seed that is most alike', () => {
    const reasonsBy = (aggregate: Aggregate) => {
      const ranker = byEmbedding(aggregate);
      return ranker.explain(fitRanker(ranker, [plane], [planeRoles]), plane, 3);
    };

    // The mean of the seeds is (.8, .4), the nearest seed (.6, .8), the user (.8, .6).
    expect(reasonsBy('mean')).toEqual([
      { feature: 'x', amount: expect.closeTo(0.64, 6) },
      { feature: 'y', amount: expect.closeTo(0.24, 6) },
    ]);
    expect(reasonsBy('max')).toEqual([
      { feature: 'x', amount: expect.closeTo(0.48, 6) },
      { feature: 'y', amount: expect.closeTo(0.48, 6) },
    ]);
  });

  it('finds every seed as certainly in itself, whatever float32 makes of its length', () => {
    const users = Array.from({ length: 200 }, (_, u) => ({ id: `u${u}`, features: ['x', 'y'], weights: [1, 1 + u] }));
    const [shard] = embedded([shardOf(users)], axes);
    const ranker = byEmbedding('probabilistic');

    const scores = users.map(({ id }) => {
      const roles = assignRoles(shard, new Set([id]), new Set());
      return ranker.score(fitRanker(ranker, [shard], [roles]), shard, roles.seeds)[0];
    });

    expect(new Set(scores)).toEqual(new Set([Math.fround(6 * Math.log(10))]));
  });

  it('needs no more than the mean where the mean is asked for', () => {
    expect(fitRanker(byEmbedding('mean'), [plane], [planeRoles]).seeds).toHaveLength(0);
    expect(fitRanker(byEmbedding('max'), [plane], [planeRoles]).seeds).toHaveLength(4);
  });

  describe.each(['mean', 'max', 'probabilistic'] as const)('by %s', (aggregate) => {
    test.prop([anyPopulation])('gives what every pair of points gives', (people) => {
      const { shards, roles } = stageOf(people);
      const ranker = byEmbedding(aggregate);

      const model = fitRanker(ranker, shards, roles);

      const seedPoints = shards
        .flatMap((shard, s) => pointsOf(shard, roles[s].seeds))
        .filter((point) => dot(point, point) > 0);
      for (const shard of shards) {
        const rows = Uint32Array.from(shard.ids.keys());
        const scores = ranker.score(model, shard, rows);
        pointsOf(shard, rows).forEach((point, row) => {
          const expected = naiveScore(aggregate, point, seedPoints);
          expect(Math.abs(scores[row] - expected)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)));
        });
      }
    });

    test.prop([anyPopulation])(
      'explains by features that sum to the score, and nothing for those who lie nowhere',
      (people) => {
        const { shards, roles } = stageOf(people);
        const ranker = byEmbedding(aggregate);
        const model = fitRanker(ranker, shards, roles);

        for (const shard of shards) {
          const scores = ranker.score(model, shard, Uint32Array.from(shard.ids.keys()));
          scores.forEach((score, row) => {
            const reasons = ranker.explain(model, shard, row);
            const sum = reasons.reduce((total, { amount }) => total + amount, 0);
            expect(Math.abs(sum - score)).toBeLessThan(1e-5 * Math.max(1, score));
            if (!hasPoint(embeddingOf(shard), row)) expect(reasons).toEqual([]);
          });
        }
      },
    );
  });

  test.prop([anyPopulation])(
    'takes a point apart into its features: along each axis they sum to its coordinate',
    (people) => {
      const [shard] = stageOf(people).shards;
      const { dimensions: D, vectors } = embeddingOf(shard);

      for (let row = 0; row < shard.ids.length; row++) {
        for (let d = 0; d < D; d++) {
          const parts = pointParts(shard, new Float64Array(D).fill(1, d, d + 1), row);
          expect(parts.reduce((sum, [, amount]) => sum + amount, 0)).toBeCloseTo(vectors[row * D + d], 6);
        }
      }
    },
  );
});

function stageOf({ users, seeds, excluded }: Population) {
  const shards = embedded(shardsOf(users, 2), modelOf(users));
  return { shards, roles: shards.map((shard) => assignRoles(shard, seeds, excluded)) };
}

function pointsOf(shard: Shard, rows: Uint32Array): number[][] {
  const { dimensions: D, vectors } = embeddingOf(shard);
  return Array.from(rows, (row) => [...vectors.subarray(row * D, row * D + D)]);
}

/** One point against all seeds, pair by pair; the probability stands as its −log(1−p), and a certain seed for 1 − 10⁻⁶. */
function naiveScore(aggregate: Aggregate, point: readonly number[], seeds: readonly number[][]): number {
  const cosines = seeds.map((seed) => dot(seed, point));
  if (cosines.length === 0) return 0;
  if (aggregate === 'mean') return cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
  if (aggregate === 'max') return Math.max(0, ...cosines);
  return -cosines.reduce((sum, cosine) => sum + Math.log1p(-Math.min(Math.max(0, cosine), 1 - 1e-6)), 0);
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, x, d) => sum + x * right[d], 0);
}
