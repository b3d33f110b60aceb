/**
 * Users and features as points whose dot product is near 1 where the user has the feature and near 0 elsewhere, by
 * alternating least squares: with the features' points y fixed the users' points x have a closed form, and the reverse.
 *
 *   minimise  Σ c·(p − x·y)² + λ·(Σ‖x‖² + Σ‖y‖²)  over all U·F pairs,
 *   p = 1, c = 1 + α·idf·log2(1 + weight)  where the user has the feature,  p = 0, c = 1  where not.
 *
 * A row's equations are (YᵀY + λI + Σ (c−1)·yyᵀ)·x = Σ c·y, summed over what it has. With RᵀR = YᵀY + λI and ŷ = R⁻ᵀy
 * they read (I + Σ (c−1)·ŷŷᵀ)·x̂ = Σ c·ŷ, x = R⁻¹x̂: nearly the identity, and of as many other eigenvalues as the row has
 * features. So conjugate gradients solve them exactly in few steps, none of which costs D².
 *
 * Reference: Y. Hu, Y. Koren, C. Volinsky, "Collaborative filtering for implicit feedback datasets", 2008;
 *            G. Takács, I. Pilászy, D. Tikk, "Applications of the conjugate gradient method for implicit feedback
 *            collaborative filtering", 2011, who do without the change of coordinates.
 * Shapes:    rows (U×F), Y and its whitened form Ŷ (F×D), X (U×D), R (D×D) upper triangular; D is at most F/2.
 * Cost:      O(nnz·D·steps + (U+F)·D²) a half step, with 3 to 7 steps a row in the fit and 5 to 13 for a user's point.
 * Accuracy:  seeded and deterministic: each row is solved by itself, and sums run in the order of rows and columns. The
 *            seeded start is dealt out in the order of the columns, so features of other names end elsewhere.
 */
import type { Embedding, FactorModel } from '../features/embedding.ts';
import { placesOf } from '../features/feature-vector.ts';
import type { Shard } from '../features/shard.ts';
import {
  firstEqualRows,
  renumberColumns,
  rowCountOf,
  type SparseMatrix,
  selectRows,
  transpose,
} from '../features/sparse-matrix.ts';
import { seededRandom } from '../random.ts';
import { choleskyFactor, columnProducts, divideColumnInPlace, divideRowsInPlace } from './cholesky.ts';
import { inverseFrequencies } from './truncated-svd.ts';

export interface AlsSettings {
  /** λ/√U: how strongly points are drawn to zero. It takes λ off each singular value, and those grow as √U. Above 0. */
  readonly regularization: number;
  /** α: how much more than its absence a feature's presence counts. */
  readonly confidence: number;
  readonly iterations: number;
}

/** One choice for all kinds of populations, by mean cosine; more iterations win on some what they lose on others. */
export const ALS_SETTINGS: AlsSettings = { regularization: 0.06, confidence: 5, iterations: 5 };

/** How much of a row's right side may be left: an iteration goes on from there anyway, a user's point is final. */
const FIT_TOLERANCE = 1e-3;
const POINT_TOLERANCE = 1e-12;

/**
 * YᵀY of the start, in penalties: little, so that the leading directions come first, as in subspace iteration; with less
 * still, only one comes. Ten times as much, or a third, cost less than 0.02 of AUC.
 */
const START = 0.01;

/** Of numbers spread evenly over a length of 1. */
const VARIANCE = 1 / 12;

/** A user of whose features no larger share is explained by his point is nowhere: they cancel, and rounding is left. */
const NOWHERE = 1e-12;

/** In exact arithmetic D steps suffice; rounding asks for some more where confidences are very large. */
const STEPS_PER_DIMENSION = 4;

/** What the logarithm makes of the largest weight that float32 holds, and of any that it does not. */
const MOST_BITS = 128;

/** The square of a length that is none: below, squares of float64 begin to lose their digits. */
const VANISHED = 1e-280;

/** Fits on the users of one shard, in the order of their ids. */
export function fitImplicitAls(
  shard: Shard,
  wantedDimensions: number,
  seed: number,
  settings: AlsSettings = ALS_SETTINGS,
): FactorModel {
  const featureCount = shard.features.length;
  const dimensions = Math.max(1, Math.min(wantedDimensions, Math.floor(featureCount / 2)));
  const idf = { features: shard.features, values: inverseFrequencies(shard.rows) };
  const penalty = settings.regularization * Math.sqrt(Math.max(1, rowCountOf(shard.rows)));
  const { rows, roots } = distinctRows(shard.rows);
  const users = addedConfidences(rows, idf.values, settings.confidence);
  const features = transpose(users);
  const random = seededRandom(seed);
  const spread = Math.sqrt((START * penalty) / (VARIANCE * featureCount));
  let y: Float64Array = Float64Array.from({ length: featureCount * dimensions }, () => spread * (random() - 1 / 2));
  for (let t = 0; t < settings.iterations; t++) {
    y = bestPoints(features, bestPoints(users, y, dimensions, penalty), dimensions, penalty, roots);
  }
  return { dimensions, idf, confidence: settings.confidence, ...whiten(y, dimensions, penalty) };
}

