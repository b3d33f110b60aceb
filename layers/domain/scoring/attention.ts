/**
 * The look-alike attention scorer: a user against the clusters of an audience's seeds, as a whole and one by one.
 *
 * Reference: Liu et al., "Real-time Attention Based Look-alike Model (RALM)", 2019, §4.3. Untrained, the fully connected
 *            layer is the identity, W_l = I, w = 0: global attention is the centroids' mean, local softmax(tanh(E_sᵀ E_u)).
 * Shapes:    centroids (C×D); after the layer E_s (C×R), user E_u (R); score = 0.3·cos(E_u, E_global) + 0.7·cos(E_u, E_local).
 * Cost:      2·C·R + C² multiply–adds a user (C·R untrained), and D·R for the layer: with g = E_sᵀE_u, attention a and the
 *            Gram matrix G = E_sᵀE_s, cos(E_u, E_local) = a·g / (‖E_u‖·√(aᵀGa)), so that E_local is never built.
 */
import { addProduct, addProductWithTransposed } from '../kernels/matrix.ts';
import type { Numbers } from '../kernels/numbers.ts';

export const GLOBAL_SHARE = 0.3;
export const LOCAL_SHARE = 0.7;

/** A trained scorer: plain data. */
export interface AttentionWeights {
  readonly dimensions: number;
  readonly outputs: number;
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
  const R = weights.outputs;
  const seeds = tower(weights, centroids).out;
  const keys = new Float64Array(seeds.length);
  addProduct(keys, seeds, weights.local, seeds.length / R, R, R);
  return { ...audienceOf(seeds, keys, R, selfAttention(weights, seeds).attention), layer: weights };
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
  return { dimensions, centroids, keys, gram, globalAttention, globalNorm };
}

export interface Tower {
  /** Before the activation, (B×R). */
  readonly sums: Float64Array;
  /** After it. */
  readonly out: Float64Array;
}

/** The points (B×D) through the layer that both towers share. */
export function tower(
  { dimensions: D, outputs: R, layer, layerBias, slope }: AttentionWeights,
  points: Numbers,
): Tower {
  const B = points.length / D;
  const sums = new Float64Array(B * R);
  for (let row = 0; row < B; row++) sums.set(layerBias, row * R);
  addProductWithTransposed(sums, points, layer, B, D, R);
  return { sums, out: sums.map((sum) => (sum > 0 ? sum : slope[0] * sum)) };
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
  const scores = new Float64Array(C);
  addProductWithTransposed(scores, keys, globalQuery, C, R, 1);
  return { keys, attention: softmax(scores) };
}

/** aᵀ·G·a. */
function quadraticForm(a: Float64Array, gram: Float64Array): number {
  const C = a.length;
  let sum = 0;
  for (let i = 0; i < C; i++) for (let j = 0; j < C; j++) sum += a[i] * a[j] * gram[i * C + j];
  return sum;
}

/** One score for each of the given rows of `vectors` (U×D), (N); 0 for the zero vector. */
export function attentionScores(audience: AttentionAudience, vectors: Float32Array, rows: Uint32Array): Float32Array {
  return Float32Array.from(rows, (row) => clusterParts(audience, vectors, row).reduce((sum, part) => sum + part, 0));
}

/** What each cluster of seeds adds to the score of one row, (C); the parts sum to the score. */
export function clusterParts(audience: AttentionAudience, vectors: Float32Array, row: number): Float64Array {
  const { layer, dimensions: R, centroids, keys, gram, globalAttention, globalNorm } = audience;
  const C = globalAttention.length;
  const D = layer?.dimensions ?? R;
  const point = vectors.subarray(row * D, row * D + D);
  const nearness = new Float64Array(C);
  if (point.every((x) => x === 0)) return nearness;
  const user = layer ? tower(layer, point).out : Float64Array.from(point);
  const norm = Math.sqrt(user.reduce((sum, x) => sum + x * x, 0));
  addProductWithTransposed(nearness, centroids, user, C, R, 1);
  const alike = keys === centroids ? nearness : new Float64Array(C);
  if (keys !== centroids) addProductWithTransposed(alike, keys, user, C, R, 1);
  const attention = softmax(alike.map(Math.tanh));
  const localSquares = quadraticForm(attention, gram);
  const globalFactor = globalNorm * norm > 0 ? GLOBAL_SHARE / (globalNorm * norm) : 0;
  const localFactor = localSquares > 0 && norm > 0 ? LOCAL_SHARE / (Math.sqrt(localSquares) * norm) : 0;
  return nearness.map((near, c) => near * (globalFactor * globalAttention[c] + localFactor * attention[c]));
}

export function softmax(values: Float64Array): Float64Array {
  const highest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const exponentials = values.map((value) => Math.exp(value - highest));
  const sum = exponentials.reduce((total, x) => total + x, 0);
  return exponentials.map((x) => x / sum);
}
