/**
 * Users as points, learned: each field's features are averaged, the fields merged (field-merge.ts), the merged vector sent
 * through an MLP.
 *
 * Reference: Liu et al., "Real-time Attention Based Look-alike Model (RALM)", 2019, §4.2.
 * Shapes:    B users, n fields, D dimensions, W numbers of who is merged, Q hidden; pooled H (B·n×D), merged M (B×W), points
 *            E (B×D): E = relu(M·Q1ᵀ + q1)·Q2ᵀ + q2.
 * Cost:      B·Q·(W + D) multiply–adds beside those of the merge, and nnz·D for the sums.
 */
import { fieldOf } from '../features/shard.ts';
import type { SparseMatrix } from '../features/sparse-matrix.ts';
import { addProductWithTransposed } from '../kernels/matrix.ts';
import type { Allocate, Numbers } from '../kernels/numbers.ts';
import type { Random } from '../random.ts';
import {
  type Merge,
  type MergedFields,
  type MergeWeights,
  mergedWidth,
  mergeFields,
  type PooledFields,
} from './field-merge.ts';

export interface RepresentationShape {
  readonly merge: Merge;
  readonly dimensions: number;
  /** K, the width of the attention over fields; 0 where there is none. */
  readonly attention: number;
  readonly hidden: number;
  /** A field's vector is the sum of its features' over their number to this power: 1 is the paper's mean. */
  readonly poolingPower: number;
}

/** What is learned, and learned by: gradients have the same form. */
export interface RepresentationWeights extends MergeWeights {
  /** (F×D). */
  readonly features: Numbers;
  /** (Q×W). */
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

/** Before training: small and seeded. */
export function initialRepresentation(
  features: readonly string[],
  shape: RepresentationShape,
  random: Random,
  allocate: Allocate,
): UserRepresentation {
  const { dimensions: D, attention: K, hidden: Q } = shape;
  const W = hiddenInputs(features, shape);
  const drawn = (length: number, deviation: number) => allocate(length).map(() => deviation * normal(random));
  return representationOf(features, shape, {
    features: drawn(features.length * D, FEATURE_DEVIATION),
    fieldKeys: drawn(K * D, 1 / Math.sqrt(D)),
    fieldQuery: drawn(K, 1 / Math.sqrt(K)),
    hidden: drawn(Q * W, Math.sqrt(2 / W)),
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
  const fields = new Map([...fieldsOf(features)].map((field, n) => [field, n]));
  return {
    shape,
    features,
    fieldOf: Uint16Array.from(features, (feature) => fields.get(fieldOf(feature)) ?? 0),
    fieldCount: fields.size,
    weights,
  };
}

/** W: how many numbers of each user the hidden layer takes. */
export function hiddenInputs(features: readonly string[], { merge, dimensions }: RepresentationShape): number {
  return mergedWidth(merge, fieldsOf(features).size, dimensions);
}

function fieldsOf(features: readonly string[]): Set<string> {
  return new Set(features.map(fieldOf));
}

const FEATURE_DEVIATION = 0.1;

/** A standard normal number by G. Box and M. Muller, 1958. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** What a batch leaves for the way back. */
export interface RepresentationPass {
  readonly rows: SparseMatrix;
  readonly pooled: PooledFields;
  readonly merged: MergedFields;
  /** After relu, (B×Q). */
  readonly hidden: Numbers;
  /** E (B×D). */
  readonly points: Numbers;
}

/** The points of a batch of users: rows (B×F) by the model's own columns. */
export function representUsers(model: UserRepresentation, rows: SparseMatrix, allocate: Allocate): RepresentationPass {
  const { shape, weights } = model;
  const { dimensions: D, hidden: Q } = shape;
  const B = rows.offsets.length - 1;
  const pooled = poolFields(model, rows, allocate);
  const merged = mergeFields(shape.merge, weights, pooled, allocate);
  const hidden = affine(merged.vectors, weights.hidden, weights.hiddenBias, B, merged.width, Q, allocate);
  for (let at = 0; at < hidden.length; at++) hidden[at] = Math.max(0, hidden[at]);
  const points = affine(hidden, weights.output, weights.outputBias, B, Q, D, allocate);
  return { rows, pooled, merged, hidden, points };
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
): PooledFields {
  const D = shape.dimensions;
  const B = offsets.length - 1;
  const vectors = allocate(B * n * D);
  const factors = allocate(B * n);
  for (let row = 0; row < B; row++) {
    for (let at = offsets[row]; at < offsets[row + 1]; at++) {
      const f = columns[at];
      const slot = row * n + fields[f];
      const count = counts ? counts[at] : 1;
      factors[slot] += count;
      for (let d = 0; d < D; d++) vectors[slot * D + d] += count * weights.features[f * D + d];
    }
    for (let slot = row * n; slot < row * n + n; slot++) {
      if (factors[slot] === 0) continue;
      factors[slot] = factors[slot] ** -shape.poolingPower;
      for (let d = 0; d < D; d++) vectors[slot * D + d] *= factors[slot];
    }
  }
  return { users: B, fieldCount: n, dimensions: D, vectors, factors };
}
