import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { GrowingRows } from '#domain/features/growing-rows.ts';
import { userAt } from '#domain/features/shard.ts';
import { anyUsers } from '../populations.ts';
import { asInRows, usersOfRows } from '../rows-of-users.ts';

describe('growing rows', () => {
  it('keep each name that somebody has once, in the order in which they come', () => {
    const rows = new GrowingRows();
    rows.add({ id: 'u2', features: ['b', 'a'] });
    rows.add({ id: 'u1', features: ['a', 'c'], weights: [2, 0] });

    expect([rows.ids, rows.features]).toEqual([
      ['u2', 'u1'],
      ['b', 'a'],
    ]);
    expect(rows.rows).toEqual({
      columnCount: 2,
      offsets: Uint32Array.of(0, 2, 3),
      columns: Uint32Array.of(0, 1, 1),
      weights: Float32Array.of(1, 1, 2),
    });
  });

  test.prop([anyUsers])('give back the users that were added', (users) => {
    const rows = new GrowingRows();
    for (const user of users) rows.add(user);

    expect(usersOfRows([rows])).toEqual(users.map(asInRows));
  });

  it('keep everything while their room grows', () => {
    const rows = new GrowingRows();
    for (let u = 0; u < 3000; u++) rows.add({ id: `u${u}`, features: [`a:${u % 7}`, `b:${u}`], weights: [1, u + 1] });

    expect(rows.rows.offsets).toHaveLength(3001);
    for (const u of [0, 1023, 1024, 2047, 2048, 2999]) {
      expect(userAt(rows, u)).toEqual({ id: `u${u}`, features: [`a:${u % 7}`, `b:${u}`], weights: [1, u + 1] });
    }
  });
});
