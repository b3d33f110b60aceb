/**
 * How a loss changes with what a user representation has learned: the way back through user-representation.ts, line by line.
 *
 * Shapes: as there; a gradient has the form of the weights, and dX stands for the loss by X.
 *         dM = (dE·Q2 ∘ [hidden > 0])·Q1; da = dM·h; dz = a ∘ (da − Σ a·da); du = (dz·w2) ∘ (1 − u²); dh = a·dM + du·W1.
 */
import { addProduct, addTransposedProduct } from '../kernels/matrix.ts';
import type { Numbers } from '../kernels/numbers.ts';
import type { Allocate, RepresentationPass, RepresentationWeights, UserRepresentation } from './user-representation.ts';

export function emptyGradient(
  { features, fieldKeys, fieldQuery, hidden, hiddenBias, output, outputBias }: RepresentationWeights,
  allocate: Allocate,
): RepresentationWeights {
  return {
    features: allocate(features.length),
    fieldKeys: allocate(fieldKeys.length),
    fieldQuery: allocate(fieldQuery.length),
    hidden: allocate(hidden.length),
    hiddenBias: allocate(hiddenBias.length),
    output: allocate(output.length),
    outputBias: allocate(outputBias.length),
  };
}

/** Adds to `gradient` what the loss changes by the weights, given what it changes by the points, dE (B×D). */
export function addRepresentationGradient(
  gradient: RepresentationWeights,
  model: UserRepresentation,
  pass: RepresentationPass,
  pointsGradient: Numbers,
  allocate: Allocate,
): void {
  const { weights, shape } = model;
  const { dimensions: D, hidden: Q } = shape;
  const B = pass.rows.offsets.length - 1;
  addTransposedProduct(gradient.output, pointsGradient, pass.hidden, B, D, Q);
  addColumnSums(gradient.outputBias, pointsGradient);
  const hiddenGradient = allocate(B * Q);
  addProduct(hiddenGradient, pointsGradient, weights.output, B, D, Q);
  for (let at = 0; at < hiddenGradient.length; at++) if (pass.hidden[at] <= 0) hiddenGradient[at] = 0;
  addTransposedProduct(gradient.hidden, hiddenGradient, pass.merged, B, Q, D);
  addColumnSums(gradient.hiddenBias, hiddenGradient);
  const mergedGradient = allocate(B * D);
  addProduct(mergedGradient, hiddenGradient, weights.hidden, B, Q, D);
  addFeatureGradient(gradient.features, model, pass, throughMerge(gradient, model, pass, mergedGradient, allocate));
}

/** The loss by the pooled fields, dH (B·n×D); what it changes by the attention's own weights is added on the way. */
function throughMerge(
  gradient: RepresentationWeights,
  { weights, shape, fieldCount: n }: UserRepresentation,
  { pooled, keys, attention, factors }: RepresentationPass,
  mergedGradient: Numbers,
  allocate: Allocate,
): Numbers {
  const { dimensions: D, attention: K } = shape;
  const slots = factors.length;
  const scores = scoreGradient(pooled, attention, mergedGradient, n, D, allocate);
  const keyGradient = allocate(slots * K);
  for (let slot = 0; slot < slots; slot++) {
    for (let k = 0; k < K; k++) {
      const key = keys[slot * K + k];
      gradient.fieldQuery[k] += scores[slot] * key;
      keyGradient[slot * K + k] = scores[slot] * weights.fieldQuery[k] * (1 - key * key);
    }
  }
  addTransposedProduct(gradient.fieldKeys, keyGradient, pooled, slots, K, D);
  const pooledGradient = allocate(slots * D);
  for (let slot = 0; slot < slots; slot++) {
    const from = Math.floor(slot / n) * D;
    for (let d = 0; d < D; d++) pooledGradient[slot * D + d] = attention[slot] * mergedGradient[from + d];
  }
  addProduct(pooledGradient, keyGradient, weights.fieldKeys, slots, K, D);
  return pooledGradient;
}

/** The loss by what the softmax over fields is of, (B·n). */
function scoreGradient(
  pooled: Numbers,
  attention: Numbers,
  mergedGradient: Numbers,
  n: number,
  D: number,
  allocate: Allocate,
): Numbers {
  const scores = allocate(attention.length);
  for (let start = 0; start < scores.length; start += n) {
    const from = (start / n) * D;
    let mean = 0;
    for (let slot = start; slot < start + n; slot++) {
      for (let d = 0; d < D; d++) scores[slot] += mergedGradient[from + d] * pooled[slot * D + d];
      mean += attention[slot] * scores[slot];
    }
    for (let slot = start; slot < start + n; slot++) scores[slot] = attention[slot] * (scores[slot] - mean);
  }
  return scores;
}

function addFeatureGradient(
  features: Numbers,
  { shape, fieldOf: fields, fieldCount: n }: UserRepresentation,
  { rows, factors }: RepresentationPass,
  pooledGradient: Numbers,
): void {
  const D = shape.dimensions;
  for (let row = 0; row + 1 < rows.offsets.length; row++) {
    for (let at = rows.offsets[row]; at < rows.offsets[row + 1]; at++) {
      const f = rows.columns[at];
      const slot = row * n + fields[f];
      const factor = factors[slot] * (rows.weights ? rows.weights[at] : 1);
      for (let d = 0; d < D; d++) features[f * D + d] += factor * pooledGradient[slot * D + d];
    }
  }
}

function addColumnSums(sums: Numbers, matrix: Numbers): void {
  const N = sums.length;
  for (let from = 0; from < matrix.length; from += N) for (let n = 0; n < N; n++) sums[n] += matrix[from + n];
}
