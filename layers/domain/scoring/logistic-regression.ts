/**
 * Logistic regression with an L2 penalty on sparse rows: which weights tell the positives from the others.
 *
 * Objective: ½‖w‖² + ½b² + C·Σ c_i·ln(1 + e^(−y_i·(w·x_i + b))), as LIBLINEAR has it (R.-E. Fan et al. 2008).
 * Reference: J. Nocedal, "Updating quasi-Newton matrices with limited storage", 1980 (L-BFGS, two-loop recursion), begun
 *            from the diagonal of the Hessian; D. C. Liu, J. Nocedal 1989 for its scale by the last step (their M3).
 * Shapes:    x (N×F) = rowFactors (N) · matrix · columnFactors (F), never written out; w (F), the bias last: (F+1).
 * Cost:      a sweep over the non-zeros a step, some 10 to 40 steps; a warm start needs a few, and where rows are many
 *            beside columns, some of them give one.
 * Accuracy:  ends where the gradient has fallen to `tolerance` of what it is where nothing is known but the base rate, so
 *            as near to the optimum wherever it was begun; or where rounding is all that is left to gain.
 */
import { type SparseMatrix, selectRows } from '../features/sparse-matrix.ts';
import { columnProducts, sweepRows } from '../kernels/sparse-kernel.ts';
import { addTimesInPlace, dot, timesEach } from '../kernels/vector.ts';

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
}

export interface Regression {
  /** (F+1): by scaled column, the bias last. */
  readonly weights: Float64Array;
  readonly steps: number;
}

/** So many past steps describe the curvature: with half as many, a quarter more steps are needed. */
const MEMORY = 20;

/** So far from overflow that one more factor of 2 is none. */
const LARGE = 2 ** 1000;

/** With so many of either label a column, a sixteenth of them tells about as much as all. */
const MANY_ROWS = 16;
const GUESS_STEP = 16;
const GUESS_TOLERANCE = 0.1;

/** Armijo's condition, and by how much a step that fails it is cut. */
const SUFFICIENT = 1e-4;
const BACKTRACK = 0.5;
const MAX_BACKTRACKS = 30;

