/**
 * Trains the attention scorer for campaigns whose answer is known, so that nothing it learns from has seen what a campaign
 * takes away: once for each list of dropped features, or for groups of campaigns whose lists together take little away.
 */
import { placeUsers } from '#domain/embedding/place-users.ts';
import { dropFeatures, type Shard } from '#domain/features/shard.ts';
import { columnCounts, rowCountOf } from '#domain/features/sparse-matrix.ts';
import type { Ranker } from '#domain/ranking/ranker.ts';
import type { Campaign } from './evaluate-rankers.ts';
import { learnScorer } from './learn-scorer.ts';
import type { Population } from './population.ts';
import type { Watch } from './ports.ts';
import { chooseRanker, prepareShards, type RankingOptions } from './ranking-options.ts';
import { fitEmbedding, trainingShard } from './retrieval-index.ts';
import type { Settings } from './settings.ts';
import type { TrainingFigures, TrainingOptions } from './training.ts';

export interface CampaignTraining {
  /** How many it was trained for, and how many features they drop. */
  readonly campaigns: number;
  readonly dropped: number;
  readonly figures: TrainingFigures;
}

export interface CampaignScorer {
  readonly ranker: Ranker;
  readonly place: (shards: Shard[]) => Shard[];
  readonly training: CampaignTraining;
}

/** So many lists of dropped features are each trained for. */
const MOST_LISTS = 12;
/** Beyond, lists are joined that together take away no larger share of all that is known of users. */
const MOST_DROPPED = 0.2;

export async function trainForCampaigns(
  settings: Settings,
  population: Population,
  options: RankingOptions,
  training: TrainingOptions,
  campaigns: readonly Campaign[],
  watch: Watch,
): Promise<Map<Campaign, CampaignScorer>> {
  const shards = prepareShards(population.shards, options.drop, options.binary);
  const scorers = new Map<Campaign, CampaignScorer>();
  const groups = groupCampaigns(shards, campaigns);
  for (const [done, { members, dropped }] of groups.entries()) {
    const stage = groups.length === 1 ? 'train' : `train ${done + 1} of ${groups.length}`;
    const scorer = await trainGroup(settings, shards, { options, training }, dropped, (epoch, of) =>
      watch(stage, epoch, of),
    );
    const { ranker, place, figures } = scorer;
    const told = { campaigns: members.length, dropped: dropped.size, figures };
    for (const campaign of members) scorers.set(campaign, { ranker, place, training: told });
  }
  return scorers;
}

async function trainGroup(
  settings: Settings,
  shards: readonly Shard[],
  { options, training }: { readonly options: RankingOptions; readonly training: TrainingOptions },
  dropped: ReadonlySet<string>,
  watch: (epoch: number, epochs: number) => void,
) {
  await new Promise((resolve) => setTimeout(resolve, 0)); // Ctrl-C is heard between groups
  const bare = shards.map((shard) => dropFeatures(shard, dropped));
  const model = fitEmbedding(bare, settings);
  const { scorer, figures } = await learnScorer(trainingShard(bare, settings.scorerUsers), model, {
    options: training,
    clock: () => 0, // it has all the time that it wants
    watch: ({ epoch, epochs }) => watch(epoch, epochs),
  });
  return {
    ranker: chooseRanker({ ...options, scorer }).ranker,
    place: (own: Shard[]) => own.map((shard) => ({ ...shard, embedding: placeUsers(shard, model) })),
    figures,
  };
}

interface CampaignGroup {
  readonly members: Campaign[];
  readonly dropped: Set<string>;
}

/** Campaigns by what they drop, joined first fit where the lists are many. */
export function groupCampaigns(shards: readonly Shard[], campaigns: readonly Campaign[]): CampaignGroup[] {
  const lists = Map.groupBy(campaigns, ({ drop }) => JSON.stringify([...new Set(drop)].sort()));
  const byList = [...lists.values()].map((members) => ({ members, dropped: new Set(members[0].drop) }));
  if (byList.length <= MOST_LISTS) return byList;
  const counts = occurrences(shards);
  const total = counts.values().reduce((sum, count) => sum + count, 0);
  const shareOf = (features: ReadonlySet<string>) =>
    features.values().reduce((sum, feature) => sum + (counts.get(feature) ?? 0), 0) / Math.max(1, total);
  const groups: CampaignGroup[] = [];
  for (const { members, dropped } of byList) {
    const group = groups.find((other) => shareOf(other.dropped.union(dropped)) <= MOST_DROPPED);
    if (!group) groups.push({ members: [...members], dropped });
    else {
      group.members.push(...members);
      for (const feature of dropped) group.dropped.add(feature);
    }
  }
  return groups;
}

/** How many users have each feature. */
function occurrences(shards: readonly Shard[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { features, rows } of shards) {
    const own = columnCounts(
      rows,
      Uint32Array.from({ length: rowCountOf(rows) }, (_, u) => u),
    );
    features.forEach((feature, f) => {
      counts.set(feature, (counts.get(feature) ?? 0) + own[f]);
    });
  }
  return counts;
}
