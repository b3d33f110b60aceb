/**
 * Users as points in few dimensions: idf-weighted unit rows A, projected on the leading right singular vectors, E = A·V.
 *
 * Reference: N. Halko, P. Martinsson, J. Tropp, "Finding structure with randomness", 2011 (subspace iteration, §4.5);
 *            S. Deerwester et al. 1990 for the use.
 * Shapes:    rows (U×F), V as loadings (F×D), E (U×D); D is 64, or F/2 where that is less.
 * Cost:      O(nnz·(D+p)) a step; up to 400 features the Gram matrix AᵀA is formed once and steps are dense.
 * Accuracy:  seeded and deterministic; sums run over users in the order of their rows, in float64.
 */
import type { Embedding, EmbeddingModel } from '../features/embedding.ts';
import { placesOf } from '../features/feature-vector.ts';
import type { Shard } from '../features/shard.ts';
import { rowCountOf, type SparseMatrix } from '../features/sparse-matrix.ts';
import { addProduct, addTransposedProduct } from '../kernels/matrix.ts';
import { addScaledInPlace, type ValuedRows } from '../kernels/plain-sparse-product.ts';
import { gramProduct, rowMultiplier } from '../kernels/sparse-product.ts';
import { type Random, seededRandom } from '../random.ts';
import { choleskyFactor, columnProducts, divideRowsInPlace } from './cholesky.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** More directions than are kept: they make the kept ones converge sooner. */
const OVERSAMPLING = 16;
const MAX_DENSE_FEATURES = 400;
/** Dense steps cost next to nothing, so they run on until the leading directions stand still. */
const DENSE_STEPS = 40;
/** The reference of docs/rankers.md has five. More converge on directions that are nearly alike, and rank worse. */
const SPARSE_STEPS = 5;

/** So often is the block made orthonormal again: each step squares the spread of its lengths, and float64 bears two. */
const STEPS_BETWEEN = 2;

/** A user of whose length no larger share lies along the kept directions is nowhere: what is left of him is rounding. */
const NOWHERE = 1e-6;

/** Fits on the users of all shards, in whatever order they are given; give them in the order of the ids. */
export function fitTruncatedSvd(shard: Shard, wantedDimensions: number, seed: number): EmbeddingModel {
  const featureCount = shard.features.length;
  const dimensions = Math.max(1, Math.min(wantedDimensions, Math.floor(featureCount / 2)));
  const idf = { features: shard.features, values: inverseFrequencies(shard.rows) };
  if (featureCount === 0) return { dimensions, idf, loadings: new Float64Array(0) };
  const rows = unitRows(shard.rows, idf.values);
  const width = Math.min(dimensions + OVERSAMPLING, featureCount);
  const isDense = featureCount <= MAX_DENSE_FEATURES;
  const apply: Gram = isDense ? denseGram(rows) : (block, size) => gramProduct(rows, block, size);
  const basis = leadingSubspace(apply, featureCount, width, isDense ? DENSE_STEPS : SPARSE_STEPS, seededRandom(seed));
  return { dimensions, idf, loadings: ritzVectors(apply, basis, featureCount, width, dimensions) };
}

/** So many users at once, which bounds the memory. */
const BLOCK_USERS = 8_192;

/** Each row of the shard as a unit vector, or zero; features the model never saw count for nothing. */
export function embedUsers(shard: Shard, model: EmbeddingModel): Embedding {
  const { dimensions: D, idf, loadings } = model;
  const places = placesOf(shard.features, idf.features);
  const count = rowCountOf(shard.rows);
  const vectors = new Float32Array(count * D);
  const lengths = new Float32Array(count);
  const multiply = rowMultiplier(loadings, idf.features.length, D);
  for (let start = 0; start < count; start += BLOCK_USERS) {
    const rows = knownRows(shard.rows, start, Math.min(start + BLOCK_USERS, count), places, idf.values);
    const sums = multiply(rows);
    for (let u = 0; u + 1 < rows.offsets.length; u++) {
      let squares = 0;
      for (let at = rows.offsets[u]; at < rows.offsets[u + 1]; at++) squares += rows.values[at] * rows.values[at];
      const norm = lengthAt(sums, u * D, D);
      if (norm <= NOWHERE * Math.sqrt(squares)) continue;
      lengths[start + u] = norm;
      for (let d = 0; d < D; d++) vectors[(start + u) * D + d] = sums[u * D + d] / norm;
    }
  }
  return { dimensions: D, vectors, lengths, model };
}

/** Some rows by the model's features, each entry times the idf of its feature. */
function knownRows(
  { offsets, columns, weights }: SparseMatrix,
  start: number,
  end: number,
  places: Int32Array,
  idf: Float64Array,
): ValuedRows {
  const known = new Uint32Array(end - start + 1);
  const knownColumns = new Uint32Array(offsets[end] - offsets[start]);
  const values = new Float64Array(knownColumns.length);
  let count = 0;
  for (let u = start; u < end; u++) {
    for (let at = offsets[u]; at < offsets[u + 1]; at++) {
      const f = places[columns[at]];
      if (f < 0) continue;
      knownColumns[count] = f;
      values[count] = idf[f] * (weights ? weights[at] : 1);
      count++;
    }
    known[u - start + 1] = count;
  }
  return { columnCount: idf.length, offsets: known, columns: knownColumns, values };
}

function lengthAt(values: Float64Array, from: number, count: number): number {
  let squares = 0;
  for (let at = from; at < from + count; at++) squares += values[at] * values[at];
  return Math.sqrt(squares);
}