export function fitLogisticRegression(
  rows: ScaledRows,
  counts: RowCounts,
  { strength, tolerance }: RegressionSettings,
  start?: Float64Array,
): Regression {
  const objective = new Objective(rows, counts, strength);
  const ignorant = objective.atBaseRate();
  const target = tolerance * norm(ignorant.gradient);
  let weights = start?.slice() ?? ignorant.weights;
  let { value, gradient } = objective.at(weights);
  let steps = 0;
  if (norm(gradient) <= target) return { weights, steps };
  const history = new CurvatureHistory(objective.hessianDiagonal());
  while (norm(gradient) > target) {
    const direction = history.descentFrom(gradient);
    const slope = dot(gradient, direction);
    let length = 1;
    let next = weights;
    let reached = { value: Number.POSITIVE_INFINITY, gradient };
    for (let attempt = 0; attempt < MAX_BACKTRACKS; attempt++, length *= BACKTRACK) {
      next = weights.slice();
      addTimesInPlace(next, length, direction);
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
  return { weights, steps };
}

/**
 * Where to begin: the weights by every sixteenth row, near those by all where both labels have many rows beside the columns;
 * undefined where they have not.
 */
export function guessWeights(
  { matrix, rowFactors, columnFactors }: ScaledRows,
  { positives, others }: RowCounts,
  { strength, tolerance }: RegressionSettings,
): Float64Array | undefined {
  if (Math.min(total(positives), total(others)) < MANY_ROWS * columnFactors.length) return undefined;
  const some = new Uint32Array(Math.floor(rowFactors.length / GUESS_STEP)).map((_, n) => n * GUESS_STEP);
  const pick = (numbers: Float64Array) => Float64Array.from(some, (row) => numbers[row]);
  const rows = { matrix: selectRows(matrix, some), rowFactors: pick(rowFactors), columnFactors };
  const counts = { positives: pick(positives), others: pick(others) };
  const settings = { strength: strength * GUESS_STEP, tolerance: Math.max(tolerance, GUESS_TOLERANCE) };
  return fitLogisticRegression(rows, counts, settings).weights;
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

  /** Where every row has the same odds: those of a positive, by one more of each, so that none of either is no infinity. */
  atBaseRate(): { weights: Float64Array; gradient: Float64Array } {
    const { matrix, rowFactors, columnFactors } = this.#rows;
    const { positives, others } = this.#counts;
    const F = columnFactors.length;
    const odds = (total(positives) + 1) / (total(others) + 1);
    const probability = odds / (1 + odds);
    const residuals = positives.map((positive, n) => probability * (positive + others[n]) - positive);
    const biasSum = total(residuals);
    const sums = columnProducts(matrix, timesEach(rowFactors, residuals));
    const weights = new Float64Array(F + 1);
    weights[F] = Math.log(odds);
    return { weights, gradient: this.#gradientOf(weights, sums, biasSum) };
  }

  at(weights: Float64Array): { value: number; gradient: Float64Array } {
    const { matrix, rowFactors, columnFactors } = this.#rows;
    const { positives, others } = this.#counts;
    const probabilities = this.#probabilities;
    const bias = weights[columnFactors.length];
    let [loss, biasSum, product] = [0, 0, 1];
    const sums = sweepRows(matrix, timesEach(columnFactors, weights), (products, from) => {
      for (let i = 0; i < products.length; i++) {
        const n = from + i;
        const margin = products[i] * rowFactors[n] + bias;
        const count = positives[n] + others[n];
        // 1 / (1 + e^−m) and ln(1 + e^m), without overflow.
        const small = Math.exp(-Math.abs(margin));
        const probability = (margin < 0 ? small : 1) / (1 + small);
        loss += (margin > 0 ? count : 0) * margin - positives[n] * margin;
        // The logarithm of a product costs one for hundreds of rows.
        if (count === 1) product *= 1 + small;
        else loss += count * Math.log(1 + small);
        if (product > LARGE) {
          loss += Math.log(product);
          product = 1;
        }
        const residual = count * probability - positives[n];
        biasSum += residual;
        probabilities[n] = probability;
        products[i] = residual * rowFactors[n];
      }
    });
    const value = dot(weights, weights) / 2 + this.#strength * (loss + Math.log(product));
    return { value, gradient: this.#gradientOf(weights, sums, biasSum) };
  }

  #gradientOf(weights: Float64Array, sums: Float64Array, biasSum: number): Float64Array {
    const { columnFactors } = this.#rows;
    const gradient = weights.slice();
    for (let f = 0; f < sums.length; f++) gradient[f] += this.#strength * sums[f] * columnFactors[f];
    gradient[columnFactors.length] += this.#strength * biasSum;
    return gradient;
  }

  /** At the point that was asked for last. */
  hessianDiagonal(): Float64Array {
    const { matrix, rowFactors, columnFactors } = this.#rows;
    const { positives, others } = this.#counts;
    const F = columnFactors.length;
    const curvatures = this.#probabilities.map((p, n) => (positives[n] + others[n]) * p * (1 - p));
    const sums = columnSquares(matrix, timesEach(timesEach(curvatures, rowFactors), rowFactors));
    const diagonal = new Float64Array(F + 1);
    for (let f = 0; f < F; f++) diagonal[f] = 1 + this.#strength * sums[f] * columnFactors[f] ** 2;
    diagonal[F] = 1 + this.#strength * total(curvatures);
    return diagonal;
  }
}

/** The last steps and how the gradient changed along them. */
class CurvatureHistory {
  readonly #diagonal: Float64Array;
  readonly #pairs: { readonly moved: Float64Array; readonly turned: Float64Array; readonly rho: number }[] = [];
  /** By how much the diagonal overstates the curvature along the last step. */
  #scale = 1;

  constructor(diagonal: Float64Array) {
    this.#diagonal = diagonal;
  }

  add(from: Float64Array, to: Float64Array, gradientFrom: Float64Array, gradientTo: Float64Array): void {
    const [moved, turned] = [to.slice(), gradientTo.slice()];
    addTimesInPlace(moved, -1, from);
    addTimesInPlace(turned, -1, gradientFrom);
    const curvature = dot(moved, turned);
    if (curvature <= 0) return;
    this.#pairs.push({ moved, turned, rho: 1 / curvature });
    if (this.#pairs.length > MEMORY) this.#pairs.shift();
    let turn = 0;
    for (let i = 0; i < turned.length; i++) turn += (turned[i] * turned[i]) / this.#diagonal[i];
    this.#scale = curvature / turn;
  }

  /** −H⁻¹·gradient, by the two-loop recursion. */
  descentFrom(gradient: Float64Array): Float64Array {
    const direction = gradient.map((g) => -g);
    const alphas: number[] = [];
    for (const { moved, turned, rho } of this.#pairs.toReversed()) {
      const alpha = rho * dot(moved, direction);
      alphas.push(alpha);
      addTimesInPlace(direction, -alpha, turned);
    }
    for (let i = 0; i < direction.length; i++) direction[i] *= this.#scale / this.#diagonal[i];
    for (const { moved, turned, rho } of this.#pairs) {
      addTimesInPlace(direction, (alphas.pop() ?? 0) - rho * dot(turned, direction), moved);
    }
    return direction;
  }
}

/** Of each column the sum of its entries' squares, each times its row's number, (F). */
function columnSquares(matrix: SparseMatrix, byRow: Float64Array): Float64Array {
  const { columnCount, offsets, columns, weights } = matrix;
  if (!weights) return columnProducts(matrix, byRow);
  const sums = new Float64Array(columnCount);
  for (let n = 0; n < byRow.length; n++) {
    for (let at = offsets[n]; at < offsets[n + 1]; at++) sums[columns[at]] += byRow[n] * weights[at] * weights[at];
  }
  return sums;
}

function total(numbers: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < numbers.length; n++) sum += numbers[n];
  return sum;
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}
