/**
 * A stack: one score out of several, each weighed by what it adds to the others.
 *
 * Reference: D. Wolpert, "Stacked generalization", 1992; L. Breiman, "Stacked regressions", 1996, for weights that are not
 *            negative: a score that speaks for people by its meaning may count for nothing, but not against them.
 * Shapes:    columns M of (N), standardised; rows to learn from; isPositive (N); weights (M), none below 0.
 * Cost:      one small regression, again for each column that is taken out for its negative weight.
 */
import { denseMatrix, type SparseMatrix } from '../features/sparse-matrix.ts';
import { fitLogisticRegression } from './logistic-regression.ts';

/**
 * C for so many positives. Few say little of how to weigh, and then the weights stay near what one step of the gradient
 * gives: in proportion to how high the positives stand in each column.
 */
export function stackStrength(positiveCount: number): number {
  return Math.min(0.1, Math.max(3e-4, 1e-5 * positiveCount));
}

export function fitStack(
  columns: readonly Float32Array[],
  rows: Uint32Array,
  isPositive: Uint8Array,
  strength: number,
): Float64Array {
  const M = columns.length;
  const matrix = denseRows(columns, rows);
  const positives = Float64Array.from(rows, (row) => isPositive[row]);
  const labels = { positives, others: positives.map((positive) => 1 - positive) };
  const rowFactors = new Float64Array(rows.length).fill(1);
  // A column that is taken out has the factor 0, and then a weight of 0.
  const columnFactors = new Float64Array(M).fill(1);
  const settings = { strength, tolerance: 1e-3 };
  let start: Float64Array | undefined;
  for (;;) {
    const { weights } = fitLogisticRegression({ matrix, rowFactors, columnFactors }, labels, settings, start);
    const lowest = columnFactors.reduce((low, _, m) => (weights[m] < weights[low] ? m : low), 0);
    if (M === 0 || weights[lowest] >= 0) return weights.slice(0, M);
    // One at a time: what is below 0 beside this column may be above without it.
    columnFactors[lowest] = 0;
    weights[lowest] = 0;
    start = weights;
  }
}

/** The sum of columns, each by its weight, (N). */
export function stackScores(columns: readonly Float32Array[], weights: Float64Array): Float32Array {
  const sums = new Float64Array(columns[0]?.length ?? 0);
  columns.forEach((column, m) => {
    if (weights[m] !== 0) for (let n = 0; n < sums.length; n++) sums[n] += weights[m] * column[n];
  });
  return Float32Array.from(sums);
}

function denseRows(columns: readonly Float32Array[], rows: Uint32Array): SparseMatrix {
  const M = columns.length;
  const values = new Float32Array(rows.length * M);
  rows.forEach((row, n) => {
    for (let m = 0; m < M; m++) values[n * M + m] = columns[m][row];
  });
  return denseMatrix(values, M);
}