/**
 * What each feature of one row adds to the dot product of its point with a direction: a point is the unit vector along
 * Σ idf·weight·loading over the features, so the dot product is a sum over features. Nothing for a user who is nowhere.
 */
export function featureParts(
  shard: Shard,
  { dimensions: D, idf, loadings }: EmbeddingModel,
  direction: Float64Array,
  row: number,
): (readonly [number, number])[] {
  const { offsets, columns, weights } = shard.rows;
  const placeOf = new Map(idf.features.map((feature, f) => [feature, f]));
  const point = new Float64Array(D);
  const parts: [number, number][] = [];
  let squares = 0;
  for (let at = offsets[row]; at < offsets[row + 1]; at++) {
    const f = placeOf.get(shard.features[columns[at]]);
    if (f === undefined) continue;
    const weight = idf.values[f] * (weights ? weights[at] : 1);
    squares += weight * weight;
    let amount = 0;
    for (let d = 0; d < D; d++) {
      point[d] += weight * loadings[f * D + d];
      amount += weight * loadings[f * D + d] * direction[d];
    }
    parts.push([columns[at], amount]);
  }
  const norm = Math.sqrt(point.reduce((total, x) => total + x * x, 0));
  if (norm <= NOWHERE * Math.sqrt(squares)) return [];
  return parts.map(([column, amount]) => [column, amount / norm] as const);
}

/** ln((U+1)/(df+1)): 0 for a feature that everybody has. */
export function inverseFrequencies({ columnCount, offsets, columns }: SparseMatrix): Float64Array {
  const frequencies = new Float64Array(columnCount);
  for (const f of columns) frequencies[f]++;
  return frequencies.map((df) => Math.log(offsets.length / (df + 1)));
}

function unitRows({ columnCount, offsets, columns, weights }: SparseMatrix, idf: Float64Array): ValuedRows {
  const values = Float64Array.from(columns, (f, at) => idf[f] * (weights ? weights[at] : 1));
  for (let u = 0; u + 1 < offsets.length; u++) {
    const row = values.subarray(offsets[u], offsets[u + 1]);
    const norm = Math.sqrt(row.reduce((squares, x) => squares + x * x, 0));
    if (norm > 0) for (let i = 0; i < row.length; i++) row[i] /= norm;
  }
  return { columnCount, offsets, columns, values };
}

/** Multiplies a block (F×width) by AᵀA. */
type Gram = (block: Float64Array, width: number) => Float64Array;

function denseGram({ columnCount: F, offsets, columns, values }: ValuedRows): Gram {
  const gram = new Float64Array(F * F);
  for (let u = 0; u + 1 < offsets.length; u++) {
    for (let i = offsets[u]; i < offsets[u + 1]; i++) {
      const row = columns[i] * F;
      for (let j = offsets[u]; j < offsets[u + 1]; j++) gram[row + columns[j]] += values[i] * values[j];
    }
  }
  return (block, width) => {
    const product = new Float64Array(F * width);
    for (let f = 0; f < F; f++) {
      for (let g = 0; g < F; g++) {
        if (gram[f * F + g] !== 0) addScaledInPlace(product, f * width, block, g * width, width, gram[f * F + g]);
      }
    }
    return product;
  };
}

/** Subspace iteration from seeded random directions: an orthonormal block (F×width). */
function leadingSubspace(
  apply: Gram,
  featureCount: number,
  width: number,
  steps: number,
  random: Random,
): Float64Array {
  let block: Float64Array = Float64Array.from({ length: featureCount * width }, () => random() + random() - 1);
  for (let step = 1; step <= steps; step++) {
    block = apply(block, width);
    if (step % STEPS_BETWEEN === 0) orthonormalizeInPlace(block, featureCount, width);
  }
  // Once more, because one pass leaves directions that are orthogonal only nearly.
  orthonormalizeInPlace(block, featureCount, width);
  return block;
}

/**
 * Makes a block's columns orthonormal by the Cholesky factor of their products (CholeskyQR), which walks through the
 * block row by row; a column that depends on those before it becomes 0.
 */
function orthonormalizeInPlace(block: Float64Array, rowCount: number, width: number): void {
  const factor = choleskyFactor(columnProducts(block, rowCount, width), width);
  divideRowsInPlace(block, factor, rowCount, width);
}

/** The best approximate eigenvectors within the subspace, the largest first: loadings (F×D). */
function ritzVectors(apply: Gram, basis: Float64Array, F: number, width: number, D: number): Float64Array {
  const image = apply(basis, width);
  const small = new Float64Array(width * width);
  addTransposedProduct(small, basis, image, F, width, width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (small[i * width + j] + small[j * width + i]) / 2;
      small[i * width + j] = mean;
      small[j * width + i] = mean;
    }
  }
  const { vectors } = symmetricEigen(small, width);
  const loadings = new Float64Array(F * D);
  const mixture = new Float64Array(width * D);
  for (let d = 0; d < D; d++) for (let i = 0; i < width; i++) mixture[i * D + d] = vectors[d * width + i];
  addProduct(loadings, basis, mixture, F, width, D);
  fixSignsInPlace(loadings, D);
  return loadings;
}

/** The largest entry of each direction is made positive: a direction and its opposite are the same, so one is chosen. */
function fixSignsInPlace(loadings: Float64Array, D: number): void {
  for (let d = 0; d < D; d++) {
    let peak = d;
    for (let at = d; at < loadings.length; at += D) if (Math.abs(loadings[at]) > Math.abs(loadings[peak])) peak = at;
    if (loadings[peak] < 0) for (let at = d; at < loadings.length; at += D) loadings[at] = -loadings[at];
  }
}
