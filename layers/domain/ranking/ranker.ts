/**
 * What every way of ranking is: map–reduce over shards, so that one process and ten thousand functions run the same code.
 *
 * gather runs on each shard, fit once on all the evidence, score and explain on each shard again. Evidence and models
 * are plain data (numbers, texts, typed arrays), small, and merging evidence loses nothing: the same scores come out
 * for any number of shards.
 */
import type { Shard } from '../features/shard.ts';

/** Which rows of a shard are what, rising. */
export interface Roles {
  readonly seeds: Uint32Array;
  /** Everybody but the seeds and the excluded: what seeds are compared with. */
  readonly background: Uint32Array;
  /** Those of the background who are to be ranked: all of them, or the ones that retrieval found. */
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

/** Rows of a shard by what they are: seeds, people to rank (all others), and the excluded, who are left out. */
export function assignRoles(shard: Shard, seedIds: ReadonlySet<string>, excludedIds: ReadonlySet<string>): Roles {
  const seeds: number[] = [];
  const others: number[] = [];
  shard.ids.forEach((id, row) => {
    if (seedIds.has(id)) seeds.push(row);
    else if (!excludedIds.has(id)) others.push(row);
  });
  const background = Uint32Array.from(others);
  return { seeds: Uint32Array.from(seeds), background, candidates: background };
}

/** Pairs of column and amount as contributions, the largest first, ties by name. */
export function contributionsOf(shard: Shard, parts: readonly (readonly [number, number])[]): Contribution[] {
  return parts
    .filter(([, amount]) => amount !== 0)
    .sort(([leftColumn, left], [rightColumn, right]) => right - left || leftColumn - rightColumn)
    .map(([column, amount]) => ({ feature: shard.features[column], amount }));
}
