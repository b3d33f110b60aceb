import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { assignRoles, contributionsOf, rolesOf } from '#domain/ranking/ranker.ts';
import { anyPopulation, shardOf } from '../populations.ts';

const people = shardOf(['u1', 'u2', 'u3', 'u4'].map((id) => ({ id, features: ['a', 'b', 'c'] })));

describe('roles', () => {
  it('are seed, candidate or neither, and a seed is one even where it is excluded', () => {
    const roles = assignRoles(people, new Set(['u4', 'u2', 'u9']), new Set(['u1', 'u2']));

    const others = Uint32Array.of(2);
    expect(roles).toEqual(rolesOf(Uint32Array.of(1, 3), others));
  });

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
