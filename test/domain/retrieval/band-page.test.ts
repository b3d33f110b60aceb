import { readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { mix32, type Random, seededRandom } from '#domain/random.ts';
import {
  type BandPage,
  type Bucket,
  decodeBandPage,
  encodeBandPages,
  MAX_PART_BYTES,
  prefixBitsFor,
  prefixOf,
} from '#domain/retrieval/band-page.ts';

const anyHash = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 7, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff));
const anyBand = fc.record({
  hashes: fc.array(anyHash, { maxLength: 80 }).map((list) => Uint32Array.from(list)),
  isPresent: fc.infiniteStream(fc.boolean()),
  prefixBits: fc.integer({ min: 0, max: 24 }),
});

describe('band page', () => {
  it('is, byte by byte, what its header says', () => {
    const hashes = Uint32Array.of(0xa0000005, 0xa0000105, 0xa0000005, 0x10000000);

    const pages = encodeBandPages(hashes, Uint32Array.of(0, 1, 2), 9, 4);

    // Two buckets: 5 with rows 0 and 0 + 2, and 256 further on one with row 1.
    const rest = [[2], [5, 2, 0, 2], [0x80, 2, 1, 1]].flat();
    expect(pages).toEqual([{ band: 9, prefix: 0xa, part: 0, bytes: sealed(1, rest) }]);
  });

  it('of version 1 is read as it was written', () => {
    const { prefix, prefixBits, parts, buckets } = JSON.parse(readFileSync('test/fixtures/band-page-v1.json', 'utf8'));

    const page = decodeBandPage(readFileSync('test/fixtures/band-page-v1.bin'), prefix, prefixBits);

    expect(page.parts).toBe(parts);
    expect(page.buckets.map((bucket) => ({ hash: bucket.hash, rows: [...bucket.rows] }))).toEqual(buckets);
  });

  test.prop([anyBand])(
    'gives back every row under its hash, in the page of its prefix',
    ({ hashes, isPresent, prefixBits }) => {
      const rows = Uint32Array.from(hashes.keys()).filter(() => isPresent.next().value ?? false);

      const pages = encodeBandPages(hashes, rows, 3, prefixBits);

      expect(rowsByHash(pages, prefixBits)).toEqual(grouped(hashes, rows));
      for (const { band: of, prefix, bytes } of pages) {
        expect(of).toBe(3);
        for (const bucket of decodeBandPage(bytes, prefix, prefixBits).buckets) {
          expect(prefixOf(bucket.hash, prefixBits)).toBe(prefix);
        }
      }
    },
  );

  it.each([
    { what: 'one bucket of everybody', users: 50_000, hashCount: 1, prefixBits: 10 },
    { what: 'two buckets', users: 20_000, hashCount: 2, prefixBits: 0 },
    { what: 'some buckets of thousands', users: 40_000, hashCount: 9, prefixBits: 0 },
    { what: 'thousands of buckets of some', users: 30_000, hashCount: 7_000, prefixBits: 2 },
    { what: 'a bucket for each', users: 20_000, hashCount: 2 ** 32, prefixBits: 1 },
  ])('spills into parts that lose nobody: $what', ({ users, hashCount, prefixBits }) => {
    const random = seededRandom(users);
    const names = Array.from({ length: users }, () => mix32(1 + Math.floor(random() * hashCount)));
    const hashes = Uint32Array.from(names);
    const rows = Uint32Array.from(hashes.keys()).filter(() => random() < 0.9);

    const pages = encodeBandPages(hashes, rows, 0, prefixBits);

    expect(pages.some(({ part }) => part > 0)).toBe(true);
    expect(rowsByHash(pages, prefixBits)).toEqual(grouped(hashes, rows));
  });

  it('has parts as full as they may be, in which a bucket stands once', () => {
    const rows = Uint32Array.from({ length: 40_000 }, (_, r) => 50 * r);
    const hashes = Uint32Array.from({ length: 2_000_000 }, (_, u) => (u < 1_000_000 ? 5 : 6));

    const pages = encodeBandPages(hashes, rows, 0, 0);

    // A step of 50 is one byte.
    expect(pages.length).toBe(Math.ceil(40_000 / MAX_PART_BYTES));
    expect(rowsByHash(pages, 0)).toEqual(grouped(hashes, rows));
  });

  it('takes rows and hashes to the ends of their ranges', () => {
    const hashes = new Uint32Array(2 ** 21).fill(0xffffffff);
    const rows = Uint32Array.of(0, 127, 128, 16_511, 16_512, 2 ** 21 - 1);

    const [page] = encodeBandPages(hashes, rows, 0, 24);

    expect(page.prefix).toBe(0xffffff);
    expect(decodeBandPage(page.bytes, page.prefix, 24).buckets).toEqual([{ hash: 0xffffffff, rows }]);
  });

  it('is not there where nobody is', () => {
    expect(encodeBandPages(new Uint32Array(5), new Uint32Array(0), 0, 4)).toEqual([]);
  });

  it('is one part as a rule, and well filled, for a shard of any size', () => {
    const random = seededRandom(11);
    for (const users of [1, 300, 5_000, 60_000, 250_000]) {
      const prefixBits = prefixBitsFor(users);
      const hashes = Uint32Array.from({ length: users }, () => random() * 2 ** 32);

      const pages = encodeBandPages(hashes, Uint32Array.from(hashes.keys()), 0, prefixBits);

      expect(pages).toHaveLength(2 ** prefixBits);
      const bytes = pages.reduce((sum, page) => sum + page.bytes.length, 0) / pages.length;
      if (prefixBits > 0) expect(bytes).toBeGreaterThan(1_000);
    }
  });
});

