/**
 * Products of sparse rows with a dense matrix, an entry at a time: the oracle of sparse-product.ts.
 *
 * Shapes:   A (N×F) sparse, T (F×D), S (N×D).
 * Cost:     nnz·D multiply–adds.
 * Accuracy: float64; a cell of A·T is summed over the entries of a row in their order, one of Aᵀ·S over the rows in theirs.
 */

/** Rows of few entries out of many columns. */
export interface ValuedRows {
  readonly columnCount: number;
  /** (N+1). */
  readonly offsets: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/** A·T, (N×D). */
export function plainRowProducts({ offsets, columns, values }: ValuedRows, table: Float64Array, D: number) {
  const sums = new Float64Array((offsets.length - 1) * D);
  for (let n = 0; n + 1 < offsets.length; n++) {
    for (let at = offsets[n]; at < offsets[n + 1]; at++) {
      addScaledInPlace(sums, n * D, table, columns[at] * D, D, values[at]);
    }
  }
  return sums;
}

/** Aᵀ·A·T, (F×D). */
export function plainGramProduct(rows: ValuedRows, table: Float64Array, D: number): Float64Array {
  const { offsets, columns, values } = rows;
  const product = new Float64Array(rows.columnCount * D);
  const sums = plainRowProducts(rows, table, D);
  for (let n = 0; n + 1 < offsets.length; n++) {
    for (let at = offsets[n]; at < offsets[n + 1]; at++) {
      addScaledInPlace(product, columns[at] * D, sums, n * D, D, values[at]);
    }
  }
  return product;
}

/** target[to..] += factor · source[from..], `length` long. */
export function addScaledInPlace(
  target: Float64Array,
  to: number,
  source: Float64Array,
  from: number,
  length: number,
  factor: number,
): void {
  for (let i = 0; i < length; i++) target[to + i] += factor * source[from + i];
}
