import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { SparseMatrix } from '#domain/features/sparse-matrix.ts';
import { addPlainRow, plainRowProduct } from '#domain/kernels/plain-sparse.ts';
import { columnProducts, rowProducts, rowProductsOf, sweepRows } from '#domain/kernels/sparse-kernel.ts';
import { seededRandom } from '#domain/random.ts';
import { anyMultiplied, randomMatrix } from './any-matrix.ts';

describe('products with a sparse matrix by WebAssembly', () => {
  test.prop([anyMultiplied])('are those of plain TypeScript, to the last bit', ({ matrix, byColumn, byRow }) => {
    expect(rowProducts(matrix, byColumn)).toEqual(naiveRowProducts(matrix, byColumn));
    expect(columnProducts(matrix, byRow)).toEqual(naiveColumnProducts(matrix, byRow));
  });

  test.prop([anyMultiplied, fc.array(fc.nat(19), { maxLength: 30 })])('of the given rows', (given, chosen) => {
    const { matrix, byColumn } = given;
    const rows = Uint32Array.from(chosen.filter((row) => row + 1 < matrix.offsets.length));

    const all = naiveRowProducts(matrix, byColumn);

    expect(rowProductsOf(matrix, byColumn, rows)).toEqual(Float64Array.from(rows, (row) => all[row]));
  });

  test.prop([anyMultiplied])('of both kinds in one sweep, with what is made of the first', (given) => {
    const { matrix, byColumn, byRow } = given;
    const seen: number[] = [];

    const sums = sweepRows(matrix, byColumn, (products, from) => {
      products.forEach((product, i) => {
        seen.push(product);
        products[i] = product * byRow[from + i];
      });
    });

    const products = naiveRowProducts(matrix, byColumn);
    expect(seen).toEqual([...products]);
    expect(sums).toEqual(
      naiveColumnProducts(
        matrix,
        products.map((product, row) => product * byRow[row]),
      ),
    );
  });

  describe.each([false, true])('with weights: %s', (isWeighted) => {
    const random = seededRandom(3);
    const numbers = (length: number) => Float64Array.from({ length }, () => random() - 0.5);

    it.each([
      ['of more rows than a tile has', Array.from({ length: 20_000 }, (_, n) => n % 6), 50],
      ['of more entries than a tile has', Array.from({ length: 900 }, () => 100), 3_000],
      ['with a row that is longer than a tile', [5, 60_000, 0, 7], 200_000],
      ['of more columns than the memory begins with', [3, 3, 3], 400_000],
      ['of a few columns after one of many', [3, 0, 2], 4],
    ])('are the same for a matrix %s', (_, rowLengths, columnCount) => {
      const matrix = randomMatrix(rowLengths, columnCount, isWeighted, random);
      const [byColumn, byRow] = [numbers(columnCount), numbers(rowLengths.length)];

      expect(rowProducts(matrix, byColumn)).toEqual(naiveRowProducts(matrix, byColumn));
      expect(columnProducts(matrix, byRow)).toEqual(naiveColumnProducts(matrix, byRow));
      expect(
        sweepRows(matrix, byColumn, (products, from) => products.set(byRow.subarray(from, from + products.length))),
      ).toEqual(naiveColumnProducts(matrix, byRow));
    });

    it('are the same where the memory does not suffice', () => {
      const columnCount = 17_000_000;
      const matrix = { ...randomMatrix([4, 0, 3], 1_000, isWeighted, random), columnCount };
      const byColumn = new Float64Array(columnCount);
      byColumn.set(numbers(1_000));

      const sums = sweepRows(matrix, byColumn, () => {});

      expect(rowProducts(matrix, byColumn)).toEqual(naiveRowProducts(matrix, byColumn));
      expect([sums.length, columnProducts(matrix, naiveRowProducts(matrix, byColumn)).length]).toEqual([
        columnCount,
        columnCount,
      ]);
      expect(sums.subarray(0, 1_000)).toEqual(
        naiveColumnProducts({ ...matrix, columnCount: 1_000 }, naiveRowProducts(matrix, byColumn)),
      );
    });
  });

  it('need neither rows nor columns', () => {
    const none: SparseMatrix = { columnCount: 0, offsets: Uint32Array.of(0), columns: new Uint32Array(0) };
    const nothing = new Float64Array(0);

    expect(rowProducts(none, nothing)).toEqual(nothing);
    expect(columnProducts(none, nothing)).toEqual(nothing);
    expect(sweepRows(none, nothing, () => {})).toEqual(nothing);
  });
});

function naiveRowProducts(matrix: SparseMatrix, byColumn: Float64Array): Float64Array {
  return Float64Array.from({ length: matrix.offsets.length - 1 }, (_, row) => plainRowProduct(matrix, byColumn, row));
}

function naiveColumnProducts(matrix: SparseMatrix, byRow: Float64Array): Float64Array {
  const sums = new Float64Array(matrix.columnCount);
  byRow.forEach((value, row) => {
    addPlainRow(sums, matrix, row, value);
  });
  return sums;
}
