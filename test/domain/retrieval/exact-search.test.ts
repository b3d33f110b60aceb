import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { dotProducts, exactNearest } from '#domain/retrieval/exact-search.ts';

const D = 3;
/** Few values, so that many dot products are equal, and exact in float32. */
const coarse = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: D, maxLength: D });
const vectors = fc.array(coarse, { maxLength: 40 }).map((rows) => Float32Array.from(rows.flat()));

describe('exact search', () => {
  it('gives the nearest first, each with its cosine', () => {
    const unit = Float32Array.of(1, 0, 0.6, 0.8, -1, 0, 0, 1);

    const { rows, similarities } = exactNearest(unit, 2, [0, 1], 3);

    expect([...rows]).toEqual([3, 1, 0]);
    expect([...similarities]).toEqual([1, Math.fround(0.8), 0]);
  });

  test.prop([vectors, coarse, fc.nat(50)])('is the head of everybody sorted, equal ones by row', (users, query, k) => {
    const found = exactNearest(users, D, query, k);

    const products = Array.from({ length: users.length / D }, (_, u) =>
      query.reduce((sum, x, d) => sum + x * users[u * D + d], 0),
    );
    const sorted = [...products.keys()].sort((left, right) => products[right] - products[left] || left - right);
    expect([...found.rows]).toEqual(sorted.slice(0, k));
    // 0 is added because −0 and 0 are one similarity.
    expect([...found.similarities].map((x) => x + 0)).toEqual(sorted.slice(0, k).map((row) => products[row] + 0));
  });

  test.prop([fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 300, maxLength: 300 })])(
    'adds up in float64, whatever the query is given as',
    (numbers) => {
      const [query, users] = [numbers.slice(0, 60), Float32Array.from(numbers.slice(60))];

      const products = dotProducts(users, 60, query);

      expect([...products]).toEqual(
        [0, 1, 2, 3].map((u) => Math.fround(query.reduce((sum, x, d) => sum + users[60 * u + d] * x, 0))),
      );
      expect(dotProducts(users, 60, Float32Array.from(query))).toEqual(products);
    },
  );

  it('finds nobody where there is nobody', () => {
    expect(exactNearest(new Float32Array(0), 2, [1, 0], 5).rows).toHaveLength(0);
  });
});
