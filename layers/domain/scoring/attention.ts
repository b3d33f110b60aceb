/**
 * The look-alike attention scorer: a user against the clusters of an audience's seeds, as a whole and one by one.
 *
 * Reference: Liu et al., "Real-time Attention Based Look-alike Model (RALM)", 2019, §4.3, in its untrained form: the
 *            fully connected layer is the identity, W_l = I, w = 0. So global attention is the centroids' mean, local
 *            attention softmax(tanh(E_sᵀ E_u)).
 * Shapes:    centroids E_s (C×D), user E_u (D); score = 0.3·cos(E_u, E_global) + 0.7·cos(E_u, E_local).
 * Cost:      C·D + C² multiply–adds a user: with g = E_sᵀE_u, attention a and the Gram matrix G = E_sᵀE_s,
 *            cos(E_u, E_local) = a·g / (‖E_u‖·√(aᵀGa)), so that no vector of length D is ever built.
 */

export const GLOBAL_SHARE = 0.3;
export const LOCAL_SHARE = 0.7;

/** What depends on the audience alone, computed once. */
export interface AttentionAudience {
  readonly dimensions: number;
  /** (C×D). */
  readonly centroids: Float64Array;
  /** Dot products of the centroids, (C×C). */
  readonly gram: Float64Array;
  /** ‖E_global‖. */
  readonly globalNorm: number;
}

export function prepareAudience(centroids: Float64Array, dimensions: number): AttentionAudience {
  const C = centroids.length / dimensions;
  const gram = new Float64Array(C * C);
  for (let i = 0; i < C; i++) {
    for (let j = 0; j < C; j++) {
      for (let d = 0; d < dimensions; d++)
        gram[i * C + j] += centroids[i * dimensions + d] * centroids[j * dimensions + d];
    }
  }
  // Centroids that cancel leave a sum of rounding, on either side of 0.
  const squares = gram.reduce((sum, x) => sum + x, 0);
  const globalNorm = Math.sqrt(Math.max(0, squares)) / Math.max(1, C);
  return { dimensions, centroids, gram, globalNorm };
}

/** One score for each of the given rows of `vectors` (U×D), (N); 0 for the zero vector. */
export function attentionScores(audience: AttentionAudience, vectors: Float32Array, rows: Uint32Array): Float32Array {
  return Float32Array.from(rows, (row) => clusterParts(audience, vectors, row).reduce((sum, part) => sum + part, 0));
}

/** What each cluster of seeds adds to the score of one row, (C); the parts sum to the score. */
export function clusterParts(
  { dimensions: D, centroids, gram, globalNorm }: AttentionAudience,
  vectors: Float32Array,
  row: number,
): Float64Array {
  const C = centroids.length / D;
  const nearness = new Float64Array(C);
  let squares = 0;
  for (let d = 0; d < D; d++) squares += vectors[row * D + d] ** 2;
  if (squares === 0) return nearness;
  for (let c = 0; c < C; c++) for (let d = 0; d < D; d++) nearness[c] += centroids[c * D + d] * vectors[row * D + d];
  const attention = softmaxOfTanh(nearness);
  let localSquares = 0;
  for (let i = 0; i < C; i++) for (let j = 0; j < C; j++) localSquares += attention[i] * attention[j] * gram[i * C + j];
  const norm = Math.sqrt(squares);
  const globalFactor = globalNorm > 0 ? GLOBAL_SHARE / (C * globalNorm * norm) : 0;
  const localFactor = localSquares > 0 ? LOCAL_SHARE / (Math.sqrt(localSquares) * norm) : 0;
  return nearness.map((near, c) => near * (globalFactor + localFactor * attention[c]));
}

/** tanh lies within ±1, so the exponentials need no shift. */
function softmaxOfTanh(values: Float64Array): Float64Array {
  const exponentials = values.map((value) => Math.exp(Math.tanh(value)));
  const sum = exponentials.reduce((total, x) => total + x, 0);
  return exponentials.map((x) => x / sum);
}
