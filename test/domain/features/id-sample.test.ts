import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { sampleUsers } from '#domain/features/id-sample.ts';
import { type Shard, userAt } from '#domain/features/shard.ts';
import { hashText } from '#domain/random.ts';
import { anyUsers, shardOf, shardsOf } from '../populations.ts';

const wholly = (shards: readonly Shard[]) =>
  shards.map((shard) => ({ shard, rows: Uint32Array.from(shard.ids.keys()) }));

describe('a sample of users', () => {
  test.prop([anyUsers, fc.nat(16), fc.nat(9)])('is of those whose ids hash lowest', (users, limit, seed) => {
    const sample = sampleUsers(wholly([shardOf(users)]), limit, seed);

    const lowest = users.toSorted((left, right) => hashText(left.id, seed) - hashText(right.id, seed)).slice(0, limit);
    expect(sample).toEqual(shardOf(lowest));
  });

  test.prop([anyUsers, fc.nat(16), fc.integer({ min: 1, max: 5 })])(
    'is the same for any cut into shards, in any order, and of samples',
    (users, limit, count) => {
      const sample = sampleUsers(wholly([shardOf(users)]), limit, 1);

      const shards = shardsOf(users, count);
      const parts = shards.map((shard) => sampleUsers(wholly([shard]), limit, 1));
      expect(sampleUsers(wholly(shards.toReversed()), limit, 1)).toEqual(sample);
      expect(sampleUsers(wholly(parts), limit, 1)).toEqual(sample);
    },
  );

  it('is drawn from the given rows alone, each with what the user has', () => {
    const shard = shardOf([
      { id: 'u1', features: ['x'] },
      { id: 'u2', features: ['y', 'z'], weights: [2, 3] },
      { id: 'u3', features: [] },
    ]);

    const sample = sampleUsers([{ shard, rows: Uint32Array.of(1, 2) }], 9, 1);

    expect(sample.features).toEqual(['y', 'z']);
    expect([0, 1].map((row) => userAt(sample, row))).toEqual([
      { id: 'u2', features: ['y', 'z'], weights: [2, 3] },
      { id: 'u3', features: [], weights: [] },
    ]);
  });

  it('is another one for another seed', () => {
    const all = wholly([shardOf(Array.from({ length: 100 }, (_, n) => ({ id: `u${n}`, features: ['x'] })))]);

    expect(sampleUsers(all, 10, 1).ids).not.toEqual(sampleUsers(all, 10, 2).ids);
  });

  it('of nobody is nobody', () => {
    expect(sampleUsers([], 10, 1).ids).toEqual([]);
  });
});
