/**
 * Logistic regression with an L2 penalty on sparse rows: which weights tell the positives from the others.
 *
 * Objective: ½‖w‖² + ½b² + C·Σ c_i·ln(1 + e^(−y_i·(w·x_i + b))), as LIBLINEAR has it (R.-E. Fan et al. 2008).
 * Reference: J. Nocedal, "Updating quasi-Newton matrices with limited storage", 1980 (L-BFGS, two-loop recursion), begun
 *            from the diagonal of the Hessian.
 * Shapes:    x (N×F) = rowFactors (N) · matrix · columnFactors (F), never written out; w (F), the bias last: (F+1).
 * Cost:      two passes over the non-zeros a step, some 20 to 60 steps; a warm start needs a few.
 * Accuracy:  stops when the gradient has fallen to `tolerance` of what it is where nothing is known but the base rate, so
 *            a fit ends as near to the optimum wherever it was begun.
 */
import type { SparseMatrix } from '../features/sparse-matrix.ts';

/** Rows as the regression sees them: each entry of the matrix times the factors of its row and its column. */
export interface ScaledRows {
  readonly matrix: SparseMatrix;
  readonly rowFactors: Float64Array;
  readonly columnFactors: Float64Array;
}

/** How many positives and others each row stands for, (N) each: equal rows are told once. */
export interface RowCounts {
  readonly positives: Float64Array;
  readonly others: Float64Array;
}

export interface RegressionSettings {
  /** C: how much the data count against the penalty. */
  readonly strength: number;
  /** The share at which to stop of the gradient where nothing is known but the base rate. */
  readonly tolerance: number;
  readonly maxSteps: number;
}

export interface Regression {
  /** (F+1): by scaled column, the bias last. */
  readonly weights: Float64Array;
  readonly steps: number;
  readonly hasConverged: boolean;
}

/** So many past steps describe the curvature. */
const MEMORY = 10;

/** Armijo's condition, and by how much a step that fails it is cut. */
const SUFFICIENT = 1e-4;
const BACKTRACK = 0.5;
const MAX_BACKTRACKS = 30;

export function fitLogisticRegression(
  rows: ScaledRows,
  counts: RowCounts,
  { strength, tolerance, maxSteps }: RegressionSettings,
  start?: Float64Array,
): Regression {
  const F = rows.columnFactors.length;
  const objective = new Objective(rows, counts, strength);
  const ignorant = new Float64Array(F + 1);
  ignorant[F] = logOddsOf(counts);
  const target = tolerance * norm(objective.at(ignorant).gradient);
  let weights = start?.slice() ?? ignorant;
  let { value, gradient } = objective.at(weights);
  const inverseDiagonal = objective.hessianDiagonal().map((h) => 1 / h);
  const history = new CurvatureHistory(inverseDiagonal);
  let steps = 0;
  while (norm(gradient) > target && steps < maxSteps) {
    const direction = history.descentFrom(gradient);
    const slope = dot(gradient, direction);
    let length = 1;
    let next = weights;
    let reached = { value: Number.POSITIVE_INFINITY, gradient };
    for (let attempt = 0; attempt < MAX_BACKTRACKS; attempt++, length *= BACKTRACK) {
      next = weights.map((w, i) => w + length * direction[i]);
      reached = objective.at(next);
      if (reached.value <= value + SUFFICIENT * length * slope) break;
    }
    // Rounding is all that is left to gain.
    if (!(reached.value < value)) break;
    history.add(weights, next, gradient, reached.gradient);
    weights = next;
    ({ value, gradient } = reached);
    steps++;
  }
  return { weights, steps, hasConverged: norm(gradient) <= target };
}

/** Of a positive, where nothing is known of a row: by one more of each, so that none of either is no infinity. */
function logOddsOf({ positives, others }: RowCounts): number {
  const sum = (counts: Float64Array) => counts.reduce((total, count) => total + count, 0);
  return Math.log((sum(positives) + 1) / (sum(others) + 1));
}

/** The objective and its gradient; each call leaves the probabilities of its point for `hessianDiagonal`. */
class Objective {
  readonly #rows: ScaledRows;
  readonly #counts: RowCounts;
  readonly #strength: number;
  readonly #probabilities: Float64Array;

  constructor(rows: ScaledRows, counts: RowCounts, strength: number) {
    this.#rows = rows;
    this.#counts = counts;
    this.#strength = strength;
    this.#probabilities = new Float64Array(rows.rowFactors.length);
  }

