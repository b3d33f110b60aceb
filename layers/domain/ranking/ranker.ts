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
  /** Of the background, those who were shown the campaign and did not come, where that is known. */
  readonly exposed: Uint32Array;
  /** People not to resemble; they are not of the background. */
  readonly unlike: Uint32Array;
  /** What share of the others a learner sees. */
  readonly learnedShare: number;
}

/** Roles of people of whom no more is known than who is a seed. */
export function rolesOf(seeds: Uint32Array, background: Uint32Array): Roles {
  const nobody = new Uint32Array(0);
  return { seeds, background, candidates: background, exposed: nobody, unlike: nobody, learnedShare: 1 };
}

/** What else may be known of people: ids, and how many are to be learned from. */
export interface FurtherRoles {
  readonly exposed?: ReadonlySet<string>;
  readonly unlike?: ReadonlySet<string>;
  readonly learnedShare?: number;
}

/** What one feature adds to a user's score; a user's contributions sum to the score. */
export interface Contribution {
  readonly feature: string;
  readonly amount: number;
}

/** The kind of seeds that somebody is most like, where a ranker knows of kinds. */
export interface NearestKind {
  /** As contributions name it. */
  readonly cluster: string;
  /** What tells these seeds from the others, the most telling first. */
  readonly features: readonly string[];
  /** How much of the score is likeness to the seeds as a whole, and to those kinds of them that are like the user. */
  readonly global: number;
  readonly local: number;
}

/** Why somebody has a score. */
export interface Reasons {
  readonly contributions: readonly Contribution[];
  readonly kind?: NearestKind;
}

export function reasonsOf(ranker: Ranker, model: unknown, shard: Shard, row: number): Reasons {
  const kind = ranker.nearestKind?.(model, shard, row);
  return { contributions: ranker.explain(model, shard, row), ...(kind && { kind }) };
}

export interface Ranker<Evidence = unknown, Model = unknown> {
  readonly name: string;
  gather(shard: Shard, roles: Roles): Evidence;
  fit(evidence: readonly Evidence[]): Model;
  /** One finite score a row, more for the more alike, (N). */
  score(model: Model, shard: Shard, rows: Uint32Array): Float32Array;
  /** The contributions of one row's features, those that speak most for the user first. */
  explain(model: Model, shard: Shard, row: number): Contribution[];
  /** Undefined for who lies nowhere. */
  nearestKind?(model: Model, shard: Shard, row: number): NearestKind | undefined;
  /** How it was chosen, where it chose among others by held-out seeds; nothing where seeds were too few to hold any out. */
  trials?(model: Model): Trials | undefined;
}

/** How one contender found the seeds that were held out: the place of each. */
export interface Trial {
  readonly name: string;
  readonly places: Float64Array;
}

export interface Trials {
  readonly winner: string;
  readonly contenders: readonly Trial[];
  /** The places of what would have been chosen without the fold that each seed was held out in: nothing chose them. */
  readonly places: Float64Array;
  /** What there was no time for. */
  readonly skipped: readonly string[];
}

/**
 * Rows of a shard by what they are: seeds, people to rank (all others), and those who are left out, as people not to
 * resemble are too. A seed is a seed whatever else it is.
 */
export function assignRoles(
  { ids }: Shard,
  seedIds: ReadonlySet<string>,
  excludedIds: ReadonlySet<string>,
  { exposed, unlike, learnedShare = 1 }: FurtherRoles = {},
): Roles {
  const rows = { seeds: [] as number[], others: [] as number[], exposed: [] as number[], unlike: [] as number[] };
  ids.forEach((id, row) => {
    if (seedIds.has(id)) rows.seeds.push(row);
    else if (unlike?.has(id)) rows.unlike.push(row);
    else if (!excludedIds.has(id)) {
      rows.others.push(row);
      if (exposed?.has(id)) rows.exposed.push(row);
    }
  });
  return {
    ...rolesOf(Uint32Array.from(rows.seeds), Uint32Array.from(rows.others)),
    exposed: Uint32Array.from(rows.exposed),
    unlike: Uint32Array.from(rows.unlike),
    learnedShare,
  };
}

/** Pairs of column and amount as contributions, the largest first, ties by name. */
export function contributionsOf(shard: Shard, parts: readonly (readonly [number, number])[]): Contribution[] {
  return parts
    .filter(([, amount]) => amount !== 0)
    .sort(([leftColumn, left], [rightColumn, right]) => right - left || leftColumn - rightColumn)
    .map(([column, amount]) => ({ feature: shard.features[column], amount }));
}
