/**
 * The look-alike attention scorer: a user against the clusters of an audience's seeds, as a whole and one by one.
 *
 * Reference: Liu et al., "Real-time Attention Based Look-alike Model (RALM)", 2019, §4.3. Untrained, the fully connected
 *            layer is the identity, W_l = I, w = 0: global attention is the centroids' mean, local softmax(tanh(E_sᵀ E_u)).
 * Shapes:    centroids (C×D); after the layer E_s (C×R), user E_u (R); score = 0.3·cos(E_u, E_global) + 0.7·cos(E_u, E_local).
 * Cost:      2·C·R + C² multiply–adds a user (C·R untrained), and D·R for the layer: with g = E_sᵀE_u, attention a and the
 *            Gram matrix G = E_sᵀE_s, cos(E_u, E_local) = a·g / (‖E_u‖·√(aᵀGa)), so that E_local is never built. Users are
 *            scored in blocks, a product for all of a block; what one is given does not depend on the others. Many users are
 *            scored in float32 (attention-scores.ts), of which this is the oracle.
 */
import { expTanhInPlace } from '../kernels/exp-tanh.ts';
import { addProduct, addProductWithTransposed } from '../kernels/matrix.ts';
import type { Numbers } from '../kernels/numbers.ts';

/** The paper's: how much of a score is likeness to the seeds as a whole; the rest is to kinds of them. */
export const GLOBAL_SHARE = 0.3;

/** A trained scorer: plain data. */
export interface AttentionWeights {
  readonly dimensions: number;
  readonly outputs: number;
  /** The paper's where it is absent. */
  readonly globalShare?: number | undefined;
  /** Into how many clusters seeds are put; the paper's 20 where it is absent. */
  readonly clusters?: number | undefined;
  /** The layer that both towers share, W (R×D). */
  readonly layer: Numbers;
  readonly layerBias: Numbers;
  /** PReLU's slope below 0, (1). */
  readonly slope: Numbers;
  /** W_l (R×R). */
  readonly local: Numbers;
  /** W_g (R×R). */
  readonly global: Numbers;
  /** w (R). */
  readonly globalQuery: Numbers;
}

/** What depends on the audience alone, computed once. */
export interface AttentionAudience {
  /** The layer that users pass before they are compared, if it is not the identity. */
  readonly layer?: AttentionWeights | undefined;
  /** R. */
  readonly dimensions: number;
  /** E_s (C×R). */
  readonly centroids: Float64Array;
  /** E_s·W_l (C×R). */
  readonly keys: Float64Array;
  /** Dot products of the centroids, (C×C). */
  readonly gram: Float64Array;
  /** What each centroid counts in E_global, (C); they sum to 1. */
  readonly globalAttention: Float64Array;
  /** ‖E_global‖. */
  readonly globalNorm: number;
  readonly globalShare: number;
}

/** Untrained without weights. Centroids (C×D). */
export function prepareAudience(
  centroids: Float64Array,
  dimensions: number,
  weights?: AttentionWeights,
): AttentionAudience {
  if (!weights) {
    const C = centroids.length / dimensions;
    return audienceOf(centroids, centroids, dimensions, new Float64Array(C).fill(1 / C));
  }
  if (weights.dimensions !== dimensions)
    throw new RangeError(
      `expected centroids of ${weights.dimensions} dimensions, as was learned of, got ${dimensions}`,
    );
  const R = weights.outputs;
  const seeds = tower(weights, centroids).out;
  const keys = new Float64Array(seeds.length);
  addProduct(keys, seeds, weights.local, seeds.length / R, R, R);
  const { globalShare = GLOBAL_SHARE } = weights;
  return { ...audienceOf(seeds, keys, R, selfAttention(weights, seeds).attention), layer: weights, globalShare };
}

function audienceOf(
  centroids: Float64Array,
  keys: Float64Array,
  dimensions: number,
  globalAttention: Float64Array,
): AttentionAudience {
  const C = globalAttention.length;
  const gram = new Float64Array(C * C);
  addProductWithTransposed(gram, centroids, centroids, C, dimensions, C);
  // Centroids that cancel leave a sum of rounding, on either side of 0.
  const globalNorm = Math.sqrt(Math.max(0, quadraticForm(globalAttention, gram)));
  return { dimensions, centroids, keys, gram, globalAttention, globalNorm, globalShare: GLOBAL_SHARE };
}

export interface Tower {
  /** Before the activation, (B×R). */
  readonly sums: Float64Array;
  /** After it. */
  readonly out: Float64Array;
}

