/**
 * A shard: an immutable slice of a population. Rows stand in the order of the ids and columns in the order of the
 * feature names, so that what a shard holds does not depend on the order in which its users were read.
 *
 * Shapes: ids (U), features (F) names such as `age:25-34`, rows (U×F).
 */
import type { Embedding } from './embedding.ts';
import { renumberColumns, rowCountOf, type SparseMatrix } from './sparse-matrix.ts';

export interface Shard extends UserRows {
  /** Where the users lie in the embedding, where that was computed: of these very rows, nothing dropped since. */
  readonly embedding?: Embedding | undefined;
}

/** Users in columns: row `u` is that of `ids[u]`, column `f` that of `features[f]`. As they are read, in any order, and with features of nobody. */
export interface UserRows {
  readonly ids: readonly string[];
  readonly features: readonly string[];
  readonly rows: SparseMatrix;
}

/** A user: features without repetition, a weight for each or none at all. */
export interface User {
  readonly id: string;
  readonly features: readonly string[];
  readonly weights?: readonly number[] | undefined;
}

/** What stands before the first colon: the field of `field:value`. */
export function fieldOf(feature: string): string {
  const colon = feature.indexOf(':');
  return colon < 0 ? feature : feature.slice(0, colon);
}

/** The shard as if nobody had ever had the given features. */
export function dropFeatures(shard: UserRows, dropped: ReadonlySet<string>): UserRows {
  if (!shard.features.some((feature) => dropped.has(feature))) return shard;
  const features: string[] = [];
  const target = Int32Array.from(shard.features, (feature) => (dropped.has(feature) ? -1 : features.push(feature) - 1));
  return { ids: shard.ids, features, rows: renumberColumns(shard.rows, target, features.length) };
}

/** The shard with every weight 1. */
export function withoutWeights(shard: Shard): Shard {
  if (!shard.rows.weights) return shard;
  return { ids: shard.ids, features: shard.features, rows: { ...shard.rows, weights: undefined } };
}

export function userCountOf(shards: readonly Shard[]): number {
  return shards.reduce((sum, shard) => sum + rowCountOf(shard.rows), 0);
}

/** Row `u` as a user of its own. */
export function userAt({ ids, features, rows }: UserRows, u: number): User {
  const { offsets, columns, weights } = rows;
  const [start, end] = [offsets[u], offsets[u + 1]];
  return {
    id: ids[u],
    features: Array.from(columns.subarray(start, end), (f) => features[f]),
    weights: weights && [...weights.subarray(start, end)],
  };
}
