/**
 * How the pooled fields of a user become the one vector that an MLP takes: by attention, as RALM has it, or concatenated, which
 * is what the paper compares that with.
 *
 * Reference: Liu et al., "Real-time Attention Based Look-alike Model (RALM)", 2019, §4.2, with the author's correction of
 *            the shapes (W1 K×D, W2 K).
 * Shapes:    B users, n fields, D dimensions, K attention; pooled H (B·n×D), a row h for each field of each user; merged M
 *            (B×W); dX stands for the loss by X.
 *            By attention W = D: u = tanh(H·W1ᵀ), a = softmax over a user's present fields of u·w2, M = Σ a·h.
 *            Back: da = dM·h; dz = a ∘ (da − Σ a·da); dw2 = uᵀ·dz; du = (dz·w2) ∘ (1 − u²); dW1 = duᵀ·H; dh = a·dM + du·W1.
 *            Concatenated W = n·D: M = [h1 … hn], zeros for an absent field, so H with its rows laid end to end.
 *            Back: dH is dM, cut up again.
 *            Of one field both are M = H.
 * Cost:      attention B·n·K·D multiply–adds; concatenation none, but the next layer is n times as wide.
 */
import { addProduct, addProductWithTransposed, addTransposedProduct } from '../kernels/matrix.ts';
import type { Allocate, Numbers } from '../kernels/numbers.ts';

export const MERGES = ['attention', 'concatenation'] as const;
export type Merge = (typeof MERGES)[number];

/** What a merge learns; nothing of either where fields are concatenated. */
export interface MergeWeights {
  /** W1 (K×D). */
  readonly fieldKeys: Numbers;
  /** w2 (K). */
  readonly fieldQuery: Numbers;
}

/** The fields of a batch of users. */
export interface PooledFields {
  /** B. */
  readonly users: number;
  /** n. */
  readonly fieldCount: number;
  readonly dimensions: number;
  /** H (B·n×D): zeros for a field that the user does not have. */
  readonly vectors: Numbers;
  /** What each field's sum was multiplied by, (B·n); 0 for a field that the user does not have. */
  readonly factors: Numbers;
}

export interface MergedFields {
  /** W. */
  readonly width: number;
  /** M (B×W). */
  readonly vectors: Numbers;
  /** The loss by H (B·n×D), given dM (B×W); adds to `gradient` what it changes by the merge's own weights. */
  readonly back: (gradient: MergeWeights, mergedGradient: Numbers) => Numbers;
}

/** W. */
export function mergedWidth(merge: Merge, fieldCount: number, dimensions: number): number {
  return merge === 'attention' ? dimensions : fieldCount * dimensions;
}

export function mergeFields(
  merge: Merge,
  weights: MergeWeights,
  pooled: PooledFields,
  allocate: Allocate,
): MergedFields {
  return merge === 'attention' ? mergeByAttention(weights, pooled, allocate) : concatenate(pooled);
}

function concatenate({ fieldCount, dimensions, vectors }: PooledFields): MergedFields {
  const width = mergedWidth('concatenation', fieldCount, dimensions);
  return { width, vectors, back: (_, mergedGradient) => mergedGradient };
}

function mergeByAttention(weights: MergeWeights, pooled: PooledFields, allocate: Allocate): MergedFields {
  const { users: B, fieldCount: n, dimensions: D, vectors: H, factors } = pooled;
  const slots = B * n;
  const K = weights.fieldQuery.length;
  const keys = allocate(slots * K);
  addProductWithTransposed(keys, H, weights.fieldKeys, slots, D, K);
  for (let at = 0; at < keys.length; at++) keys[at] = Math.tanh(keys[at]);
  const attention = attentionOverFields(keys, weights.fieldQuery, factors, n, allocate);
  const merged = allocate(B * D);
  for (let slot = 0; slot < slots; slot++) {
    if (attention[slot] === 0) continue;
    const at = Math.floor(slot / n) * D;
    for (let d = 0; d < D; d++) merged[at + d] += attention[slot] * H[slot * D + d];
  }
  return {
    width: D,
    vectors: merged,
    back: (gradient, mergedGradient) =>
      throughAttention(gradient, weights, pooled, { keys, attention }, mergedGradient, allocate),
  };
}

/** Softmax over the fields that a user has; nothing for a user who has none. */
function attentionOverFields(keys: Numbers, query: Numbers, factors: Numbers, n: number, allocate: Allocate): Numbers {
  const K = query.length;
  const attention = allocate(factors.length);
  for (let start = 0; start < factors.length; start += n) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let slot = start; slot < start + n; slot++) {
      if (factors[slot] === 0) continue;
      for (let k = 0; k < K; k++) attention[slot] += keys[slot * K + k] * query[k];
      highest = Math.max(highest, attention[slot]);
    }
    let sum = 0;
    for (let slot = start; slot < start + n; slot++) {
      attention[slot] = factors[slot] === 0 ? 0 : Math.exp(attention[slot] - highest);
      sum += attention[slot];
    }
    if (sum > 0) for (let slot = start; slot < start + n; slot++) attention[slot] /= sum;
  }
  return attention;
}

/** What the attention of a batch leaves for the way back. */
interface AttentionPass {
  /** u (B·n×K). */
  readonly keys: Numbers;
  /** a (B·n). */
  readonly attention: Numbers;
}

function throughAttention(
  gradient: MergeWeights,
  weights: MergeWeights,
  pooled: PooledFields,
  { keys, attention }: AttentionPass,
  mergedGradient: Numbers,
  allocate: Allocate,
): Numbers {
  const { fieldCount: n, dimensions: D, vectors: H } = pooled;
  const slots = attention.length;
  const K = weights.fieldQuery.length;
  const scores = scoreGradient(pooled, attention, mergedGradient, allocate);
  const keyGradient = allocate(slots * K);
  for (let slot = 0; slot < slots; slot++) {
    for (let k = 0; k < K; k++) {
      const key = keys[slot * K + k];
      gradient.fieldQuery[k] += scores[slot] * key;
      keyGradient[slot * K + k] = scores[slot] * weights.fieldQuery[k] * (1 - key * key);
    }
  }
  addTransposedProduct(gradient.fieldKeys, keyGradient, H, slots, K, D);
  const pooledGradient = allocate(slots * D);
  for (let slot = 0; slot < slots; slot++) {
    const from = Math.floor(slot / n) * D;
    for (let d = 0; d < D; d++) pooledGradient[slot * D + d] = attention[slot] * mergedGradient[from + d];
  }
  addProduct(pooledGradient, keyGradient, weights.fieldKeys, slots, K, D);
  return pooledGradient;
}

/** dz, the loss by what the softmax over fields is of, (B·n). */
function scoreGradient(
  { fieldCount: n, dimensions: D, vectors: H }: PooledFields,
  attention: Numbers,
  mergedGradient: Numbers,
  allocate: Allocate,
): Numbers {
  const scores = allocate(attention.length);
  for (let start = 0; start < scores.length; start += n) {
    const from = (start / n) * D;
    let mean = 0;
    for (let slot = start; slot < start + n; slot++) {
      for (let d = 0; d < D; d++) scores[slot] += mergedGradient[from + d] * H[slot * D + d];
      mean += attention[slot] * scores[slot];
    }
    for (let slot = start; slot < start + n; slot++) scores[slot] = attention[slot] * (scores[slot] - mean);
  }
  return scores;
}
