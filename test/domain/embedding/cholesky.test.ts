import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { choleskyFactor, columnProducts, divideColumnInPlace, divideRowsInPlace } from '#domain/embedding/cholesky.ts';

/** Blocks of small whole numbers, so that columns repeat, depend on each other and vanish. */
const anyBlock = fc
  .integer({ min: 1, max: 6 })
  .chain((width) =>
    fc
      .array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: width, maxLength: width }), { maxLength: 9 })
      .map((rows) => ({ width, rows })),
  );

describe('Cholesky factor', () => {
  it('is what a hand computes', () => {
    const factor = choleskyFactor(Float64Array.of(4, 2, 0, 10), 2);

    expect([...factor]).toEqual([2, 1, 0, 3]);
  });

  it('divides a row from the right and a column from the left', () => {
    const factor = Float64Array.of(2, 1, 0, 3);
    const [row, column] = [Float64Array.of(4, 8), Float64Array.of(5, 6)];

    divideRowsInPlace(row, factor, 1, 2);
    divideColumnInPlace(column, factor, 2);

    expect([[...row], [...column]]).toEqual([
      [2, 2],
      [1.5, 2],
    ]);
  });

  test.prop([anyBlock])('gives back the products, where all columns count', ({ width, rows }) => {
    const products = regularProducts(rows, width);

    const factor = choleskyFactor(products, width);

    for (let i = 0; i < width; i++) {
      for (let j = i; j < width; j++) {
        let sum = 0;
        for (let k = 0; k <= i; k++) sum += factor[k * width + i] * factor[k * width + j];
        expect(sum).toBeCloseTo(products[i * width + j], 9);
      }
    }
  });

  test.prop([anyBlock])('divides so that multiplying gives back what was divided', ({ width, rows }) => {
    const factor = choleskyFactor(regularProducts(rows, width), width);
    const block = Float64Array.from(rows.flat());
    const column = Float64Array.from({ length: width }, (_, c) => c - 2);

    divideRowsInPlace(block, factor, rows.length, width);
    divideColumnInPlace(column, factor, width);

    const at = (i: number, j: number) => (i <= j ? factor[i * width + j] : 0);
    for (let c = 0; c < width; c++) {
      rows.forEach((row, r) => {
        const back = row.reduce((sum, _, k) => sum + block[r * width + k] * at(k, c), 0);
        expect(back).toBeCloseTo(row[c], 9);
      });
      expect(column.reduce((sum, x, k) => sum + at(c, k) * x, 0)).toBeCloseTo(c - 2, 9);
    }
  });

  // Columns that are nearly dependent come out orthogonal only nearly.
  test.prop([anyBlock])('makes a block orthonormal, its dependent columns zero', ({ width, rows }) => {
    const block = Float64Array.from(rows.flat());

    divideRowsInPlace(block, choleskyFactor(columnProducts(block, rows.length, width), width), rows.length, width);

    const products = columnProducts(block, rows.length, width);
    for (let i = 0; i < width; i++) {
      expect(Math.min(products[i * width + i], Math.abs(products[i * width + i] - 1))).toBeCloseTo(0, 4);
      for (let j = i + 1; j < width; j++) expect(products[i * width + j]).toBeCloseTo(0, 4);
    }
  });

  it('of a column that depends on another has a row of zeros, and divides to zero', () => {
    const block = Float64Array.of(1, 2, 2, 4);
    const column = Float64Array.of(1, 1);

    const factor = choleskyFactor(columnProducts(block, 2, 2), 2);
    divideRowsInPlace(block, factor, 2, 2);
    divideColumnInPlace(column, factor, 2);

    expect([...factor.subarray(2), block[1], block[3], column[1]].map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
  });
});

/** BᵀB with 1 added to the diagonal, as ridge regression has it; the upper half. */
function regularProducts(rows: readonly (readonly number[])[], width: number): Float64Array {
  const products = columnProducts(Float64Array.from(rows.flat()), rows.length, width);
  for (let d = 0; d < width; d++) products[d * width + d] += 1;
  return products;
}
