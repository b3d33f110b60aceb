import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { GrowingRows } from '#domain/features/growing-rows.ts';
import { joinRows } from '#domain/features/join-rows.ts';
import { type User, type UserRows, userAt } from '#domain/features/shard.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { anyUsers } from '../populations.ts';
import { asInRows, usersOfRows } from '../rows-of-users.ts';

function tableOf(users: readonly User[]): UserRows {
  const rows = new GrowingRows();
  for (const user of users) rows.add(user);
  return rows;
}

/** The user with features, and weights along with them, in the order of their names. */
function byName({ id, features, weights }: User): User {
  const order = [...features.keys()].sort((left, right) => compareTexts(features[left], features[right]));
  const sorted = { id, features: order.map((at) => features[at]) };
  return weights ? { ...sorted, weights: order.map((at) => weights[at]) } : sorted;
}

describe('joined rows', () => {
  it('have the columns of all tables by name, and none that nobody has', () => {
    const tables = [tableOf([{ id: 'u1', features: ['c', 'a'] }]), tableOf([{ id: 'u2', features: ['b', 'c', 'x'] }])];
    const [{ ids, features, rows }] = [tables[1]];
    const withoutX = { ids, features, rows: { ...rows, offsets: Uint32Array.of(0, 2) } };

    expect(joinRows([tables[0], withoutX], { tables: Uint32Array.of(1, 0), rows: Uint32Array.of(0, 0) })).toEqual({
      features: ['a', 'b', 'c'],
      rows: {
        columnCount: 3,
        offsets: Uint32Array.of(0, 2, 4),
        columns: Uint32Array.of(1, 2, 0, 2),
        weights: undefined,
      },
    });
  });

  test.prop([fc.array(anyUsers, { minLength: 1, maxLength: 4 }), fc.nat()])(
    'are the rows that are asked for, in that order, each sorted by name',
    (groups, start) => {
      const tables = groups.map(tableOf);
      const all = groups.flatMap((users, t) => users.map((user, row) => ({ user, t, row })));
      const asked = [...all.slice(start % all.length), ...all.slice(0, start % all.length)];

      const joined = joinRows(tables, {
        tables: Uint32Array.from(asked, ({ t }) => t),
        rows: Uint32Array.from(asked, ({ row }) => row),
      });

      const users = usersOfRows([{ ids: asked.map(({ user }) => user.id), ...joined }]);
      expect(users).toEqual(asked.map(({ user }) => byName(asInRows(user))));
      expect(joined.features).toEqual([...new Set(users.flatMap(({ features }) => features))].sort());
    },
  );

  it('are sorted whatever their number, some at a time', () => {
    const users = Array.from({ length: 9_000 }, (_, u): User => {
      const features = Array.from({ length: 30 }, (_, n) => `f${(u * 7 + n * 31) % 997}`);
      return { id: `u${u}`, features: [...new Set(features)] };
    });
    const table = tableOf(users);

    const joined = joinRows([table], {
      tables: new Uint32Array(users.length),
      rows: Uint32Array.from(users.keys()),
    });

    const shard = { ids: table.ids, ...joined };
    for (const u of [0, 1, 4_368, 4_369, 4_370, 8_999]) expect(userAt(shard, u)).toEqual(byName(users[u]));
    expect(joined.rows.columns).toHaveLength(table.rows.columns.length);
  });
});
