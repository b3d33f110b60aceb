import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { assignRoles, contributionsOf, rolesOf } from '#domain/ranking/ranker.ts';
import { anyPopulation, shardOf } from '../populations.ts';

const people = shardOf(['u1', 'u2', 'u3', 'u4'].map((id) => ({ id, features: ['a', 'b', 'c'] })));

describe('roles', () => {
  it('are seed, candidate or neither, and a seed is one even where it is excluded', () => {
    const roles = assignRoles(people, new Set(['u4', 'u2', 'u9']), new Set(['u1', 'u2']));

    expect(roles).toEqual(rolesOf(Uint32Array.of(1, 3), Uint32Array.of(2)));
  });

  it('say of people of whom no more is known that all others are ranked and learned from', () => {
    const [seeds, others, nobody] = [Uint32Array.of(1), Uint32Array.of(0, 2), new Uint32Array(0)];

    expect(rolesOf(seeds, others)).toEqual({
      seeds,
      background: others,
      candidates: others,
      exposed: nobody,
      unlike: nobody,
      learnedShare: 1,
    });
  });

  it('leave people not to resemble out of those whom seeds are compared with, and pass on what share is learned from', () => {
    const learnedShare = 0.1;

    const roles = assignRoles(people, new Set(['u1']), new Set(['u2']), {
      unlike: new Set(['u1', 'u2', 'u3']),
      learnedShare,
    });

    expect(roles).toEqual({
      ...rolesOf(Uint32Array.of(0), Uint32Array.of(3)),
      unlike: Uint32Array.of(1, 2),
      learnedShare,
    });
  });

  test.prop([anyPopulation, fc.array(fc.nat(199)), fc.array(fc.nat(199))])(
    'know the exposed among the others, and nobody as two things at once',
    ({ users, seeds, excluded }, shown, avoided) => {
      const shard = shardOf(users);
      const [exposed, unlike] = [shown, avoided].map((numbers) => new Set(numbers.map((number) => `u${number}`)));

      const roles = assignRoles(shard, seeds, excluded, { exposed, unlike });

      const idsOf = (rows: Uint32Array) => Array.from(rows, (row) => shard.ids[row]);
      const isOther = (id: string) => !seeds.has(id) && !excluded.has(id) && !unlike.has(id);
      expect(idsOf(roles.background)).toEqual(shard.ids.filter(isOther));
      expect(idsOf(roles.exposed)).toEqual(shard.ids.filter((id) => isOther(id) && exposed.has(id)));
      expect(idsOf(roles.unlike)).toEqual(shard.ids.filter((id) => !seeds.has(id) && unlike.has(id)));
    },
  );

  test.prop([anyPopulation])('let everybody rank who is neither seed nor excluded', ({ users, seeds, excluded }) => {
    const shard = shardOf(users);

    const roles = assignRoles(shard, seeds, excluded);

    const idsOf = (rows: Uint32Array) => Array.from(rows, (row) => shard.ids[row]);
    expect(idsOf(roles.seeds)).toEqual([...seeds].sort());
    expect(idsOf(roles.candidates)).toEqual(shard.ids.filter((id) => !seeds.has(id) && !excluded.has(id)));
  });
});

describe('contributions', () => {
  it('stand by amount, the largest first, equal ones by name, without those that add nothing', () => {
    const pairs = [
      [2, 0.5],
      [1, 0],
      [0, 0.5],
      [1, 3],
    ] as const;

    expect(contributionsOf(people, pairs)).toEqual([
      { feature: 'b', amount: 3 },
      { feature: 'a', amount: 0.5 },
      { feature: 'c', amount: 0.5 },
    ]);
  });

  test.prop([fc.array(fc.tuple(fc.nat(2), fc.integer({ min: -3, max: 3 })))])('lose no amount', (pairs) => {
    const sum = contributionsOf(people, pairs).reduce((total, { amount }) => total + amount, 0);

    expect(sum).toBe(pairs.reduce((total, [, amount]) => total + amount, 0));
  });
});
