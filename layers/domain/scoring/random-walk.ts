/**
 * Random walks between users and features: from the seeds to what they have, and on to who else has it.
 *
 * Reference: C. Cooper, S. Lee, T. Radzik, Y. Siantos, "Random walks in recommender systems", 2014 (P³): here from a set of
 *            users to users. One round is features weighed by the share of seeds among those who have them.
 * Shapes:    mass (N) is what a user has at the start; weights (F) by scaled column.
 * Cost:      two passes over the non-zeros a round.
 */
import type { ScaledRows } from './logistic-regression.ts';

/** So many users of no mass are added to each feature: what one user alone has says little. */
const PRIOR_USERS = 1;

/** The mean mass of the users who have a feature, each counted by his or her row factor, (F). */
export function walkToFeatures({ matrix, rowFactors }: ScaledRows, mass: ArrayLike<number>): Float64Array {
  const { offsets, columns, columnCount } = matrix;
  const sums = new Float64Array(columnCount);
  const counts = new Float64Array(columnCount).fill(PRIOR_USERS);
  for (let u = 0; u < rowFactors.length; u++) {
    const factor = rowFactors[u];
    for (let at = offsets[u]; at < offsets[u + 1]; at++) {
      sums[columns[at]] += factor * mass[u];
      counts[columns[at]] += factor;
    }
  }
  return sums.map((sum, f) => sum / counts[f]);
}
