/** From shards and their roles to one ranked list: gather, fit, score, select, over any number of shards. */
import type { Shard } from '../features/shard.ts';
import { compareTexts } from '../features/text-order.ts';
import type { Ranker, Roles } from './ranker.ts';
import { topK } from './top-k.ts';

export interface RankedUser {
  readonly id: string;
  readonly score: number;
  readonly shard: Shard;
  readonly row: number;
}

export function fitRanker<Evidence, Model>(
  ranker: Ranker<Evidence, Model>,
  shards: readonly Shard[],
  roles: readonly Roles[],
): Model {
  return ranker.fit(shards.map((shard, s) => ranker.gather(shard, roles[s])));
}

/** The best `k` candidates of all shards, best first, equal scores by id. */
export function rankUsers<Evidence, Model>(
  ranker: Ranker<Evidence, Model>,
  model: Model,
  shards: readonly Shard[],
  roles: readonly Roles[],
  k: number,
): RankedUser[] {
  const lists = shards.map((shard, s) => {
    const { candidates } = roles[s];
    return bestOf(shard, candidates, ranker.score(model, shard, candidates), k);
  });
  return mergeRankings(lists, k);
}

/** The best `k` of one shard's rows by their scores. */
export function bestOf(shard: Shard, rows: Uint32Array, scores: Float32Array, k: number): RankedUser[] {
  return Array.from(topK(scores, k), (n) => ({ id: shard.ids[rows[n]], score: scores[n], shard, row: rows[n] }));
}

export function mergeRankings<Ranked extends Pick<RankedUser, 'id' | 'score'>>(
  lists: readonly Ranked[][],
  k: number,
): Ranked[] {
  if (lists.length === 1) return lists[0];
  return lists
    .flat()
    .sort((left, right) => right.score - left.score || compareTexts(left.id, right.id))
    .slice(0, k);
}
