/**
 * What every way of ranking is: map–reduce over shards, so that one process and ten thousand functions run the same code.
 *
 * gather runs on each shard, fit once on all the evidence, score and explain on each shard again. Evidence and models
 * are plain data (numbers, texts, typed arrays), small, and merging evidence loses nothing: the same scores come out
 * for any number of shards.
 */
import type { Shard } from '../features/shard.ts';

/** Which rows of a shard are seeds and which are to be ranked. */
export interface Roles {
  readonly seeds: Uint32Array;
  readonly candidates: Uint32Array;
}

/** What one feature adds to a user's score; a user's contributions sum to the score. */
export interface Contribution {
  readonly feature: string;
  readonly amount: number;
}

export interface Ranker<Evidence = unknown, Model = unknown> {
  readonly name: string;
  gather(shard: Shard, roles: Roles): Evidence;
  fit(evidence: readonly Evidence[]): Model;
  /** One finite score a row, more for the more alike, (N). */
  score(model: Model, shard: Shard, rows: Uint32Array): Float32Array;
  /** The contributions of one row's features, those that speak most for the user first. */
  explain(model: Model, shard: Shard, row: number): Contribution[];
}

/** Rows of a shard by what they are: seeds, people to rank, and the rest, who are left out. */
export function assignRoles(shard: Shard, seedIds: ReadonlySet<string>, excludedIds: ReadonlySet<string>): Roles {
  const seeds: number[] = [];
  const candidates: number[] = [];
  shard.ids.forEach((id, row) => {
    if (seedIds.has(id)) seeds.push(row);
    else if (!excludedIds.has(id)) candidates.push(row);
  });
  return { seeds: Uint32Array.from(seeds), candidates: Uint32Array.from(candidates) };
}

/** Pairs of column and amount as contributions, the largest first, ties by name. */
export function contributionsOf(shard: Shard, parts: readonly (readonly [number, number])[]): Contribution[] {
  return parts
    .filter(([, amount]) => amount !== 0)
    .sort(([leftColumn, left], [rightColumn, right]) => right - left || leftColumn - rightColumn)
    .map(([column, amount]) => ({ feature: shard.features[column], amount }));
}