/** The points (B×D) through the layer that both towers share. */
export function tower(weights: AttentionWeights, points: Numbers): Tower {
  const B = points.length / weights.dimensions;
  const sums = new Float64Array(B * weights.outputs);
  layerInPlace(sums, weights, points, B);
  const out = sums.slice();
  activateInPlace(out, weights.slope[0]);
  return { sums, out };
}

function layerInPlace(sums: Float64Array, weights: AttentionWeights, points: Numbers, B: number): void {
  const { dimensions: D, outputs: R, layer, layerBias } = weights;
  for (let row = 0; row < B; row++) for (let r = 0; r < R; r++) sums[row * R + r] = layerBias[r];
  addProductWithTransposed(sums, points, layer, B, D, R);
}

/** PReLU without a branch, because no processor foresees the sign of a sum: x + |x| is twice x or 0. */
function activateInPlace(values: Float64Array, slope: number): void {
  for (let at = 0; at < values.length; at++) {
    const size = Math.abs(values[at]);
    values[at] = 0.5 * (values[at] + size + slope * (values[at] - size));
  }
}

export interface SelfAttention {
  /** T (C×R). */
  readonly keys: Float64Array;
  /** (C); they sum to 1. */
  readonly attention: Float64Array;
}

/** The seeds' attention to themselves: what each centroid counts in the audience as a whole. */
export function selfAttention(
  { outputs: R, global, globalQuery }: AttentionWeights,
  seeds: Float64Array,
): SelfAttention {
  const C = seeds.length / R;
  const sums = new Float64Array(C * R);
  addProductWithTransposed(sums, seeds, global, C, R, R);
  const keys = sums.map(Math.tanh);
  const attention = new Float64Array(C);
  addProductWithTransposed(attention, keys, globalQuery, C, R, 1);
  softmaxInPlace(attention, 0, C);
  return { keys, attention };
}

/** aᵀ·G·a. */
function quadraticForm(a: Float64Array, gram: Float64Array): number {
  const C = a.length;
  let sum = 0;
  for (let i = 0; i < C; i++) for (let j = 0; j < C; j++) sum += a[i] * a[j] * gram[i * C + j];
  return sum;
}

/** So many users at once: their numbers then stay in the caches. */
const BLOCK_USERS = 256;

/** One score for each of the given rows of `vectors` (U×D), (N); 0 for the zero vector. Sums run in float64. */
export function preciseAttentionScores(
  audience: AttentionAudience,
  vectors: Float32Array,
  rows: Uint32Array,
): Float32Array {
  const C = audience.globalAttention.length;
  const block = blockFor(audience, Math.min(BLOCK_USERS, rows.length));
  const scores = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += BLOCK_USERS) {
    const some = rows.subarray(start, start + BLOCK_USERS);
    partsInPlace(block, audience, vectors, some);
    for (let n = 0; n < some.length; n++) {
      let score = 0;
      for (let c = 0; c < C; c++) score += block.parts[n * C + c];
      scores[start + n] = score;
    }
  }
  return scores;
}

/** What each cluster of seeds adds to the score of one row, (C); the parts sum to the score. */
export function clusterParts(audience: AttentionAudience, vectors: Float32Array, row: number): Float64Array {
  const block = blockFor(audience, 1);
  partsInPlace(block, audience, vectors, Uint32Array.of(row));
  return block.parts;
}

/** What a row's score is made of, and which cluster it is nearest to. */
export interface Attended {
  /** The centroid of the greatest cosine to the user, the first of several. */
  readonly nearest: number;
  /** The two parts of the score. */
  readonly global: number;
  readonly local: number;
}

/** Undefined for the zero vector, and where there are no clusters. */
export function attendedOf(audience: AttentionAudience, vectors: Float32Array, row: number): Attended | undefined {
  const { dimensions: R, gram, globalAttention, globalNorm, globalShare } = audience;
  const C = globalAttention.length;
  const block = blockFor(audience, 1);
  partsInPlace(block, audience, vectors, Uint32Array.of(row));
  if (C === 0 || isZeroAt(block.points, 0, block.points.length)) return undefined;
  const norm = Math.sqrt(squaresAt(block.users, 0, R)) * globalNorm;
  const global = norm > 0 ? (globalShare * dotAt(block.nearness, globalAttention, 0, C)) / norm : 0;
  const score = block.parts.reduce((sum, part) => sum + part, 0);
  const cosines = block.nearness.map((near, c) => near / Math.sqrt(Math.max(gram[c * C + c], Number.MIN_VALUE)));
  return { nearest: cosines.indexOf(cosines.reduce((most, x) => Math.max(most, x))), global, local: score - global };
}