describe('damaged band page', () => {
  const original = {
    small: pageOf(30, 30, 5),
    shares: pageOf(400, 12, 5),
    full: pageOf(2_000, 900, 0),
    tiny: pageOf(1, 1, 5),
  };

  it.each(Object.entries(original))(
    'is refused or read as it was: %s, 2,500 corruptions',
    (name, { bytes, prefix, prefixBits }) => {
      const random = seededRandom(name.length);
      const sound = decodeBandPage(bytes, prefix, prefixBits);
      const refused: unknown[] = [];

      for (let n = 0; n < 2_500; n++) {
        const damaged = CORRUPTIONS[n % CORRUPTIONS.length](bytes, random);
        try {
          expect(decodeBandPage(damaged, prefix, prefixBits)).toEqual(sound);
        } catch (error) {
          refused.push(error);
        }
      }

      expect(refused.filter((error) => !(error instanceof RangeError))).toEqual([]);
      expect(refused.length).toBeGreaterThan(2_200);
    },
  );

  it.each(Object.entries(original))('is refused at any length but its own, and with any bit turned: %s', (_, page) => {
    const { bytes, prefix, prefixBits } = page;
    const decode = (damaged: Uint8Array) => () => decodeBandPage(damaged, prefix, prefixBits);

    for (let at = 0; at < bytes.length; at++) {
      expect(decode(bytes.subarray(0, at))).toThrow(RangeError);
      expect(decode(bytes.with(at, bytes[at] ^ (1 << (at % 8))))).toThrow(RangeError);
    }
    expect(decode(Uint8Array.of(...bytes, 0))).toThrow(RangeError);
  });

  it('is refused by what is wrong with it', () => {
    const { bytes } = original.small;
    const decode = (damaged: Uint8Array) => () => decodeBandPage(damaged, 0, 0);

    expect(decode(bytes.with(0, 2))).toThrow('expected a band page of version 1, got version 2');
    expect(decode(bytes.with(20, bytes[20] ^ 4))).toThrow('expected a sound band page, got a damaged one');
    expect(decode(new Uint8Array(0))).toThrow('expected more bytes of a band page, got its end');
    expect(decode(Uint8Array.of(1, 255, 255, 255, 255, 255))).toThrow('expected a number of at most 5 bytes');
  });

  it('is refused where its length and its count of parts change together', () => {
    const { bytes } = original.small;
    const rest = [...bytes.subarray(6)];

    for (let extra = 1; extra <= 3; extra++) {
      const longer = [...rest, ...new Uint8Array(extra)];
      const parts = 1 ^ rest.length ^ longer.length;
      const damaged = Uint8Array.from([1, parts, ...bytes.subarray(2, 6), ...longer]);

      expect(() => decodeBandPage(damaged, 0, 0)).toThrow(RangeError);
    }
  });

  // With a checksum that fits, so that nothing else stops it.
  it.each([2, 1000, 2 ** 31, 2 ** 32 - 1, 2 ** 35 - 1])('gets no memory for %i rows that it does not hold', (rows) => {
    const page = sealed(1, [1, 5, ...varint(rows), 9]);

    expect(() => decodeBandPage(page, 0, 0)).toThrow(`expected rows of a band page, got the number ${rows} alone`);
  });

  it('ends where it ends, however many buckets it promises', () => {
    const page = sealed(1, [...varint(2 ** 35 - 1), 5, 1, 9]);

    expect(() => decodeBandPage(page, 0, 0)).toThrow('expected more bytes of a band page, got its end');
  });
});