  at(weights: Float64Array): { value: number; gradient: Float64Array } {
    const { rowFactors, columnFactors } = this.#rows;
    const { positives, others } = this.#counts;
    const F = columnFactors.length;
    const margins = this.#rowSums(columnFactors.map((factor, f) => factor * weights[f]));
    const residuals = new Float64Array(margins.length);
    let loss = 0;
    let biasSum = 0;
    for (let n = 0; n < margins.length; n++) {
      const margin = margins[n] * rowFactors[n] + weights[F];
      const count = positives[n] + others[n];
      const probability = 1 / (1 + Math.exp(-margin));
      this.#probabilities[n] = probability;
      loss += count * softplus(margin) - positives[n] * margin;
      const residual = count * probability - positives[n];
      biasSum += residual;
      residuals[n] = residual * rowFactors[n];
    }
    const sums = this.#columnSums(residuals);
    const gradient = new Float64Array(F + 1);
    for (let f = 0; f <= F; f++) {
      gradient[f] = weights[f] + this.#strength * (f < F ? sums[f] * columnFactors[f] : biasSum);
    }
    return { value: dot(weights, weights) / 2 + this.#strength * loss, gradient };
  }

  /** Of each row the sum of its entries, each times its column's number, (N). */
  #rowSums(byColumn: Float64Array): Float64Array {
    const { offsets, columns, weights } = this.#rows.matrix;
    const sums = new Float64Array(offsets.length - 1);
    for (let n = 0; n < sums.length; n++) {
      let sum = 0;
      if (weights) for (let at = offsets[n]; at < offsets[n + 1]; at++) sum += byColumn[columns[at]] * weights[at];
      else for (let at = offsets[n]; at < offsets[n + 1]; at++) sum += byColumn[columns[at]];
      sums[n] = sum;
    }
    return sums;
  }

  /** Of each column the sum of its entries, each times its row's number, (F). */
  #columnSums(byRow: Float64Array): Float64Array {
    const { offsets, columns, weights, columnCount } = this.#rows.matrix;
    const sums = new Float64Array(columnCount);
    for (let n = 0; n < byRow.length; n++) {
      const amount = byRow[n];
      if (weights) for (let at = offsets[n]; at < offsets[n + 1]; at++) sums[columns[at]] += amount * weights[at];
      else for (let at = offsets[n]; at < offsets[n + 1]; at++) sums[columns[at]] += amount;
    }
    return sums;
  }

  /** At the point that was asked for last. */
  hessianDiagonal(): Float64Array {
    const { matrix, rowFactors, columnFactors } = this.#rows;
    const { offsets, columns, weights: amounts } = matrix;
    const { positives, others } = this.#counts;
    const F = columnFactors.length;
    const diagonal = new Float64Array(F + 1);
    for (let n = 0; n < rowFactors.length; n++) {
      const p = this.#probabilities[n];
      const curvature = (positives[n] + others[n]) * p * (1 - p);
      diagonal[F] += curvature;
      const share = curvature * rowFactors[n] * rowFactors[n];
      for (let at = offsets[n]; at < offsets[n + 1]; at++) {
        diagonal[columns[at]] += share * (amounts ? amounts[at] * amounts[at] : 1);
      }
    }
    return diagonal.map((sum, f) => 1 + this.#strength * sum * (f < F ? columnFactors[f] ** 2 : 1));
  }
}

/** ln(1 + e^m), without overflow. */
function softplus(margin: number): number {
  return Math.max(margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
}

/** The last steps and how the gradient changed along them. */
class CurvatureHistory {
  readonly #inverseDiagonal: Float64Array;
  readonly #pairs: { readonly moved: Float64Array; readonly turned: Float64Array; readonly rho: number }[] = [];

  constructor(inverseDiagonal: Float64Array) {
    this.#inverseDiagonal = inverseDiagonal;
  }

  add(from: Float64Array, to: Float64Array, gradientFrom: Float64Array, gradientTo: Float64Array): void {
    const moved = to.map((x, i) => x - from[i]);
    const turned = gradientTo.map((x, i) => x - gradientFrom[i]);
    const curvature = dot(moved, turned);
    if (curvature <= 0) return;
    this.#pairs.push({ moved, turned, rho: 1 / curvature });
    if (this.#pairs.length > MEMORY) this.#pairs.shift();
  }

  /** −H⁻¹·gradient, by the two-loop recursion. */
  descentFrom(gradient: Float64Array): Float64Array {
    const direction = gradient.map((g) => -g);
    const alphas: number[] = [];
    for (const { moved, turned, rho } of this.#pairs.toReversed()) {
      const alpha = rho * dot(moved, direction);
      alphas.push(alpha);
      for (let i = 0; i < direction.length; i++) direction[i] -= alpha * turned[i];
    }
    for (let i = 0; i < direction.length; i++) direction[i] *= this.#inverseDiagonal[i];
    for (const { moved, turned, rho } of this.#pairs) {
      const correction = (alphas.pop() ?? 0) - rho * dot(turned, direction);
      for (let i = 0; i < direction.length; i++) direction[i] += correction * moved[i];
    }
    return direction;
  }
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < left.length; i++) sum += left[i] * right[i];
  return sum;
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}