/** Each row of the shard as a unit vector, or zero; features the model never saw count for nothing. */
export function embedUsersByAls(shard: Shard, model: FactorModel): Embedding {
  const D = model.dimensions;
  const rows = knownRows(shard, model);
  const vectors = new Float32Array(rowCountOf(rows) * D);
  const lengths = new Float32Array(rowCountOf(rows));
  const solve = rowSolver(rows, model.whitened, D, POINT_TOLERANCE);
  const firsts = firstEqualRows(rows);
  for (let u = 0; u < lengths.length; u++) {
    const first = firsts[u];
    if (first < u) {
      lengths[u] = lengths[first];
      vectors.copyWithin(u * D, first * D, first * D + D);
      continue;
    }
    const x = userPoint(rows, model, solve, u);
    const norm = Math.sqrt(dot(x, x, 0, D));
    lengths[u] = norm;
    if (lengths[u] === 0) continue;
    for (let d = 0; d < D; d++) vectors[u * D + d] = x[d] / norm;
  }
  return { dimensions: D, vectors, lengths, model };
}

/**
 * What each feature of one row adds to the dot product of its point with a direction: a point is R⁻¹M⁻¹·Σ c·ŷ, M being
 * the row's own matrix, so the dot product is the sum of c·ŷ·(M⁻¹R⁻ᵀ·direction).
 */
export function alsFeatureParts(
  shard: Shard,
  model: FactorModel,
  direction: ArrayLike<number>,
  row: number,
): (readonly [number, number])[] {
  const { dimensions: D, whitened: factors, triangle } = model;
  const one = knownRows({ ...shard, rows: selectRows(shard.rows, [row]) }, model);
  const solve = rowSolver(one, factors, D, POINT_TOLERANCE);
  const x = userPoint(one, model, solve, 0);
  const norm = Math.sqrt(dot(x, x, 0, D));
  if (Math.fround(norm) === 0) return [];
  const turned = Float64Array.from(direction);
  divideRowsInPlace(turned, triangle, 1, D);
  const share = solve(0, turned);
  const columnAt = placesOf(model.idf.features, shard.features);
  return Array.from(
    one.columns,
    (f, at) => [columnAt[f], (confidenceAt(one, at) * dot(share, factors, f * D, D)) / norm] as const,
  );
}

/**
 * The points (U×D) of rows that fit them best, given those of the columns (F×D); the rows' weights are c − 1. A column that
 * stands for m equal ones gives √m in `roots` (F).
 */
export function bestPoints(
  rows: SparseMatrix,
  columnPoints: Float64Array,
  D: number,
  penalty: number,
  roots?: Float64Array,
): Float64Array {
  const { whitened: factors, triangle } = whiten(columnPoints, D, penalty, roots);
  const points = new Float64Array(rowCountOf(rows) * D);
  const solve = rowSolver(rows, factors, D, FIT_TOLERANCE);
  for (let u = 0; u < rowCountOf(rows); u++) {
    const x = solve(u, pullOf(rows, factors, D, u, roots));
    divideColumnInPlace(x, triangle, D);
    points.set(x, u * D);
  }
  return points;
}

/** Each row once, and the root of how many are like it, (rows). */
function distinctRows(matrix: SparseMatrix): { readonly rows: SparseMatrix; readonly roots: Float64Array } {
  const firsts = firstEqualRows(matrix);
  const counts = new Float64Array(firsts.length);
  for (const first of firsts) counts[first]++;
  const kept = Uint32Array.from(firsts.keys()).filter((u) => counts[u] > 0);
  return { rows: selectRows(matrix, kept), roots: Float64Array.from(kept, (u) => Math.sqrt(counts[u])) };
}

/** x of one row (D), 0 where he is nowhere. The share of his features that it explains is Σ c·x·y / Σ c. */
function userPoint(rows: SparseMatrix, { dimensions: D, whitened, triangle }: FactorModel, solve: Solve, row: number) {
  const pull = pullOf(rows, whitened, D, row);
  const x = solve(row, pull).slice();
  let total = 0;
  for (let at = rows.offsets[row]; at < rows.offsets[row + 1]; at++) total += confidenceAt(rows, at);
  if (dot(x, pull, 0, D) <= NOWHERE * total) return x.fill(0);
  divideColumnInPlace(x, triangle, D);
  return x;
}

