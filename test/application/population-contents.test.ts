import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ContentsCount, type PopulationContents } from '#application/population-contents.ts';
import { fieldOf, type User } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';

function counted(users: readonly User[], shardUsers: number): PopulationContents {
  const builder = new ShardBuilder();
  for (const user of users) builder.add(user);
  const count = new ContentsCount();
  for (const shard of builder.build(shardUsers)) count.add(shard);
  return count.contents();
}

const anyUsers = fc
  .uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 3 }),
      features: fc.uniqueArray(fc.stringMatching(/^[abc](?::[xyz]){0,2}$/), { maxLength: 6 }),
      isWeighted: fc.boolean(),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 30 },
  )
  .map((users) =>
    users.map(
      ({ id, features, isWeighted }): User =>
        isWeighted ? { id, features, weights: features.map(() => 2) } : { id, features },
    ),
  );

describe('contents of a population', () => {
  it('are users without features, features of users, weights, and fields, the largest first', () => {
    const users = [
      { id: 'u1', features: ['age:5', 'age:6', 'city:x'] },
      { id: 'u2', features: ['age:5', 'alone'], weights: [1, 2] },
      { id: 'u3', features: [] },
    ];

    expect(counted(users, 10)).toEqual({
      usersWithoutFeatures: 1,
      entries: 5,
      weighted: true,
      fieldCount: 3,
      fields: [
        { field: 'age', features: 2 },
        { field: 'alone', features: 1 },
        { field: 'city', features: 1 },
      ],
    });
  });

  it.each([
    [100, 100],
    [101, 100],
  ])('name of %d fields %d', (fields, listed) => {
    const features = Array.from({ length: fields }, (_, f) => `f${f}`);
    const contents = counted([{ id: 'u1', features: ['last:1', 'last:2', ...features.slice(1)] }], 10);

    expect([contents.fieldCount, contents.fields.length]).toEqual([fields, listed]);
    expect(contents.fields[0]).toEqual({ field: 'last', features: 2 });
  });

  test.prop([anyUsers, fc.integer({ min: 1, max: 30 })])(
    'are what a slow count of the users comes to, however they are cut into shards',
    (users, shardUsers) => {
      const all = new Set(users.flatMap(({ features }) => features));
      const names = [...new Set([...all].map(fieldOf))];
      const { fields, ...counts } = counted(users, shardUsers);

      expect(counts).toEqual({
        usersWithoutFeatures: users.filter(({ features }) => features.length === 0).length,
        entries: users.flatMap(({ features }) => features).length,
        weighted: users.some(({ weights = [] }) => weights.length > 0),
        fieldCount: names.length,
      });
      expect(Object.fromEntries(fields.map(({ field, features }) => [field, features]))).toEqual(
        Object.fromEntries(names.map((name) => [name, [...all].filter((each) => fieldOf(each) === name).length])),
      );
    },
  );
});
