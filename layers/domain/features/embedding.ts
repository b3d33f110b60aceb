/** Users as points in few dimensions: what an embedding is, whoever computed it. */
import type { FeatureVector } from './feature-vector.ts';

/** What turns a user's features into a point: plain data, the same for every shard of a population. */
export interface EmbeddingModel {
  readonly dimensions: number;
  /** How much a feature counts, rare ones more. */
  readonly idf: FeatureVector;
  /** (F×D), in the order of `idf.features`. */
  readonly loadings: Float64Array;
}

/** The same of a matrix factorisation, where a user's point solves equations of his or her own (implicit-als.ts). */
export interface FactorModel {
  readonly dimensions: number;
  readonly idf: FeatureVector;
  readonly confidence: number;
  /** Ŷ (F×D), in the order of `idf.features`; the features' points are Y = Ŷ·R. */
  readonly whitened: Float64Array;
  /** R (D×D). */
  readonly triangle: Float64Array;
}

/** Unit vectors by row, (U×D); a user whose features say nothing of where he lies is the zero vector. */
export interface Embedding {
  readonly dimensions: number;
  readonly vectors: Float32Array;
  /** How long each point was before it was made a unit vector, (U): longer for more and rarer features. */
  readonly lengths: Float32Array;
  readonly model: EmbeddingModel | FactorModel;
  /** Where the same users lie by what a scorer has learned, (U×D), where that is kept. */
  readonly learned?: Float32Array | undefined;
}

/** The points (N×D) of the given rows. */
export function pointsAt(points: Float32Array, rows: Uint32Array, D: number): Float32Array {
  const chosen = new Float32Array(rows.length * D);
  rows.forEach((row, n) => {
    chosen.set(points.subarray(row * D, row * D + D), n * D);
  });
  return chosen;
}