type Corruption = (bytes: Uint8Array, random: Random) => Uint8Array;

const CORRUPTIONS: readonly Corruption[] = [
  function flip(bytes, random) {
    const at = below(bytes.length, random);
    return bytes.with(at, bytes[at] ^ (1 << below(8, random)));
  },
  function flipSeveral(bytes, random) {
    const flipped = bytes.slice();
    for (let n = below(6, random); n >= 0; n--) flipped[below(bytes.length, random)] ^= 1 << below(8, random);
    return flipped;
  },
  function cut(bytes, random) {
    return bytes.slice(0, below(bytes.length, random));
  },
  function insert(bytes, random) {
    const at = below(bytes.length + 1, random);
    const inserted = Array.from({ length: 1 + below(4, random) }, () => (random() < 0.5 ? 0 : below(256, random)));
    return Uint8Array.from([...bytes.subarray(0, at), ...inserted, ...bytes.subarray(at)]);
  },
  function remove(bytes, random) {
    const at = below(bytes.length, random);
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + below(4, random))]);
  },
  function splice(bytes, random) {
    const [from, to, length] = [below(bytes.length, random), below(bytes.length, random), below(20, random)];
    const spliced = bytes.slice();
    spliced.set(bytes.subarray(from, Math.min(from + length, from + bytes.length - to)), to);
    return spliced;
  },
  function overwrite(bytes, random) {
    const overwritten = bytes.slice();
    const from = below(bytes.length, random);
    for (let at = from; at < from + 8 && at < bytes.length; at++) overwritten[at] = below(256, random);
    return overwritten;
  },
];

function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

/** The first part of a page of so many users in so many buckets. */
function pageOf(users: number, bucketCount: number, prefixBits: number) {
  const random = seededRandom(users);
  const buckets = Array.from({ length: bucketCount }, () => (random() * 2 ** (32 - prefixBits)) >>> 0);
  const hashes = Uint32Array.from({ length: 3 * users }, () => buckets[below(bucketCount, random)]);
  const rows = Uint32Array.from({ length: users }, (_, u) => 3 * u + below(3, random));
  const [{ bytes, prefix }] = encodeBandPages(hashes, rows, 0, prefixBits);
  return { bytes, prefix, prefixBits };
}

/** What all parts of all pages hold; parts must be numbered, complete and short, and hashes rise within each. */
function rowsByHash(pages: readonly BandPage[], prefixBits: number): Map<number, number[]> {
  const buckets: Bucket[] = [];
  for (const [prefix, parts] of Map.groupBy(pages, (page) => page.prefix)) {
    expect(parts.map(({ part }) => part)).toEqual([...parts.keys()]);
    for (const { bytes } of parts) {
      const page = decodeBandPage(bytes, prefix, prefixBits);
      expect(page.parts).toBe(parts.length);
      expect(bytes.length).toBeLessThanOrEqual(MAX_PART_BYTES);
      const hashes = page.buckets.map((bucket) => bucket.hash);
      expect(hashes.every((hash, b) => b === 0 || hash > hashes[b - 1])).toBe(true);
      buckets.push(...page.buckets);
    }
  }
  const found = new Map<number, number[]>();
  for (const bucket of buckets) found.set(bucket.hash, [...(found.get(bucket.hash) ?? []), ...bucket.rows]);
  return found;
}

function grouped(hashes: Uint32Array, rows: Uint32Array): Map<number, number[]> {
  return Map.groupBy(rows, (row) => hashes[row]);
}

/** A page as the header of the format describes it, written apart from the encoder. */
function sealed(parts: number, rest: readonly number[]): Uint8Array {
  let check = mix32(mix32(parts) ^ rest.length);
  for (let at = 0; at < rest.length; at += 4) {
    const word = [0, 1, 2, 3].reduce((sum, byte) => sum + (rest[at + byte] ?? 0) * 256 ** byte, 0);
    check = (mix32(check ^ word) + 0x9e3779b1) >>> 0;
  }
  const checksum = [0, 8, 16, 24].map((shift) => (check >>> shift) & 255);
  return Uint8Array.from([1, ...varint(parts), ...checksum, ...rest]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
