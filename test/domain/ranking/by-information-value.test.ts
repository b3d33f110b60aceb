import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type User, userAt } from '#domain/features/shard.ts';
import { type Background, byInformationValue, mergeCounts } from '#domain/ranking/by-information-value.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import type { PositiveFilter } from '#domain/scoring/information-value.ts';
import { anyPopulation, shardOf, shardsOf, weightsByFeature } from '../populations.ts';

/** Four seeds and nine others. Seeds: a 3 of 4, b 1 of 4, c 3 of 4. Others: a 1 of 9, c all, d 5 of 9. */
const people = shardOf([
  { id: 's1', features: ['a', 'b', 'c'] },
  { id: 's2', features: ['a', 'c'] },
  { id: 's3', features: ['a', 'c'] },
  { id: 's4', features: [] },
  { id: 'u1', features: ['a', 'c', 'd'] },
  ...[2, 3, 4, 5].map((u) => ({ id: `u${u}`, features: ['c', 'd'] })),
  ...[6, 7, 8, 9].map((u) => ({ id: `u${u}`, features: ['c'] })),
]);
const roles = assignRoles(people, new Set(['s1', 's2', 's3', 's4']), new Set());

/** p = .7, q = .15 of a and p = .3, q = .05 of b, smoothed. */
const [A, B] = [0.55 * Math.log(119 / 9), 0.25 * Math.log(0.285 / 0.035)];

describe('ranking by information value', () => {
  it.each<{ filter: PositiveFilter; values: number[] }>([
    { filter: 'positive', values: [A, B, 0, 0] },
    { filter: 'half', values: [A, 0, 0, 0] },
  ])('values features as a hand computes, by the filter $filter', ({ filter, values }) => {
    const model = fitRanker(byInformationValue(filter), [people], [roles]);

    expect(model.features).toEqual(['a', 'b', 'c', 'd']);
    expect([...model.values]).toEqual(values.map((value) => expect.closeTo(value, 12)));
  });

  it('adds up the values of what a user has, and says so', () => {
    const ranker = byInformationValue('positive');
    const model = fitRanker(ranker, [people], [roles]);

    const scores = ranker.score(model, people, Uint32Array.of(0, 4, 5));

    expect([...scores]).toEqual([expect.closeTo(A + B, 6), expect.closeTo(A, 6), 0]);
    expect(ranker.explain(model, people, 0)).toEqual([
      { feature: 'a', amount: expect.closeTo(A, 12) },
      { feature: 'b', amount: expect.closeTo(B, 12) },
    ]);
    expect(ranker.explain(model, people, 5)).toEqual([]);
  });

  it('never values a feature that no seed has, however rare it is', () => {
    const users: User[] = Array.from({ length: 40 }, (_, u) => ({ id: `u${u}`, features: u === 39 ? ['rare'] : [] }));
    const shard = shardOf([{ id: 's', features: ['x'] }, ...users]);

    const model = fitRanker(byInformationValue('positive'), [shard], [assignRoles(shard, new Set(['s']), new Set())]);

    expect(model.features[0]).toBe('rare');
    expect(model.values[0]).toBe(0);
  });

  it.each<{ background: Background; others: string[] }>([
    { background: 'population', others: ['u1', 'u2', 'u3'] },
    { background: 'candidates', others: ['u2', 'u3'] },
    { background: 'exposed', others: ['u3'] },
  ])('compares seeds with the $background', ({ background, others }) => {
    const shard = shardOf([
      { id: 's', features: ['a', 'b', 'c'] },
      { id: 'u1', features: ['a'] },
      { id: 'u2', features: ['b'] },
      { id: 'u3', features: ['c'] },
    ]);
    const all = assignRoles(shard, new Set(['s']), new Set(), { exposed: new Set(['u3']) });

    const counts = byInformationValue('positive', background).gather(shard, {
      ...all,
      candidates: Uint32Array.of(2, 3),
    });

    expect(counts.otherCount).toBe(others.length);
    expect([...counts.othersWith.values]).toEqual(['u1', 'u2', 'u3'].map((id) => (others.includes(id) ? 1 : 0)));
    expect([...counts.seedsWith.values]).toEqual([1, 1, 1]);
  });

  test.prop([anyPopulation, fc.constantFrom<PositiveFilter>('positive', 'half'), fc.integer({ min: 1, max: 3 })])(
    'gives what counting by hand gives',
    ({ users, seeds, excluded }, filter, shardCount) => {
      const shards = shardsOf(users, shardCount);
      const ranker = byInformationValue(filter);

      const model = fitRanker(
        ranker,
        shards,
        shards.map((shard) => assignRoles(shard, seeds, excluded)),
      );

      const [liked, others] = [
        users.filter(({ id }) => seeds.has(id)),
        users.filter(({ id }) => !seeds.has(id) && !excluded.has(id)),
      ];
      for (const shard of shards) {
        const scores = ranker.score(model, shard, Uint32Array.from(shard.ids.keys()));
        scores.forEach((score, row) => {
          const amounts = [...weightsByFeature(userAt(shard, row))].map(
            ([name, weight]) => weight * naiveValue(name, liked, others, filter),
          );
          const sum = amounts.reduce((total, amount) => total + amount, 0);
          expect(Math.abs(score - sum)).toBeLessThanOrEqual(1e-6 * sum);
        });
      }
    },
  );

  test.prop([anyPopulation])('counts the same from any cut into shards', ({ users, seeds, excluded }) => {
    const ranker = byInformationValue('positive');
    const evidenceOf = (count: number) =>
      shardsOf(users, count).map((shard) => ranker.gather(shard, assignRoles(shard, seeds, excluded)));

    expect(mergeCounts(evidenceOf(4))).toEqual(mergeCounts(evidenceOf(1)));
  });
});

function naiveValue(name: string, seeds: readonly User[], others: readonly User[], filter: PositiveFilter): number {
  const withIt = (users: readonly User[]) => users.filter((user) => weightsByFeature(user).has(name)).length;
  const share = (users: readonly User[]) => (users.length === 0 ? 0 : withIt(users) / users.length);
  const smoothed = (users: readonly User[]) => (withIt(users) + 0.5) / (users.length + 1);
  if (share(seeds) <= share(others) || (filter === 'half' && share(seeds) <= 0.5)) return 0;
  const [p, q] = [smoothed(seeds), smoothed(others)];
  return (p - q) * (Math.log(p / (1 - p)) - Math.log(q / (1 - q)));
}
