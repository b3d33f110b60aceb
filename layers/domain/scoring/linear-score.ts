/**
 * Scores that are a sum over a user's features, each with a weight of its own.
 *
 * Shapes: columnWeights (F), rows (N) row numbers, scores (N).
 * Cost:   one multiply–add a feature of a user; sums run in float64 in the order of the names, so they are repeatable.
 */
import type { SparseMatrix } from '../features/sparse-matrix.ts';

export function linearScores(matrix: SparseMatrix, columnWeights: Float64Array, rows: Uint32Array): Float32Array {
  const { offsets, columns, weights } = matrix;
  const scores = new Float32Array(rows.length);
  for (let n = 0; n < rows.length; n++) {
    let sum = 0;
    for (let at = offsets[rows[n]]; at < offsets[rows[n] + 1]; at++) {
      sum += columnWeights[columns[at]] * (weights ? weights[at] : 1);
    }
    scores[n] = sum;
  }
  return finiteInPlace(scores);
}

/** The largest float32. */
const MOST = (2 - 2 ** -23) * 2 ** 127;

/** What is beyond float32 as the most that it holds: weights of 10¹⁵ beside weights of 10⁻³⁰ are legal. */
export function finiteInPlace(scores: Float32Array): Float32Array {
  for (let n = 0; n < scores.length; n++) {
    if (!Number.isFinite(scores[n])) scores[n] = Math.sign(scores[n]) * MOST;
  }
  return scores;
}

/** What each feature of one row adds to its linear score: pairs of column and amount. */
export function linearParts(
  matrix: SparseMatrix,
  columnWeights: Float64Array,
  row: number,
): (readonly [number, number])[] {
  const { offsets, columns, weights } = matrix;
  return Array.from({ length: offsets[row + 1] - offsets[row] }, (_, i) => {
    const at = offsets[row] + i;
    return [columns[at], columnWeights[columns[at]] * (weights ? weights[at] : 1)] as const;
  });
}
