/**
 * A linear layer after which the points of a population have no common direction and the same spread in every direction:
 * what all people share tells nobody from anybody, and a cosine with the mean of some people then orders users much as
 * Fisher's linear discriminant does.
 *
 * Reference: R. Fisher 1936; A. Kessy, A. Lewin, K. Strimmer, "Optimal whitening and decorrelation", 2018 (ZCA).
 * Shapes:    points (N×D); layer W = (Σ + ε·mean(λ)·I)^−½ / √D (D×D), bias −W·μ (D), so that lengths are about 1.
 * Cost:      N·D² for the covariance, O(D³) for its eigenvectors.
 */
import { symmetricEigen } from '../embedding/symmetric-eigen.ts';
import { addProduct, addTransposedProduct } from '../kernels/matrix.ts';

/** ε: directions of next to no spread are mostly noise, and are not blown up to the size of the others. */
const LEAST_SPREAD = 0.1;

export function whiteningLayer(points: Float32Array, D: number): { layer: Float64Array; bias: Float64Array } {
  const N = points.length / D;
  const mean = new Float64Array(D);
  for (let at = 0; at < points.length; at++) mean[at % D] += points[at] / N;
  const centred = Float64Array.from(points, (x, at) => x - mean[at % D]);
  const covariance = new Float64Array(D * D);
  addTransposedProduct(covariance, centred, centred, N, D, D);
  const { values, vectors } = symmetricEigen(
    covariance.map((sum) => sum / N),
    D,
  );
  const floor = LEAST_SPREAD * (values.reduce((sum, value) => sum + value, 0) / D);
  const scaled = vectors.map((x, at) => {
    const spread = Math.max(0, values[Math.floor(at / D)]) + floor;
    return spread > 0 ? x / Math.sqrt(spread * D) : 0;
  });
  const layer = new Float64Array(D * D);
  addTransposedProduct(layer, vectors, scaled, D, D, D);
  const bias = new Float64Array(D);
  addProduct(bias, layer, mean, D, D, 1);
  return { layer, bias: bias.map((x) => -x) };
}
