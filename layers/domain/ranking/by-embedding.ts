/**
 * Cosine similarity to the seeds as points of the embedding: aggregated by mean, maximum or probability.
 *
 * Shapes: the model holds the seeds' unit vectors (S×D), or their mean alone (D) where that suffices.
 * Cost:   D multiply–adds a candidate for the mean, S·D for the others; of the maximum in float32, by the kernel of scans.
 */
import { pointParts as partsOfPoint } from '../embedding/place-users.ts';
import type { Shard } from '../features/shard.ts';
import { exactNearest } from '../retrieval/exact-search.ts';
import { type Aggregate, evidenceOf } from '../scoring/similarity.ts';
import { contributionsOf, type Ranker } from './ranker.ts';
import {
  embeddingOf,
  hasPoint,
  mergeSeedVectors,
  type SeedVectors,
  seedVectorsOf,
  sumOfVectors,
} from './seed-vectors.ts';

interface SeedPoints {
  readonly dimensions: number;
  /** (D): the mean of the seeds' unit vectors. */
  readonly mean: Float64Array;
  /** Empty where the mean suffices. */
  readonly seeds: Float32Array;
}

export function byEmbedding(aggregate: Aggregate): Ranker<SeedVectors, SeedPoints> {
  return {
    name: 'similarity',

    gather: (shard, { seeds }) => seedVectorsOf(shard, seeds),

    fit(evidence) {
      const all = mergeSeedVectors(evidence, Number.POSITIVE_INFINITY);
      const mean = sumOfVectors(all).map((sum) => sum / Math.max(1, all.ids.length));
      return { dimensions: all.dimensions, mean, seeds: aggregate === 'mean' ? new Float32Array(0) : all.vectors };
    },

    score(points, shard, rows) {
      const { vectors } = embeddingOf(shard);
      if (aggregate === 'max') return greatestSimilarities(points, vectors, rows);
      return Float32Array.from(rows, (row) => aggregated(aggregate, points, vectors, row));
    },

    explain(points, shard, row) {
      const { vectors } = embeddingOf(shard);
      const direction = directionFor(aggregate, points, vectors, row);
      return contributionsOf(shard, pointParts(shard, direction, row));
    },
  };
}

/** So many candidates are looked at together. */
const BLOCK_ROWS = 1_024;

/** To the nearest of the seeds, or 0 where none is on the same side. */
function greatestSimilarities({ dimensions: D, seeds }: SeedPoints, vectors: Float32Array, rows: Uint32Array) {
  const scores = new Float32Array(rows.length);
  for (let first = 0; first < rows.length; first += BLOCK_ROWS) {
    const queries = Array.from(rows.subarray(first, first + BLOCK_ROWS), (row) =>
      vectors.subarray(row * D, row * D + D),
    );
    exactNearest(seeds, D, queries, 1).forEach(({ similarities }, n) => {
      scores[first + n] = Math.max(0, ...similarities);
    });
  }
  return scores;
}

function aggregated(
  aggregate: 'mean' | 'probabilistic',
  { dimensions: D, mean, seeds }: SeedPoints,
  vectors: Float32Array,
  row: number,
): number {
  if (aggregate === 'mean') return dotAt(mean, 0, vectors, row * D, D);
  let combined = 0;
  for (let at = 0; at < seeds.length; at += D) combined += evidenceOfPoints(dotAt(seeds, at, vectors, row * D, D));
  return combined;
}

/** Two points that are the same are 1 ± 10⁻⁷ alike, being float32: so whatever is nearer than this is as near as can be. */
const SAME_POINT = 1 - 1e-6;

function evidenceOfPoints(similarity: number): number {
  return evidenceOf(Math.min(similarity, SAME_POINT));
}

/** The direction whose dot product with the user is the score: the score is linear in the user along it. */
function directionFor(
  aggregate: Aggregate,
  { dimensions: D, mean, seeds }: SeedPoints,
  vectors: Float32Array,
  row: number,
): Float64Array {
  if (aggregate === 'mean') return mean;
  const direction = new Float64Array(D);
  let best = 0;
  for (let at = 0; at < seeds.length; at += D) {
    const similarity = dotAt(seeds, at, vectors, row * D, D);
    if (similarity <= (aggregate === 'max' ? best : 0)) continue;
    best = similarity;
    const factor = aggregate === 'max' ? 1 : evidenceOfPoints(similarity) / similarity;
    for (let d = 0; d < D; d++) direction[d] = factor * seeds[at + d] + (aggregate === 'max' ? 0 : direction[d]);
  }
  return direction;
}

/** What each feature of one row adds to the dot product of its point with a direction. */
export function pointParts(shard: Shard, direction: Float64Array, row: number): (readonly [number, number])[] {
  const embedding = embeddingOf(shard);
  return hasPoint(embedding, row) ? partsOfPoint(shard, embedding.model, direction, row) : [];
}

function dotAt(left: ArrayLike<number>, from: number, right: ArrayLike<number>, to: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += left[from + i] * right[to + i];
  return sum;
}
