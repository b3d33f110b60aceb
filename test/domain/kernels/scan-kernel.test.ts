import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { greatestProducts } from '#domain/kernels/scan-kernel.ts';
import { seededRandom } from '#domain/random.ts';
import { exactNearest, plainNearest } from '#domain/retrieval/exact-search.ts';

const anyScan = fc.record({
  U: fc.oneof(fc.nat(20), fc.integer({ min: 250, max: 1_100 })),
  D: fc.integer({ min: 1, max: 20 }),
  Q: fc.oneof(fc.nat(9), fc.constant(40)),
  k: fc.oneof(fc.nat(20), fc.integer({ min: 100, max: 700 })),
  /** How many values there are: of few, many products are equal. */
  values: fc.constantFrom(1, 2, 5, 1e6),
  seed: fc.nat(),
});

describe('the kernel of scans', () => {
  test.prop([anyScan], { numRuns: 300 })('finds the rows and the bits of the plain search', (scan) => {
    const { U, D, Q, k, values, seed } = scan;
    const random = seededRandom(seed);
    const drawn = (length: number) => Float32Array.from({ length }, () => Math.floor(values * random()) / values - 0.4);
    const [vectors, queries] = [drawn(U * D), Array.from({ length: Q }, () => drawn(D))];

    expect(exactNearest(vectors, D, queries, k)).toEqual(queries.map((query) => plainNearest(vectors, D, query, k)));
  });

  it.each([
    ['rises', (u: number) => u],
    ['falls', (u: number) => -u],
    ['is the same for all', () => 1],
  ])('keeps the best where what comes %s', (_, product) => {
    const vectors = Float32Array.from({ length: 5_000 }, (_, u) => product(u));

    expect(exactNearest(vectors, 1, [[1], [-1]], 10)).toEqual(
      [[1], [-1]].map((query) => plainNearest(vectors, 1, query, 10)),
    );
  });

  it('gives rows in their order, and nothing where it cannot hold what is asked for', () => {
    const vectors = Float32Array.from({ length: 300_000 }, (_, u) => (u * 7919) % 1_009);

    const [{ rows, products }] = greatestProducts(vectors, 1, [[1]], 300) ?? [];

    expect([...rows]).toEqual([...rows].sort((left, right) => left - right));
    expect([...products]).toEqual(Array.from(rows, (row) => vectors[row]));
    expect(greatestProducts(vectors, 1, [[1]], 200_000)).toBeUndefined();
    expect(greatestProducts(vectors, 100_000, [vectors], 1)).toBeUndefined();
  });
});
