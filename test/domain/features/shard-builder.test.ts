import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type User, userAt } from '#domain/features/shard.ts';
import { partCountFor, ShardBuilder } from '#domain/features/shard-builder.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import { hashText } from '#domain/random.ts';
import { anyUser, anyUsers, shardOf, weightsByFeature } from '../populations.ts';

const maxUsers = fc.integer({ min: 1, max: 20 });

describe('shard builder', () => {
  it('puts users and features in the order of their names', () => {
    const shard = shardOf([
      { id: 'u2', features: ['b', 'a'] },
      { id: 'u10', features: [] },
      { id: 'u1', features: ['c', 'a'] },
    ]);

    expect(shard).toEqual({
      ids: ['u1', 'u10', 'u2'],
      features: ['a', 'b', 'c'],
      rows: {
        columnCount: 3,
        offsets: Uint32Array.of(0, 2, 2, 4),
        columns: Uint32Array.of(0, 2, 0, 1),
        weights: undefined,
      },
    });
  });

  it('keeps weights beside their features, 1 for a user who has none', () => {
    const shard = shardOf([
      { id: 'u1', features: ['b', 'a'], weights: [5, 0.5] },
      { id: 'u2', features: ['a'] },
    ]);

    expect(shard.rows.columns).toEqual(Uint32Array.of(0, 1, 0));
    expect(shard.rows.weights).toEqual(Float32Array.of(0.5, 5, 1));
  });

  it('has no weights where all are 1', () => {
    expect(shardOf([{ id: 'u1', features: ['a', 'b'], weights: [1, 1] }]).rows.weights).toBeUndefined();
  });

  it.each([0, 1e-50])('takes a weight of %d, which is 0 as float32, for not having the feature', (weight) => {
    const shard = shardOf([{ id: 'u1', features: ['a', 'b'], weights: [weight, 2] }]);

    expect(shard.features).toEqual(['b']);
    expect(userAt(shard, 0)).toEqual({ id: 'u1', features: ['b'], weights: [2] });
  });

  it('lets the later of two users with one id win, and counts', () => {
    const builder = new ShardBuilder();
    builder.add({ id: 'u1', features: ['old'], weights: [7] });
    builder.add({ id: 'u2', features: ['a'] });
    builder.add({ id: 'u1', features: ['new'] });

    const [shard] = builder.build(10);

    expect([builder.userCount, builder.duplicateCount]).toEqual([2, 1]);
    expect([builder.has('u1'), builder.has('u3')]).toEqual([true, false]);
    expect(shard.features).toEqual(['a', 'new']);
    expect(shard.rows.weights).toBeUndefined();
    expect(userAt(shard, 0).features).toEqual(['new']);
  });

  it('builds one shard of nobody from nobody', () => {
    const shards = new ShardBuilder().build(10);

    expect(shards.map(({ ids, features, rows }) => [ids, features, rowCountOf(rows)])).toEqual([[[], [], 0]]);
  });

  test.prop([anyUsers])('ignores the order of the users and of their features', (users) => {
    const turned = users.toReversed().map(({ id, features, weights }) => ({
      id,
      features: features.toReversed(),
      weights: weights?.toReversed(),
    }));

    expect(shardOf(turned)).toEqual(shardOf(users));
  });

  test.prop([fc.array(anyUser(), { minLength: 1, maxLength: 40 }), maxUsers])(
    'puts every user into exactly one shard, as last given, and no shard over the bound',
    (users, bound) => {
      const builder = new ShardBuilder();
      for (const user of users) builder.add(user);

      const shards = builder.build(bound);

      const last = new Map(users.map((user) => [user.id, user]));
      const built = shards.flatMap((shard) => shard.ids.map((_, u) => userAt(shard, u)));
      expect(built.map(({ id }) => id).sort()).toEqual([...last.keys()].sort());
      expect(built.map(weightsByFeature)).toEqual(built.map(({ id }) => weightsByFeature(last.get(id) ?? built[0])));
      expect(shards.every(({ ids }) => ids.length > 0 && ids.length <= bound)).toBe(true);
      expect([builder.userCount, builder.duplicateCount]).toEqual([last.size, users.length - last.size]);
    },
  );

  test.prop([anyUsers, maxUsers])('gives a shard only the features that its users have', (users, bound) => {
    const builder = new ShardBuilder();
    for (const user of users) builder.add(user);

    for (const shard of builder.build(bound)) {
      const had = new Set(shard.ids.flatMap((_, u) => userAt(shard, u).features));
      expect(shard.features).toEqual([...had].sort());
      expect(shard.rows.columnCount).toBe(had.size);
    }
  });

  test.prop([fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 }), maxUsers])(
    'lets the ids alone decide who goes where',
    (ids, bound) => {
      const bare = new ShardBuilder();
      const rich = new ShardBuilder();
      for (const id of ids) bare.add({ id, features: [] });
      for (const id of ids.toReversed()) rich.add({ id, features: [`of:${id}`] });

      expect(rich.build(bound).map((shard) => shard.ids)).toEqual(bare.build(bound).map((shard) => shard.ids));
    },
  );

  it('cuts by the remainder of the hash of the id', () => {
    const ids = Array.from({ length: 8 }, (_, u) => `u${u}`);
    const builder = new ShardBuilder();
    for (const id of ids) builder.add({ id, features: [] });

    const shards = builder.build(6);

    const odd = ids.filter((id) => hashText(id) % 2 === 1);
    const even = ids.filter((id) => hashText(id) % 2 === 0);
    expect([even.length, odd.length].every((length) => length <= 6)).toBe(true);
    expect(shards.map((shard) => shard.ids)).toEqual([even, odd]);
  });

  it('cuts many users into small shards with few to spare', () => {
    const builder = new ShardBuilder();
    for (let u = 0; u < 20_000; u++) builder.add({ id: `u${u}`, features: [] });

    const shards = builder.build(100);

    expect(Math.max(...shards.map(({ ids }) => ids.length))).toBeLessThanOrEqual(100);
    expect(shards.length).toBe(512);
  });

  test.prop([fc.array(fc.nat(2 ** 32 - 1), { maxLength: 200 }), maxUsers])(
    'cuts into the least power of two that keeps every part within the bound',
    (hashes, bound) => {
      const count = partCountFor(Uint32Array.from(hashes), bound);

      const fullest = (parts: number) =>
        Math.max(
          0,
          ...Map.groupBy(hashes, (hash) => hash % parts)
            .values()
            .map(({ length }) => length),
        );
      expect(Math.log2(count) % 1).toBe(0);
      expect(fullest(count)).toBeLessThanOrEqual(bound);
      if (count > 1) expect(fullest(count / 2)).toBeGreaterThan(bound);
    },
  );

  test.prop([anyUsers, fc.nat(3), fc.nat(3)])(
    'nests: a part of a coarser cut holds whole parts of a finer one',
    (users, coarse, finer) => {
      const builder = new ShardBuilder();
      for (const user of users) builder.add(user);

      const parts = builder.buildParts(2 ** coarse);
      const finest = builder.buildParts(2 ** (coarse + finer));

      for (const [p, part] of parts.entries()) {
        const inside = finest.filter((_, f) => f % parts.length === p).flatMap(({ ids }) => ids);
        expect(part.ids).toEqual(inside.sort());
      }
    },
  );

  it('keeps everything while its room grows, weights that come late included', () => {
    const users = Array.from({ length: 5000 }, (_, u): User => {
      const features = [`a:${u % 7}`, `b:${u % 300}`, `c:${u}`];
      return u < 1000 ? { id: `u${u}`, features } : { id: `u${u}`, features, weights: [1, 2, u] };
    });

    const shard = shardOf(users);

    const byId = new Map(users.map((user) => [user.id, user]));
    expect(shard.ids).toHaveLength(5000);
    for (const [row, id] of shard.ids.entries()) {
      expect(weightsByFeature(userAt(shard, row))).toEqual(weightsByFeature(byId.get(id) ?? users[0]));
    }
  });
});