/** The rows in the model's columns, with c − 1 for weights. */
function knownRows({ rows, features }: Shard, { idf, confidence }: FactorModel): SparseMatrix {
  const known = renumberColumns(rows, placesOf(features, idf.features), idf.features.length);
  return addedConfidences(known, idf.values, confidence);
}

/**
 * The same rows with c − 1 for weights. The logarithm leaves a weight of 1 what it is, and keeps one user's thousand clicks
 * from outweighing a thousand users.
 */
function addedConfidences(rows: SparseMatrix, idf: Float64Array, confidence: number): SparseMatrix {
  const { columns, weights } = rows;
  const amountAt = (at: number) => (weights ? Math.min(MOST_BITS, Math.log2(1 + weights[at])) : 1);
  return { ...rows, weights: Float32Array.from(columns, (f, at) => confidence * idf[f] * amountAt(at)) };
}

function confidenceAt({ weights }: SparseMatrix, at: number): number {
  return 1 + (weights ? weights[at] : 1);
}

/** Points in the coordinates in which their products, with the penalty, are the identity; and the way back. */
function whiten(
  points: Float64Array,
  D: number,
  penalty: number,
  roots?: Float64Array,
): Pick<FactorModel, 'whitened' | 'triangle'> {
  const count = points.length / D;
  const turned = roots ? points.map((x, at) => x * roots[Math.floor(at / D)]) : points.slice();
  const products = columnProducts(turned, count, D);
  for (let d = 0; d < D; d++) products[d * D + d] += penalty;
  const triangle = choleskyFactor(products, D);
  divideRowsInPlace(turned, triangle, count, D);
  return { whitened: turned, triangle };
}

/** Σ c·ŷ over what a row has, (D): the right side of its equations. */
function pullOf(rows: SparseMatrix, factors: Float64Array, D: number, row: number, roots?: Float64Array): Float64Array {
  const pull = new Float64Array(D);
  for (let at = rows.offsets[row]; at < rows.offsets[row + 1]; at++) {
    const column = rows.columns[at];
    addScaledInPlace(pull, factors, column * D, D, confidenceAt(rows, at) * (roots ? roots[column] : 1));
  }
  return pull;
}

/** Gives x of (I + Σ (c−1)·ŷŷᵀ)·x = a right side for one row: the same array from call to call. */
type Solve = (row: number, right: Float64Array) => Float64Array;

function rowSolver(rows: SparseMatrix, factors: Float64Array, D: number, tolerance: number): Solve {
  const [x, rest, step, image] = Array.from({ length: 4 }, () => new Float64Array(D));
  return (row, right) => {
    x.fill(0);
    rest.set(right);
    step.set(right);
    let squares = dot(rest, rest, 0, D);
    const enough = Math.max(VANISHED, tolerance * tolerance * squares);
    for (let left = STEPS_PER_DIMENSION * D; left > 0 && squares > enough; left--) {
      applyInto(image, rows, factors, D, row, step);
      const stride = squares / dot(step, image, 0, D);
      addScaledInPlace(x, step, 0, D, stride);
      addScaledInPlace(rest, image, 0, D, -stride);
      const before = squares;
      squares = dot(rest, rest, 0, D);
      for (let d = 0; d < D; d++) step[d] = rest[d] + (squares / before) * step[d];
    }
    return x;
  };
}

/** image = (I + Σ (c−1)·ŷŷᵀ)·step. */
function applyInto(
  image: Float64Array,
  { offsets, columns, weights }: SparseMatrix,
  factors: Float64Array,
  D: number,
  row: number,
  step: Float64Array,
): void {
  image.set(step);
  for (let at = offsets[row]; at < offsets[row + 1]; at++) {
    const from = columns[at] * D;
    addScaledInPlace(image, factors, from, D, (weights ? weights[at] : 1) * dot(step, factors, from, D));
  }
}

/** target += factor · source[from..], `length` long. */
function addScaledInPlace(target: Float64Array, source: Float64Array, from: number, length: number, factor: number) {
  for (let i = 0; i < length; i++) target[i] += factor * source[from + i];
}

/** left · right[from..]: four sums side by side, as each addition to one would wait for the last. */
function dot(left: Float64Array, right: Float64Array, from: number, length: number): number {
  let [a, b, c, d, i] = [0, 0, 0, 0, 0];
  for (; i + 3 < length; i += 4) {
    a += left[i] * right[from + i];
    b += left[i + 1] * right[from + i + 1];
    c += left[i + 2] * right[from + i + 2];
    d += left[i + 3] * right[from + i + 3];
  }
  for (; i < length; i++) a += left[i] * right[from + i];
  return a + b + (c + d);
}
