import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { hashText, mix32, seededRandom, shuffled } from '#domain/random.ts';

const word = fc.nat(0xffffffff);

describe('seeded random', () => {
  it('gives the numbers that mulberry32 is known to give', () => {
    const random = seededRandom(1);

    expect([random(), random(), random()]).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
  });

  test.prop([word])('gives the same numbers for the same seed, all of them in [0, 1)', (seed) => {
    const [first, second] = [seededRandom(seed), seededRandom(seed)];
    const numbers = Array.from({ length: 50 }, first);

    expect(Array.from({ length: 50 }, second)).toEqual(numbers);
    expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true);
  });

  it('spreads 100,000 numbers evenly over ten parts', () => {
    const random = seededRandom(2008);
    const parts = new Uint32Array(10);
    for (let n = 0; n < 100_000; n++) parts[Math.floor(random() * 10)]++;

    // The standard deviation of a part is 95.
    expect(Math.max(...parts) - Math.min(...parts)).toBeLessThan(10 * 95);
  });
});

describe('mix32', () => {
  it('leaves 0 where it is', () => expect(mix32(0)).toBe(0));

  test.prop([word])('can be undone, so no two inputs share an output', (x) => {
    expect(unmix32(mix32(x))).toBe(x);
  });

  it('moves every output bit by every input bit half of the time', () => {
    const random = seededRandom(32);
    const flips = Array.from({ length: 32 }, () => new Uint32Array(32));
    for (let n = 0; n < 2000; n++) {
      const x = Math.floor(random() * 2 ** 32);
      for (let input = 0; input < 32; input++) {
        const moved = mix32(x) ^ mix32(x ^ (1 << input));
        for (let output = 0; output < 32; output++) flips[input][output] += (moved >>> output) & 1;
      }
    }

    // The standard deviation of a share is 0.011.
    const shares = flips.flatMap((row) => Array.from(row, (count) => count / 2000));
    expect(Math.min(...shares)).toBeGreaterThan(0.4);
    expect(Math.max(...shares)).toBeLessThan(0.6);
  });
});

describe('hash of a text', () => {
  // Published vectors of MurmurHash3_x86_32; with the second seed they cover every length of the tail, and UTF-8.
  it.each([
    ['', 0, 0x00000000],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['hello', 0, 0x248bfa47],
    ['hello, world', 0, 0x149bbb7f],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['ab', 0x9747b28c, 0x74875592],
    ['abc', 0x9747b28c, 0xc84a62dd],
    ['abcd', 0x9747b28c, 0xf0478627],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ])('hashes %j under seed %i as MurmurHash3 does', (text, seed, hash) => {
    expect(hashText(text, seed)).toBe(hash);
  });

  test.prop([fc.string({ unit: 'binary', maxLength: 40 }), word])(
    'agrees with whole-number arithmetic',
    (text, seed) => {
      expect(hashText(text, seed)).toBe(slowHash(text, seed));
    },
  );
});

/** The finalizer run backwards, with the inverses of its factors modulo 2³². */
function unmix32(x: number): number {
  let z = x ^ (x >>> 16);
  z = Math.imul(z, 0x7ed1b41d);
  z ^= (z >>> 13) ^ (z >>> 26);
  z = Math.imul(z, 0xa5cb9243);
  return (z ^ (z >>> 16)) >>> 0;
}

/** The reference's steps in big integers, byte by byte. */
function slowHash(text: string, seed: number): number {
  const low = (x: bigint) => x & 0xffffffffn;
  const rotate = (x: bigint, bits: bigint) => low((x << bits) | (x >> (32n - bits)));
  const scramble = (k: bigint) => low(rotate(low(k * 0xcc9e2d51n), 15n) * 0x1b873593n);
  const bytes = [...new TextEncoder().encode(text)].map(BigInt);
  const block = (at: number) => bytes.slice(at, at + 4).reduce((sum, byte, b) => sum + (byte << BigInt(8 * b)), 0n);
  let hash = BigInt(seed);
  for (let at = 0; at < bytes.length; at += 4) {
    hash ^= scramble(block(at));
    if (at + 4 <= bytes.length) hash = low(rotate(hash, 13n) * 5n + 0xe6546b64n);
  }
  hash ^= BigInt(bytes.length);
  hash = low((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = low((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n));
}

describe('an order of chance', () => {
  it('draws each order of three as often, within five standard errors', () => {
    const random = seededRandom(6);
    const counts = new Map<string, number>();
    for (let n = 0; n < 6_000; n++) {
      const order = shuffled(Uint32Array.of(1, 2, 3), random).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values())
      expect(Math.abs(count - 1_000)).toBeLessThan(5 * Math.sqrt(6_000 * (1 / 6) * (5 / 6)));
  });
});
