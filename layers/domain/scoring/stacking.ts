/**
 * A stack: one score out of several, each weighed by what it adds to the others.
 *
 * Reference: D. Wolpert, "Stacked generalization", 1992; L. Breiman, "Stacked regressions", 1996, for weights that are not
 *            negative: a score that speaks for people by its meaning may count for nothing, but not against them.
 * Shapes:    columns M of (N), standardised; rows to learn from; isPositive (N); weights (M), none below 0.
 * Cost:      one small regression, again for each column that is taken out for its negative weight.
 */
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
  const weights = new Float64Array(columns.length);
  let kept = [...columns.keys()];
  while (kept.length > 0) {
    const fitted = fitDense(
      kept.map((m) => columns[m]),
      rows,
      isPositive,
      strength,
    );
    const lowest = kept.reduce((low, _, i) => (fitted[i] < fitted[low] ? i : low), 0);
    if (fitted[lowest] >= 0) {
      kept.forEach((m, i) => {
        weights[m] = fitted[i];
      });
      return weights;
    }
    // One at a time: what is below 0 beside this column may be above without it.
    kept = kept.filter((_, i) => i !== lowest);
  }
  return weights;
}

/** The sum of columns, each by its weight, (N). */
export function stackScores(columns: readonly Float32Array[], weights: Float64Array): Float32Array {
  const sums = new Float64Array(columns[0]?.length ?? 0);
  columns.forEach((column, m) => {
    if (weights[m] !== 0) for (let n = 0; n < sums.length; n++) sums[n] += weights[m] * column[n];
  });
  return Float32Array.from(sums);
}

function fitDense(columns: readonly Float32Array[], rows: Uint32Array, isPositive: Uint8Array, strength: number) {
  const M = columns.length;
  const values = new Float32Array(rows.length * M);
  rows.forEach((row, n) => {
    for (let m = 0; m < M; m++) values[n * M + m] = columns[m][row];
  });
  const matrix = {
    columnCount: M,
    offsets: Uint32Array.from({ length: rows.length + 1 }, (_, n) => n * M),
    columns: Uint32Array.from(values, (_, at) => at % M),
    weights: values,
  };
  const positives = Float64Array.from(rows, (row) => isPositive[row]);
  return fitLogisticRegression(
    { matrix, rowFactors: new Float64Array(rows.length).fill(1), columnFactors: new Float64Array(M).fill(1) },
    { positives, others: positives.map((positive) => 1 - positive) },
    { strength, tolerance: 1e-3, maxSteps: 200 },
  ).weights;
}
