/** What every way of writing a shard must do: give back the same shard, and refuse whatever is none. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { Invalid } from '#application/errors.ts';
import type { ShardFormat } from '#application/ports.ts';
import type { Shard, User } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';

/** Texts as ids and features are: not empty, any Unicode, control characters and byte order marks included. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.constantFrom('\ufeffx', 'x', '\ufeff', '__proto__', '\0', 'a\r\nb', '😀', 'é', 'e\u0301', ' ', '\u2028', '1'),
);
const weight = fc.float({ min: Math.fround(0.001), max: Math.fround(1e15), noNaN: true });

export const anyStoredUser: fc.Arbitrary<User> = fc
  .tuple(text, fc.uniqueArray(text, { maxLength: 6 }), fc.boolean())
  .chain(([id, features, weighted]) =>
    fc
      .array(weight, { minLength: features.length, maxLength: features.length })
      .map((weights) => (weighted ? { id, features, weights } : { id, features })),
  );

const anyShard = fc.array(anyStoredUser, { minLength: 1, maxLength: 12 }).map(shardOf);

export function shardOf(users: readonly User[]): Shard {
  const builder = new ShardBuilder();
  for (const user of users) builder.add(user);
  const [shard] = builder.build(users.length);
  return shard;
}

export function shardFormatContract(formatName: string, format: ShardFormat): void {
  describe(`shard format contract: ${formatName}`, () => {
    test.prop([anyShard], {
      seed: 1,
      examples: [
        [shardOf([{ id: 'alone', features: [] }])],
        [shardOf([{ id: 'alone', features: ['a'] }])],
        [shardOf([{ id: 'alone', features: ['a', 'b'], weights: [2, 1] }])],
        [
          shardOf([
            { id: '\ufeffx', features: ['\ufeffa', 'a'] },
            { id: 'x', features: [] },
          ]),
        ],
      ],
    })('gives back any shard as it was', (shard) => {
      expect(format.decode(format.encode(shard), 'a shard')).toEqual(shard);
    });

    test.prop([anyShard], { seed: 2, numRuns: 20 })('writes the same bytes for the same shard', (shard) => {
      expect(format.encode(shard)).toEqual(format.encode(structuredClone(shard)));
    });

    test.prop([anyShard], { seed: 3, numRuns: 20 })('reads bytes that lie anywhere in memory', (shard) => {
      const bytes = format.encode(shard);
      const shifted = new Uint8Array(bytes.length + 3);
      shifted.set(bytes, 3);

      expect(format.decode(shifted.subarray(3), 'a shard')).toEqual(shard);
    });

    it('keeps every user of a large shard', () => {
      const shard = shardOf(
        Array.from({ length: 3000 }, (_, u) => ({
          id: `user ${u}`,
          features: [`a:${u % 7}`, `b:${u % 101}`],
          weights: [1 + (u % 3), 0.5],
        })),
      );

      expect(format.decode(format.encode(shard), 'a shard')).toEqual(shard);
    });

    it.each([
      ['nothing', new Uint8Array(0)],
      ['a text', new TextEncoder().encode('id,features\nu1,a\n')],
      ['zeros', new Uint8Array(1000)],
      ['ones', new Uint8Array(1000).fill(255)],
    ])('refuses %s, and says where', (_, bytes) => {
      expect(() => format.decode(bytes, 'index/people/1.arrow')).toThrow(Invalid);
      expect(() => format.decode(bytes, 'index/people/1.arrow')).toThrow(/^index\/people\/1\.arrow: expected a shard/);
    });

    it('refuses a shard that is cut off anywhere', () => {
      const bytes = format.encode(shardOf([{ id: 'u1', features: ['a', 'b'], weights: [2, 1] }]));

      for (let length = 0; length < bytes.length; length++) {
        expect(() => format.decode(bytes.subarray(0, length), `the first ${length} bytes`)).toThrow(Invalid);
      }
    });
  });
}
