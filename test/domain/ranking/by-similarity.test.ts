import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type User, userAt } from '#domain/features/shard.ts';
import { byMeanCosine } from '#domain/ranking/by-mean-cosine.ts';
import { bySimilarity } from '#domain/ranking/by-similarity.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles, rolesOf } from '#domain/ranking/ranker.ts';
import { anyPopulation, naiveScore, shardOf, shardsOf } from '../populations.ts';

describe('ranking by similarity', () => {
  it('explains a maximum by the one seed that is most alike', () => {
    const shard = shardOf([
      { id: 's1', features: ['a', 'b', 'c'] },
      { id: 's2', features: ['d'] },
      { id: 'u1', features: ['a', 'b', 'd', 'e'] },
    ]);
    const ranker = bySimilarity('jaccard', 'max');

    const model = fitRanker(ranker, [shard], [assignRoles(shard, new Set(['s1', 's2']), new Set())]);

    // Two in five in common with s1, one in four with s2.
    expect([...ranker.score(model, shard, Uint32Array.of(2))]).toEqual([Math.fround(2 / 5)]);
    expect(ranker.explain(model, shard, 2)).toEqual([
      { feature: 'a', amount: 0.2 },
      { feature: 'b', amount: 0.2 },
    ]);
  });

  it('needs no pairs for the mean cosine', () => {
    expect(bySimilarity('cosine', 'mean')).toBe(byMeanCosine);
  });

  it('keeps equal seeds once, wherever they stand, counted, and only what seeds have', () => {
    const seeds = Array.from({ length: 30 }, (_, s) => ({ id: `s${s}`, features: s % 3 === 0 ? ['a', 'b'] : ['b'] }));
    const shards = shardsOf([...seeds, { id: 'u1', features: ['c', 'b'] }], 4);
    const ids = new Set(seeds.map(({ id }) => id));

    const ranker = bySimilarity('cosine', 'max');
    const evidence = shards.map((shard) => ranker.gather(shard, assignRoles(shard, ids, new Set())));

    for (const part of evidence) expect(part).toMatchObject({ features: ['a', 'b'], counts: { length: 2 } });
    expect(ranker.fit(evidence)).toMatchObject({ features: ['a', 'b'], counts: Uint32Array.of(10, 20) });
  });

  it('keeps the seeds in an order that no cut into shards changes', () => {
    const names = ['a', 'b', 'c'];
    const seeds = Array.from({ length: 60 }, (_, s): User => {
      const features = names.slice(0, s % 4);
      return { id: `s${s}`, features, weights: features.map((_, at) => 2 + ((s >> at) % 3)) };
    });
    const modelOf = (count: number) => {
      const shards = shardsOf(seeds, count);
      const roles = shards.map(({ ids }) => rolesOf(Uint32Array.from(ids.keys()), new Uint32Array(0)));
      return fitRanker(bySimilarity('jaccard', 'mean'), shards, roles);
    };

    expect(modelOf(2)).toEqual(modelOf(1));
    expect(modelOf(5)).toEqual(modelOf(1));
  });

  describe.each([
    { measure: 'cosine', aggregate: 'max' },
    { measure: 'cosine', aggregate: 'probabilistic' },
    { measure: 'jaccard', aggregate: 'mean' },
    { measure: 'jaccard', aggregate: 'max' },
    { measure: 'jaccard', aggregate: 'probabilistic' },
  ] as const)('of $measure by $aggregate', ({ measure, aggregate }) => {
    test.prop([anyPopulation])('gives what all pairs give, over several shards', ({ users, seeds, excluded }) => {
      const shards = shardsOf(users, 3);
      const roles = shards.map((shard) => assignRoles(shard, seeds, excluded));
      const ranker = bySimilarity(measure, aggregate);

      const model = fitRanker(ranker, shards, roles);

      const seedUsers = users.filter(({ id }) => seeds.has(id));
      for (const [s, shard] of shards.entries()) {
        const scores = ranker.score(model, shard, roles[s].candidates);
        scores.forEach((score, n) => {
          const expected = naiveScore(measure, aggregate, userAt(shard, roles[s].candidates[n]), seedUsers);
          expect(Math.abs(score - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, expected));
        });
      }
    });
  });
});
