/**
 * Products of a sparse matrix with vectors, an entry at a time: the oracle of sparse-kernel.ts, and what computes where its
 * memory does not suffice.
 *
 * Shapes:   matrix (N×F); a sum for each row, or for each column.
 * Cost:     one multiply–add an entry; where the matrix has no weights, one addition.
 * Accuracy: a row is summed as four sums of every fourth entry, with what is left over in the first, and these as
 *           (0 + 1) + (2 + 3). A column is summed in the order of the rows; rows whose number is 0 are passed over.
 */
import type { SparseMatrix } from '../features/sparse-matrix.ts';

/** Of one row the sum of its entries, each times its column's number. */
export function plainRowProduct(
  { offsets, columns, weights }: SparseMatrix,
  byColumn: Float64Array,
  row: number,
): number {
  const [from, to] = [offsets[row], offsets[row + 1]];
  return weights
    ? sumByFours(from, to, (at) => byColumn[columns[at]] * weights[at])
    : sumByFours(from, to, (at) => byColumn[columns[at]]);
}

/** A row's sum of what its entries give, from one to the one before another, in the order in which kernels sum a row. */
export function sumByFours(from: number, to: number, termAt: (at: number) => number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let at = from;
  for (; at + 4 <= to; at += 4) {
    s0 += termAt(at);
    s1 += termAt(at + 1);
    s2 += termAt(at + 2);
    s3 += termAt(at + 3);
  }
  for (; at < to; at++) s0 += termAt(at);
  return s0 + s1 + (s2 + s3);
}

/** Adds to `sums` (F) the entries of one row, each times the number. */
export function addPlainRow(
  sums: Float64Array,
  { offsets, columns, weights }: SparseMatrix,
  row: number,
  value: number,
): void {
  if (value === 0) return;
  const end = offsets[row + 1];
  if (weights) for (let at = offsets[row]; at < end; at++) sums[columns[at]] += value * weights[at];
  else for (let at = offsets[row]; at < end; at++) sums[columns[at]] += value;
}
