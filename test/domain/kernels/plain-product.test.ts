import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { addPlainly } from '#domain/kernels/plain-product.ts';
import { anyProduct } from './any-product.ts';

describe('the plain product', () => {
  it('is what a hand computes, whichever way its factors lie', () => {
    const size = { M: 2, K: 2, N: 2 };
    const [a, b] = [Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6, 7, 8)];
    const of = (aSteps: { aRow: number; aInner: number }, bSteps: { bInner: number; bColumn: number }) => {
      const c = Float64Array.of(100, 200, 300, 400);
      addPlainly(c, a, b, { ...size, ...aSteps, ...bSteps });
      return [...c];
    };
    const [rows, columns] = [
      { aRow: 2, aInner: 1 },
      { aRow: 1, aInner: 2 },
    ];
    const [byRow, byColumn] = [
      { bInner: 2, bColumn: 1 },
      { bInner: 1, bColumn: 2 },
    ];

    expect(of(rows, byRow)).toEqual([119, 222, 343, 450]);
    expect(of(columns, byRow)).toEqual([126, 230, 338, 444]);
    expect(of(rows, byColumn)).toEqual([117, 223, 339, 453]);
  });

  test.prop([anyProduct])('rounds each step to the precision of C', ({ shape, a, b, c }) => {
    const { M, K, N, aRow, aInner, bInner, bColumn } = shape;
    const one = c.slice(0, 1);
    const rounded = (x: number) => {
      one[0] = x;
      return one[0];
    };
    const expected = c.map((start, at) => {
      const [m, n] = [Math.floor(at / N), at % N];
      return Array.from({ length: K }, (_, k) => k).reduce((sum, k) => {
        const [left, right] = [rounded(a[m * aRow + k * aInner]), rounded(b[k * bInner + n * bColumn])];
        return rounded(sum + rounded(left * right));
      }, start);
    });

    addPlainly(c, a, b, shape);

    expect(c).toHaveLength(M * N);
    expect(c).toEqual(expected);
  });
});
