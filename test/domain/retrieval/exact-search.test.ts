import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { exactNearest, plainNearest } from '#domain/retrieval/exact-search.ts';

const D = 3;
/** Few values, so that many dot products are equal, and exact in float32. */
const coarse = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: D, maxLength: D });
const vectors = fc.array(coarse, { maxLength: 40 }).map((rows) => Float32Array.from(rows.flat()));

describe('exact search', () => {
  it('gives the nearest first, each with its cosine', () => {
    const unit = Float32Array.of(1, 0, 0.6, 0.8, -1, 0, 0, 1);

    const [{ rows, similarities }] = exactNearest(unit, 2, [[0, 1]], 3);

    expect([...rows]).toEqual([3, 1, 0]);
    expect([...similarities]).toEqual([1, Math.fround(0.8), 0]);
  });

  test.prop([vectors, fc.array(coarse, { maxLength: 9 }), fc.nat(50)])(
    'is the head of everybody sorted, equal ones by row, for each query',
    (users, queries, k) => {
      const found = exactNearest(users, D, queries, k);

      expect(found).toHaveLength(queries.length);
      queries.forEach((query, q) => {
        const products = Array.from({ length: users.length / D }, (_, u) =>
          query.reduce((sum, x, d) => sum + x * users[u * D + d], 0),
        );
        const sorted = [...products.keys()].sort((left, right) => products[right] - products[left] || left - right);
        expect([...found[q].rows]).toEqual(sorted.slice(0, k));
        // 0 is added because −0 and 0 are one similarity.
        const expected = sorted.slice(0, k).map((row) => products[row] + 0);
        expect([...found[q].similarities].map((x) => x + 0)).toEqual(expected);
      });
    },
  );

  it('adds up in float32, in the order of the dimensions, whatever the query is given as', () => {
    const random = seededRandom(11);
    const drawn = (length: number) => Array.from({ length }, () => 2 * random() - 1);
    const [query, users] = [drawn(60), Float32Array.from(drawn(240))];
    const products = [0, 1, 2, 3].map((u) =>
      query.reduce((sum, x, d) => Math.fround(sum + Math.fround(users[60 * u + d] * Math.fround(x))), 0),
    );

    const [found, plain] = [exactNearest(users, 60, [query], 4)[0], plainNearest(users, 60, query, 4)];

    expect([...found.similarities]).toEqual(products.toSorted((left, right) => right - left));
    expect(plain).toEqual(found);
    expect(exactNearest(users, 60, [Float32Array.from(query)], 4)[0]).toEqual(found);
  });

  it('finds more than a kernel can keep, and of vectors longer than it can hold', () => {
    const users = Float32Array.from({ length: 200_000 }, (_, at) => (at * 7919) % 10_007);

    for (const [dimensions, k] of [
      [1, 150_000],
      [100_000, 2],
    ]) {
      const query = users.subarray(0, dimensions);
      expect(exactNearest(users, dimensions, [query], k)).toEqual([plainNearest(users, dimensions, query, k)]);
    }
  });

  it('finds nobody where there is nobody', () => {
    expect(exactNearest(new Float32Array(0), 2, [[1, 0]], 5)[0].rows).toHaveLength(0);
  });
});
