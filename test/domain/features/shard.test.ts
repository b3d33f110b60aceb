import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { dropFeatures, fieldOf, userAt, userCountOf, withoutWeights } from '#domain/features/shard.ts';
import { anyUsers, shardOf, shardsOf, weightsByFeature } from '../populations.ts';

const people = shardOf([
  { id: 'u2', features: ['job', 'area:7'], weights: [3, 0.5] },
  { id: 'u1', features: ['area:7', 'area:8'] },
]);

describe('shard', () => {
  it('gives a user back, features in the order of their names', () => {
    expect(userAt(people, 0)).toEqual({ id: 'u1', features: ['area:7', 'area:8'], weights: [1, 1] });
    expect(userAt(people, 1)).toEqual({ id: 'u2', features: ['area:7', 'job'], weights: [0.5, 3] });
  });

  it('drops a feature from everybody, its column and its weights included', () => {
    const dropped = dropFeatures(people, new Set(['area:7', 'unheard:of']));

    expect(dropped.features).toEqual(['area:8', 'job']);
    expect(dropped.rows.columnCount).toBe(2);
    expect([userAt(dropped, 0), userAt(dropped, 1)]).toEqual([
      { id: 'u1', features: ['area:8'], weights: [1] },
      { id: 'u2', features: ['job'], weights: [3] },
    ]);
  });

  it('is left as it is by the drop of features that nobody has', () => {
    expect(dropFeatures(people, new Set(['area:9']))).toBe(people);
  });

  test.prop([anyUsers, fc.subarray(['age:18', 'area:7', 'job', '🎷'])])(
    'drops features as if nobody had ever had them',
    (users, names) => {
      const dropped = dropFeatures(shardOf(users), new Set(names));

      const never = users.map(({ id, features, weights }) => {
        const kept = features.flatMap((feature, at) => (names.includes(feature) ? [] : at));
        return { id, features: kept.map((at) => features[at]), weights: kept.map((at) => weights?.[at] ?? 1) };
      });
      const expected = shardOf(never);
      expect(dropped.features).toEqual(expected.features);
      expect(dropped.ids.map((_, u) => weightsByFeature(userAt(dropped, u)))).toEqual(
        expected.ids.map((_, u) => weightsByFeature(userAt(expected, u))),
      );
    },
  );

  test.prop([anyUsers])('without weights has the same features, each counting 1', (users) => {
    const shard = shardOf(users);

    const plain = withoutWeights(shard);

    expect(plain.rows.weights).toBeUndefined();
    expect(plain.ids.map((_, u) => userAt(plain, u).features)).toEqual(
      shard.ids.map((_, u) => userAt(shard, u).features),
    );
  });

  test.prop([anyUsers, fc.integer({ min: 1, max: 5 })])('counts the users of all shards', (users, count) => {
    expect(userCountOf(shardsOf(users, count))).toBe(users.length);
  });
});

describe('field of a feature', () => {
  it.each([
    ['age:25-34', 'age'],
    ['url:https://x', 'url'],
    ['newsletter', 'newsletter'],
    [':7', ''],
  ])('%j belongs to the field %j', (feature, field) => {
    expect(fieldOf(feature)).toBe(field);
  });
});
