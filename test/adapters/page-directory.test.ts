import { gzipSync } from 'node:zlib';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { compareParts, decodeDirectory, encodeDirectory } from '#adapters/page-directory.ts';
import { seededRandom } from '#domain/random.ts';

const anyPart = fc.record({
  band: fc.nat(1_023),
  prefix: fc.nat(2 ** 24 - 1),
  part: fc.oneof(fc.nat(3), fc.nat(2 ** 32 - 1)),
});

describe('page directory', () => {
  it('keeps a few parts in rising order', () => {
    const parts = [
      { band: 1, prefix: 0, part: 0 },
      { band: 0, prefix: 7, part: 1 },
      { band: 0, prefix: 7, part: 0 },
    ];

    expect(decodeDirectory(encodeDirectory(parts))).toEqual([parts[2], parts[1], parts[0]]);
  });

  test.prop([fc.array(anyPart, { maxLength: 50 })])('gives back what it was given, sorted', (parts) => {
    expect(decodeDirectory(encodeDirectory(parts))).toEqual(parts.toSorted(compareParts));
  });

  it('takes a few thousand bytes for a shard of 250,000 users, be half of its pages missing', () => {
    const random = seededRandom(5);
    const all = Array.from({ length: 128 * 1_024 }, (_, n) => ({ band: n >> 10, prefix: n & 1_023, part: 0 }));
    const half = all.filter(() => random() < 0.5);

    expect(encodeDirectory(all).length).toBeLessThan(5_000);
    expect(encodeDirectory(half).length).toBeLessThan(40_000);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['what is not gzipped', Uint8Array.of(1, 2, 3)],
    ['half a part', gzipSync(new Uint8Array(18))],
    ['a cut tail', encodeDirectory([{ band: 0, prefix: 7, part: 1 }]).subarray(0, -1)],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeDirectory(bytes)).toThrow();
  });
});
