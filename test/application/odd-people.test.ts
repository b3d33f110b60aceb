/** People and seeds as nobody would wish them: each ranker gives a whole list of finite scores, and a report that can be written. */
import { expect, it } from 'vitest';
import type { User } from '#domain/features/shard.ts';
import { RANKERS } from '#domain/ranking/rankers.ts';
import { expansionOf, groupedPeople, groupIds, idList, populationOf, requestFor } from './people.ts';

const people = groupedPeople(400);
const seeds = groupIds(40);
const isSeed = (n: number) => n % 4 === 0 && n < 160;

function weighted(weightOf: (n: number) => number): User[] {
  return people.map(({ id, features }, n) => ({ id, features, weights: features.map(() => weightOf(n)) }));
}

const CASES: readonly (readonly [string, readonly User[], readonly string[]])[] = [
  [
    'seeds who are all the same',
    people.map((user, n) => (isSeed(n) ? { id: user.id, features: ['a', 'b'] } : user)),
    seeds,
  ],
  ['people who are all the same', people.map(({ id }) => ({ id, features: ['a', 'b'] })), seeds],
  ['one feature only', people.map(({ id }, n) => ({ id, features: n % 3 === 0 ? ['a'] : [] })), seeds],
  ['no features at all', people.map(({ id }) => ({ id, features: [] })), seeds],
  [
    'a feature that all seeds and nobody else has',
    people.map(({ id, features }, n) => ({ id, features: isSeed(n) ? [...features, 'seed'] : features })),
    seeds,
  ],
  ['nothing but such a feature', people.map(({ id }, n) => ({ id, features: isSeed(n) ? ['seed'] : [] })), seeds],
  ['everybody but one a seed', people, people.slice(1).map(({ id }) => id)],
  ['the heaviest weights that the door lets in', weighted(() => 1e15), seeds],
  ['the heaviest beside the lightest', weighted((n) => (n % 7 === 0 ? 1e15 : 1e-38)), seeds],
  ['weights of zero', weighted(() => 0), seeds],
];

it.each(CASES)('%s', async (_, users, ids) => {
  const population = await populationOf(users, 90);

  for (const { name: ranker } of RANKERS) {
    const { members, report } = await expansionOf(
      population,
      requestFor({ ranker, seeds: idList(ids), baseRate: 0.1 }),
    );

    expect([ranker, members.length]).toEqual([ranker, 400 - ids.length]);
    expect(members.filter(({ score }) => !Number.isFinite(score))).toEqual([]);
    expect(JSON.stringify(report)).not.toContain('null');
    for (const { contributions, score } of report.firstMembers) {
      const sum = contributions.reduce((total, { amount }) => total + amount, 0);
      expect(Math.abs(sum - score)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(score)));
    }
  }
});

it('everybody a seed is refused, whatever the ranker', async () => {
  const population = await populationOf(people, 90);
  const everybody = idList(people.map(({ id }) => id));

  for (const { name: ranker } of RANKERS) {
    await expect(expansionOf(population, requestFor({ ranker, seeds: everybody }))).rejects.toThrow(
      'expected users to rank, but all are seeds or excluded',
    );
  }
});
