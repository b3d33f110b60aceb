/**
 * Seeds as points: evidence of the rankers that work on embeddings, and sums that come out the same for any cut into shards.
 *
 * Shapes: vectors (S×D) in the order of the ids.
 */
import type { Embedding } from '../features/embedding.ts';
import type { Shard } from '../features/shard.ts';
import { compareTexts } from '../features/text-order.ts';
import { hashText } from '../random.ts';

export interface SeedVectors {
  readonly dimensions: number;
  readonly ids: readonly string[];
  readonly vectors: Float32Array;
}

/** The embedding that rankers on points need; the use cases see to it that it is there. */
export function embeddingOf({ embedding }: Shard): Embedding {
  if (embedding) return embedding;
  throw new Error('expected a shard with an embedding, got one without');
}

/** Whether a user lies anywhere: the zero vector is no point. */
export function hasPoint({ dimensions: D, vectors }: Embedding, row: number): boolean {
  return vectors.subarray(row * D, row * D + D).some((x) => x !== 0);
}

/** The points of the given rows. Seeds without features are nowhere, and left out. */
export function seedVectorsOf(shard: Shard, rows: Uint32Array): SeedVectors {
  const embedding = embeddingOf(shard);
  const { dimensions: D, vectors } = embedding;
  const placed = rows.filter((row) => hasPoint(embedding, row));
  const chosen = new Float32Array(placed.length * D);
  placed.forEach((row, s) => {
    chosen.set(vectors.subarray(row * D, row * D + D), s * D);
  });
  return { dimensions: D, ids: Array.from(placed, (row) => shard.ids[row]), vectors: chosen };
}

/** All seeds in the order of their ids; beyond `limit` those whose ids hash lowest, whichever shard they came from. */
export function mergeSeedVectors(parts: readonly SeedVectors[], limit: number): SeedVectors {
  const D = parts.reduce((most, part) => Math.max(most, part.dimensions), 1);
  const seeds = parts.flatMap((part) =>
    part.ids.map((id, s) => ({ id, vector: part.vectors.subarray(s * D, s * D + D) })),
  );
  const kept =
    seeds.length <= limit
      ? seeds
      : seeds
          .map((seed) => ({ ...seed, hash: hashText(seed.id, limit) }))
          .sort((left, right) => left.hash - right.hash || compareTexts(left.id, right.id))
          .slice(0, limit);
  kept.sort((left, right) => compareTexts(left.id, right.id));
  const vectors = new Float32Array(kept.length * D);
  kept.forEach(({ vector }, s) => {
    vectors.set(vector, s * D);
  });
  return { dimensions: D, ids: kept.map(({ id }) => id), vectors };
}

/** The sum of vectors, (D), in float64 in the order given. */
export function sumOfVectors({ dimensions: D, vectors }: Pick<SeedVectors, 'dimensions' | 'vectors'>): Float64Array {
  const sum = new Float64Array(D);
  for (let at = 0; at < vectors.length; at++) sum[at % D] += vectors[at];
  return sum;
}
