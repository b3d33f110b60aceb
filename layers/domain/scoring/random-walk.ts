/**
 * Random walks between users and features: from the seeds to what they have, and on to who else has it.
 *
 * Reference: C. Cooper, S. Lee, T. Radzik, Y. Siantos, "Random walks in recommender systems", 2014 (P³): here from a set of
 *            users to users. One round is features weighed by the share of seeds among those who have them.
 * Shapes:    mass (N) is what a user has at the start; weights (F) by scaled column.
 * Cost:      two passes over the non-zeros a round.
 */
import { columnProducts } from '../kernels/sparse-kernel.ts';
import { timesEach } from '../kernels/vector.ts';
import type { ScaledRows } from './logistic-regression.ts';

/** So many users of no mass are added to each feature: what one user alone has says little. */
const PRIOR_USERS = 1;

/**
 * The mean mass of the users who have a feature, each counted by his or her amount and row factor, (F). A row may stand
 * for several users of the same mean mass: `userCounts` (N) says for how many.
 */
export function walkToFeatures(
  { matrix, rowFactors }: ScaledRows,
  mass: ArrayLike<number>,
  userCounts?: Float64Array,
): Float64Array {
  const amounts = userCounts ? timesEach(rowFactors, userCounts) : rowFactors;
  const sums = columnProducts(
    matrix,
    amounts.map((amount, u) => amount * mass[u]),
  );
  const counts = columnProducts(matrix, amounts);
  return sums.map((sum, f) => sum / (PRIOR_USERS + counts[f]));
}
