/**
 * Users as points, learned: each field's features are averaged, the fields merged by attention, the merged vector sent
 * through an MLP.
 *
 * Reference: Liu et al., "Real-time Attention Based Look-alike Model (RALM)", 2019, §4.2, with the author's correction of
 *            the shapes (W1 K×D, W2 K).
 * Shapes:    B users, n fields, D dimensions, K attention, Q hidden; pooled H (B·n×D), merged M (B×D), points E (B×D).
 *            u = tanh(H·W1ᵀ), a = softmax over a user's present fields of u·w2, M = Σ a·h, E = relu(M·Q1ᵀ + q1)·Q2ᵀ + q2.
 * Cost:      B·(n·K·D + 2·D·Q) multiply–adds, and nnz·D for the sums.
 */
import { fieldOf } from '../features/shard.ts';
import type { SparseMatrix } from '../features/sparse-matrix.ts';
import { addProductWithTransposed } from '../kernels/matrix.ts';
import type { Numbers } from '../kernels/numbers.ts';
import type { Random } from '../random.ts';

export interface RepresentationShape {
  readonly dimensions: number;
  readonly attention: number;
  readonly hidden: number;
  /** A field's vector is the sum of its features' over their number to this power: 1 is the paper's mean. */
  readonly poolingPower: number;
}

/** What is learned, and learned by: gradients have the same form. */
export interface RepresentationWeights {
  /** (F×D). */
  readonly features: Numbers;
  /** W1 (K×D). */
  readonly fieldKeys: Numbers;
  /** w2 (K). */
  readonly fieldQuery: Numbers;
  /** (Q×D). */
  readonly hidden: Numbers;
  readonly hiddenBias: Numbers;
  /** (D×Q). */
  readonly output: Numbers;
  readonly outputBias: Numbers;
}

export interface UserRepresentation {
  readonly shape: RepresentationShape;
  /** (F) in the order of texts. */
  readonly features: readonly string[];
  /** (F): which field each feature is of. */
  readonly fieldOf: Uint16Array;
  readonly fieldCount: number;
  readonly weights: RepresentationWeights;
}

/** Makes the arrays: float32 to train, float64 to check gradients. */
export type Allocate = (length: number) => Numbers;

/** Before training: small and seeded. */
export function initialRepresentation(
  features: readonly string[],
  shape: RepresentationShape,
  random: Random,
  allocate: Allocate,
): UserRepresentation {
  const { dimensions: D, attention: K, hidden: Q } = shape;
  const drawn = (length: number, deviation: number) => allocate(length).map(() => deviation * normal(random));
  return representationOf(features, shape, {
    features: drawn(features.length * D, FEATURE_DEVIATION),
    fieldKeys: drawn(K * D, 1 / Math.sqrt(D)),
    fieldQuery: drawn(K, 1 / Math.sqrt(K)),
    hidden: drawn(Q * D, Math.sqrt(2 / D)),
    hiddenBias: allocate(Q),
    output: drawn(D * Q, 1 / Math.sqrt(Q)),
    outputBias: allocate(D),
  });
}

/** The fields are told by the features' names. */
export function representationOf(
  features: readonly string[],
  shape: RepresentationShape,
  weights: RepresentationWeights,
): UserRepresentation {
  const fields = new Map([...new Set(features.map(fieldOf))].map((field, n) => [field, n]));
  return {
    shape,
    features,
    fieldOf: Uint16Array.from(features, (feature) => fields.get(fieldOf(feature)) ?? 0),
    fieldCount: fields.size,
    weights,
  };
}

const FEATURE_DEVIATION = 0.1;

/** A standard normal number by G. Box and M. Muller, 1958. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** What a batch leaves for the way back. */
export interface RepresentationPass {
  readonly rows: SparseMatrix;
  /** H (B·n×D). */
  readonly pooled: Numbers;
  /** What each field's sum was multiplied by, (B·n); 0 for a field that the user does not have. */
  readonly factors: Numbers;
  /** tanh(H·W1ᵀ), (B·n×K). */
  readonly keys: Numbers;
  /** a (B·n). */
  readonly attention: Numbers;
  /** M (B×D). */
  readonly merged: Numbers;
  /** After relu, (B×Q). */
  readonly hidden: Numbers;
  /** E (B×D). */
  readonly points: Numbers;
}

/** The points of a batch of users: rows (B×F) by the model's own columns. */
export function representUsers(model: UserRepresentation, rows: SparseMatrix, allocate: Allocate): RepresentationPass {
  const { shape, weights, fieldCount: n } = model;
  const { dimensions: D, attention: K, hidden: Q } = shape;
  const B = rows.offsets.length - 1;
  const { pooled, factors } = poolFields(model, rows, allocate);
  const keys = allocate(B * n * K);
  addProductWithTransposed(keys, pooled, weights.fieldKeys, B * n, D, K);
  for (let at = 0; at < keys.length; at++) keys[at] = Math.tanh(keys[at]);
  const attention = attentionOverFields(keys, weights.fieldQuery, factors, n, allocate);
  const merged = allocate(B * D);
  for (let slot = 0; slot < B * n; slot++) {
    if (attention[slot] === 0) continue;
    const at = Math.floor(slot / n) * D;
    for (let d = 0; d < D; d++) merged[at + d] += attention[slot] * pooled[slot * D + d];
  }
  const hidden = affine(merged, weights.hidden, weights.hiddenBias, B, D, Q, allocate);
  for (let at = 0; at < hidden.length; at++) hidden[at] = Math.max(0, hidden[at]);
  const points = affine(hidden, weights.output, weights.outputBias, B, Q, D, allocate);
  return { rows, pooled, factors, keys, attention, merged, hidden, points };
}

/** X·Wᵀ + b, with X (B×I), W (O×I), b (O). */
function affine(x: Numbers, w: Numbers, b: Numbers, B: number, I: number, O: number, allocate: Allocate): Numbers {
  const y = allocate(B * O);
  for (let row = 0; row < B; row++) y.set(b, row * O);
  addProductWithTransposed(y, x, w, B, I, O);
  return y;
}

function poolFields(
  { shape, weights, fieldOf: fields, fieldCount: n }: UserRepresentation,
  { offsets, columns, weights: counts }: SparseMatrix,
  allocate: Allocate,
) {
  const D = shape.dimensions;
  const B = offsets.length - 1;
  const pooled = allocate(B * n * D);
  const factors = allocate(B * n);
  for (let row = 0; row < B; row++) {
    for (let at = offsets[row]; at < offsets[row + 1]; at++) {
      const f = columns[at];
      const slot = row * n + fields[f];
      const count = counts ? counts[at] : 1;
      factors[slot] += count;
      for (let d = 0; d < D; d++) pooled[slot * D + d] += count * weights.features[f * D + d];
    }
    for (let slot = row * n; slot < row * n + n; slot++) {
      if (factors[slot] === 0) continue;
      factors[slot] = factors[slot] ** -shape.poolingPower;
      for (let d = 0; d < D; d++) pooled[slot * D + d] *= factors[slot];
    }
  }
  return { pooled, factors };
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
