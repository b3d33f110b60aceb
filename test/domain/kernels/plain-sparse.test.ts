import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { addPlainRow, plainRowProduct } from '#domain/kernels/plain-sparse.ts';
import { anyMultiplied } from './any-matrix.ts';

describe('a product with a sparse matrix, entry by entry', () => {
  it('is what a hand computes', () => {
    const matrix = matrixOf([[0, 2], [], [1]], 3, [[2, 0.5], [], [4]]);
    const sums = Float64Array.of(1, 1, 1);

    const products = [0, 1, 2].map((row) => plainRowProduct(matrix, Float64Array.of(3, 5, 8), row));
    addPlainRow(sums, matrix, 0, 10);

    expect(products).toEqual([10, 0, 20]);
    expect([...sums]).toEqual([21, 1, 6]);
  });

  it('adds up a row as four sums, with what is left over in the first', () => {
    const values = Float64Array.of(1, 1e16, -1e16, 3, 5, 7);

    const product = plainRowProduct(matrixOf([[0, 1, 2, 3, 4, 5]], 6), values, 0);

    expect(product).toBe(1 + 5 + 7 + 1e16 + (-1e16 + 3));
  });

  it('passes over a row whose number is 0, whatever stands in it', () => {
    const sums = Float64Array.of(1, 2);

    addPlainRow(sums, { ...matrixOf([[0, 1]], 2), weights: Float32Array.of(Number.POSITIVE_INFINITY, 1) }, 0, 0);

    expect([...sums]).toEqual([1, 2]);
  });

  test.prop([anyMultiplied, fc.nat(8)])('takes weights of 1 for none', ({ matrix, byColumn }, row) => {
    fc.pre(row + 1 < matrix.offsets.length);
    const bare = { ...matrix, weights: undefined };
    const ones = { ...matrix, weights: new Float32Array(matrix.columns.length).fill(1) };

    expect(plainRowProduct(bare, byColumn, row)).toBe(plainRowProduct(ones, byColumn, row));
  });
});