/** What is computed of at most B users at a time; made once. */
interface ScoringBlock {
  /** (B×D). */
  readonly points: Float64Array;
  /** E_u (B×R): the points themselves where there is no layer. */
  readonly users: Float64Array;
  /** E_s·E_u (B×C). */
  readonly nearness: Float64Array;
  /** By the keys, and then e^tanh of it: the local attention but for its sum, which a cosine does not know, (B×C). */
  readonly attention: Float64Array;
  /** The attention times the Gram matrix, (B×C). */
  readonly mixtures: Float64Array;
  /** (B×C). */
  readonly parts: Float64Array;
}

function blockFor({ layer, dimensions: R, globalAttention }: AttentionAudience, B: number): ScoringBlock {
  const points = new Float64Array(B * (layer?.dimensions ?? R));
  const perCluster = () => new Float64Array(B * globalAttention.length);
  return {
    points,
    users: layer ? new Float64Array(B * R) : points,
    nearness: perCluster(),
    attention: perCluster(),
    mixtures: perCluster(),
    parts: perCluster(),
  };
}

function partsInPlace(
  block: ScoringBlock,
  audience: AttentionAudience,
  vectors: Float32Array,
  rows: Uint32Array,
): void {
  const { layer, dimensions: R, globalAttention, globalNorm, globalShare } = audience;
  const { points, users, nearness, attention, mixtures, parts } = block;
  const [B, C, D] = [rows.length, globalAttention.length, layer?.dimensions ?? R];
  gatherInPlace(points, vectors, rows, D);
  attendInPlace(block, audience, B);
  for (let n = 0; n < B; n++) {
    const norm = Math.sqrt(squaresAt(users, n, R));
    const isNowhere = isZeroAt(points, n, D);
    const localSquares = dotAt(attention, mixtures, n, C);
    const globalFactor = globalNorm * norm > 0 ? globalShare / (globalNorm * norm) : 0;
    const localFactor = localSquares > 0 && norm > 0 ? (1 - globalShare) / (Math.sqrt(localSquares) * norm) : 0;
    for (let c = 0; c < C; c++) {
      const at = n * C + c;
      parts[at] = isNowhere ? 0 : nearness[at] * (globalFactor * globalAttention[c] + localFactor * attention[at]);
    }
  }
}

/** From the points of a block to its attention and all that is a product. */
function attendInPlace(
  { points, users, nearness, attention, mixtures }: ScoringBlock,
  { layer, dimensions: R, centroids, keys, gram, globalAttention }: AttentionAudience,
  B: number,
): void {
  const C = globalAttention.length;
  if (layer) {
    layerInPlace(users, layer, points, B);
    activateInPlace(users, layer.slope[0]);
  }
  nearness.fill(0);
  addProductWithTransposed(nearness, users, centroids, B, R, C);
  if (keys === centroids) attention.set(nearness);
  else {
    attention.fill(0);
    addProductWithTransposed(attention, users, keys, B, R, C);
  }
  expTanhInPlace(attention);
  mixtures.fill(0);
  addProduct(mixtures, attention, gram, B, C, C);
}

/** The points of the given rows, (B×D). */
function gatherInPlace(points: Float64Array, vectors: Float32Array, rows: Uint32Array, D: number): void {
  for (let n = 0; n < rows.length; n++) {
    const from = rows[n] * D;
    for (let d = 0; d < D; d++) points[n * D + d] = vectors[from + d];
  }
}

function isZeroAt(matrix: Float64Array, row: number, width: number): boolean {
  for (let at = row * width; at < (row + 1) * width; at++) if (matrix[at] !== 0) return false;
  return true;
}

/** The sum of the squares of a row, in four parts that do not wait for each other. */
function squaresAt(matrix: Float64Array, row: number, width: number): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  let at = row * width;
  for (const end = at + width - (width % 4); at < end; at += 4) {
    first += matrix[at] * matrix[at];
    second += matrix[at + 1] * matrix[at + 1];
    third += matrix[at + 2] * matrix[at + 2];
    fourth += matrix[at + 3] * matrix[at + 3];
  }
  for (; at < (row + 1) * width; at++) first += matrix[at] * matrix[at];
  return first + second + (third + fourth);
}

/** Of the same row of two matrices. */
function dotAt(left: Float64Array, right: Float64Array, row: number, width: number): number {
  let sum = 0;
  for (let at = row * width; at < (row + 1) * width; at++) sum += left[at] * right[at];
  return sum;
}

/** Of so many numbers from a place on. */
export function softmaxInPlace(values: Float64Array, from: number, count: number): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (let at = from; at < from + count; at++) highest = Math.max(highest, values[at]);
  let sum = 0;
  for (let at = from; at < from + count; at++) {
    values[at] = Math.exp(values[at] - highest);
    sum += values[at];
  }
  for (let at = from; at < from + count; at++) values[at] /= sum;
}
