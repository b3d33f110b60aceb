/**
 * How a loss changes with what a user representation has learned: the way back through user-representation.ts, line by line.
 *
 * Shapes: as there; a gradient has the form of the weights, and dX stands for the loss by X.
 *         dM = (dE·Q2 ∘ [hidden > 0])·Q1 (B×W); the merge makes dH (B·n×D) of it, and a feature's is its share of its field's.
 */
import { addProduct, addTransposedProduct } from '../kernels/matrix.ts';
import type { Allocate, Numbers } from '../kernels/numbers.ts';
import type { RepresentationPass, RepresentationWeights, UserRepresentation } from './user-representation.ts';

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
  const { width: W } = pass.merged;
  const B = pass.rows.offsets.length - 1;
  addTransposedProduct(gradient.output, pointsGradient, pass.hidden, B, D, Q);
  addColumnSums(gradient.outputBias, pointsGradient);
  const hiddenGradient = allocate(B * Q);
  addProduct(hiddenGradient, pointsGradient, weights.output, B, D, Q);
  for (let at = 0; at < hiddenGradient.length; at++) if (pass.hidden[at] <= 0) hiddenGradient[at] = 0;
  addTransposedProduct(gradient.hidden, hiddenGradient, pass.merged.vectors, B, Q, W);
  addColumnSums(gradient.hiddenBias, hiddenGradient);
  const mergedGradient = allocate(B * W);
  addProduct(mergedGradient, hiddenGradient, weights.hidden, B, Q, W);
  addFeatureGradient(gradient.features, model, pass, pass.merged.back(gradient, mergedGradient));
}

function addFeatureGradient(
  features: Numbers,
  { shape, fieldOf: fields, fieldCount: n }: UserRepresentation,
  { rows, pooled: { factors } }: RepresentationPass,
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
