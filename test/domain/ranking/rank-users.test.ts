import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { userAt } from '#domain/features/shard.ts';
import { byInformationValue } from '#domain/ranking/by-information-value.ts';
import { bestOf, fitRanker, mergeRankings, rankUsers } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { anyPopulation, type Population, shardOf, shardsOf } from '../populations.ts';

const ranker = byInformationValue('positive');

/** Seeds like a and b: who has both comes first, then the two who have one, by id; f, g and h are equal in having none. */
const people: Population = {
  users: [
    { id: 's1', features: ['a', 'b'] },
    { id: 's2', features: ['a', 'b'] },
    { id: 'h', features: [] },
    { id: 'g', features: ['c'] },
    { id: 'e', features: ['a'] },
    { id: 'd', features: ['b'] },
    { id: 'c', features: ['a', 'b'] },
    { id: 'f', features: ['c'] },
    { id: 'x', features: ['a', 'b'] },
  ],
  seeds: new Set(['s1', 's2']),
  excluded: new Set(['x']),
};

describe('ranking of users', () => {
  it.each([1, 2, 3, 7])('has the best first and equal scores by id, over %i shards', (count) => {
    expect(idsOf(rankedIn(people, count, 99))).toEqual(['c', 'd', 'e', 'f', 'g', 'h']);
    expect(idsOf(rankedIn(people, count, 3))).toEqual(['c', 'd', 'e']);
    expect(rankedIn(people, count, 0)).toEqual([]);
  });

  test.prop([anyPopulation, fc.integer({ min: 1, max: 4 }), fc.nat(20)])(
    'is the head of everybody sorted by score and id, each with the row that he has',
    (population, count, k) => {
      const ranking = rankedIn(population, count, k);

      const [shard] = shardsOf(population.users, 1);
      const roles = assignRoles(shard, population.seeds, population.excluded);
      const scores = ranker.score(fitRanker(ranker, [shard], [roles]), shard, roles.candidates);
      const everybody = Array.from(roles.candidates, (row, n) => ({ id: shard.ids[row], score: scores[n] }));
      everybody.sort((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1));
      expect(ranking.map(({ id, score }) => ({ id, score }))).toEqual(everybody.slice(0, k));
      expect(ranking.map((user) => userAt(user.shard, user.row).id)).toEqual(idsOf(ranking));
    },
  );

  it('takes from a shard the best of the rows asked for', () => {
    const shard = shardOf(people.users);

    const best = bestOf(shard, Uint32Array.of(1, 3, 5), Float32Array.of(0.5, 2, 0.5), 2);

    expect(best).toEqual([
      { id: 'f', score: 2, shard, row: 3 },
      { id: 'd', score: 0.5, shard, row: 1 },
    ]);
  });

  it('merges to nobody where there are no lists', () => {
    expect(mergeRankings([], 5)).toEqual([]);
  });
});

function rankedIn({ users, seeds, excluded }: Population, count: number, k: number) {
  const shards = shardsOf(users, count);
  const roles = shards.map((shard) => assignRoles(shard, seeds, excluded));
  return rankUsers(ranker, fitRanker(ranker, shards, roles), shards, roles, k);
}

function idsOf(ranking: readonly { readonly id: string }[]): string[] {
  return ranking.map(({ id }) => id);
}
