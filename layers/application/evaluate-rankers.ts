/** How well a ranker finds the hidden half of each campaign's people. */

import { chanceScores } from '#domain/evaluation/chance.ts';
import { qualityAt, type RankingQuality, rankingQuality } from '#domain/evaluation/ranking-metrics.ts';
import type { Shard } from '#domain/features/shard.ts';
import { bestOf, fitRanker, mergeRankings, type RankedUser, rankUsers } from '#domain/ranking/rank-users.ts';
import { assignRoles, type Ranker, type Roles } from '#domain/ranking/ranker.ts';
import type { EmbeddingKind } from '#domain/ranking/rankers.ts';
import { Invalid } from './errors.ts';
import type { Population } from './population.ts';
import type { Watch } from './ports.ts';
import { chooseRanker, matchDrops, prepareShards, type RankingOptions, warnOfUnknownDrops } from './ranking-options.ts';
import { embedShards } from './retrieval-index.ts';
import type { Settings } from './settings.ts';
import { type CampaignTraining, trainForCampaigns } from './train-for-campaigns.ts';
import type { TrainingOptions } from './training.ts';

/** A known answer: half of the people with some feature are seeds, the other half are hidden. */
export interface Campaign {
  readonly campaign: string;
  readonly tier?: string | undefined;
  /** Features to take away from everybody, so that the answer is not in the question. */
  readonly drop: readonly string[];
  readonly seeds: readonly string[];
  readonly positives: readonly string[];
  /** Users who must be neither ranked nor counted. */
  readonly ignore: readonly string[];
}

export interface CampaignQuality {
  readonly campaign: string;
  readonly tier: string;
  readonly seeds: number;
  readonly positives: number;
  readonly ranked: number;
  /** Absent where nothing could be measured: no positives among the ranked users, or nobody else. */
  readonly quality?: RankingQuality | undefined;
}

export interface MeanQuality extends RankingQuality {
  readonly tier: string;
  /** How many campaigns the means are over. */
  readonly campaigns: number;
}

export interface Evaluation {
  readonly population: string;
  readonly generation: number;
  readonly ranker: { readonly name: string; readonly choices: Readonly<Record<string, string>> };
  /** Macro averages: by tier in the order of the file, then over all campaigns. */
  readonly means: readonly MeanQuality[];
  readonly campaigns: readonly CampaignQuality[];
  readonly warnings: readonly string[];
  /** What was trained for which campaigns, where that was asked for. */
  readonly training?: readonly CampaignTraining[] | undefined;
  /** Means of the untrained scorer on the same points, where one was trained. */
  readonly untrained?: readonly MeanQuality[] | undefined;
}

/** Receives each campaign's whole ranking. */
export type RankingSink = (campaign: string, ranking: readonly RankedUser[]) => void;

export async function evaluateRankers(
  settings: Settings,
  population: Population,
  options: RankingOptions,
  campaigns: readonly Campaign[],
  sink: RankingSink | undefined,
  watch: Watch,
  training?: TrainingOptions,
): Promise<Evaluation> {
  const { ranker, name, choices, embedding } = chooseRanker(options);
  if (campaigns.length === 0) throw new Invalid('expected at least one campaign, got none');
  if (training && (name !== 'attention' || embedding !== 'svd'))
    throw new Invalid('expected the ranker attention on the embedding svd with --train: nothing else is trained');
  const trained = training && (await trainForCampaigns(settings, population, options, training, campaigns, watch));
  const place = embedding ? placing(settings, population, options, campaigns, embedding) : (shards: Shard[]) => shards;
  const results: CampaignQuality[] = [];
  const untrained: CampaignQuality[] = [];
  for (const [done, campaign] of campaigns.entries()) {
    watch('evaluate the campaigns', done, campaigns.length);
    await nextTurn();
    const scorer = trained?.get(campaign);
    const own = scorer ?? { ranker, place };
    const { result, ranking } = measureCampaign(population.shards, own.ranker, options, campaign, own.place);
    if (scorer) untrained.push(measureCampaign(population.shards, ranker, options, campaign, scorer.place).result);
    sink?.(campaign.campaign, ranking);
    results.push(result);
  }
  watch('evaluate the campaigns', 1, 1);
  const unmeasured = results.filter(({ quality }) => !quality).map(({ campaign }) => JSON.stringify(campaign));
  return {
    population: population.name,
    generation: population.generation,
    ranker: { name, choices },
    means: meansOf(results),
    campaigns: results,
    ...(trained && {
      training: [...new Set([...trained.values()].map(({ training }) => training))],
      untrained: meansOf(untrained),
    }),
    warnings: [
      ...warnOfUnknownDrops(
        population.shards.map((shard) => matchDrops(shard, options.drop)),
        options.drop,
      ),
      ...(unmeasured.length > 0 ? [`not measured, for lack of positives or of others: ${unmeasured.join(', ')}`] : []),
    ],
  };
}

/** Up to so many features an embedding costs next to nothing, and each campaign gets one of its own. */
const MAX_EMBEDDED_FEATURES = 400;

/**
 * Gives a campaign's shards their points. With many features one embedding serves all campaigns: that of the users
 * without anything that any of them drops.
 */
function placing(
  settings: Settings,
  { shards: all }: Population,
  options: RankingOptions,
  campaigns: readonly Campaign[],
  kind: EmbeddingKind,
) {
  const featureCount = new Set(all.flatMap(({ features }) => features)).size;
  if (featureCount <= MAX_EMBEDDED_FEATURES) return (shards: Shard[]) => embedShards(shards, settings, kind);
  const drops = [...options.drop, ...campaigns.flatMap(({ drop }) => drop)];
  const common = embedShards(prepareShards(all, drops, options.binary), settings, kind);
  return (shards: Shard[]) => shards.map((shard, s) => ({ ...shard, embedding: common[s].embedding }));
}

/** Lets the process hear that somebody has pressed Ctrl-C: it is deaf while it computes. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function measureCampaign(
  all: readonly Shard[],
  ranker: Ranker,
  options: RankingOptions,
  campaign: Campaign,
  place: (shards: Shard[]) => Shard[],
) {
  const bare = stageOf(all, options, campaign);
  const stage = { ...bare, shards: place(bare.shards) };
  const ranking = rankEverybody(stage, ranker);
  const positive = markPositives(ranking, campaign);
  const result: CampaignQuality = {
    campaign: campaign.campaign,
    tier: campaign.tier ?? 'none',
    seeds: stage.roles.reduce((sum, role) => sum + role.seeds.length, 0),
    positives: positive.reduce((sum, hit) => sum + hit, 0),
    ranked: ranking.length,
    quality: rankingQuality(scoresOf(ranking), positive),
  };
  return { result, ranking };
}

/** Quality of the first `size` users of one campaign, beside what chance gives: for people who look at one audience. */
export function compareAtSize(
  population: Population,
  contenders: readonly RankingOptions[],
  campaign: Campaign,
  size: number,
): { readonly chance: RankingQuality | undefined; readonly rankers: readonly (RankingQuality | undefined)[] } {
  const qualityOf = (ranking: readonly RankedUser[]) =>
    qualityAt(scoresOf(ranking), markPositives(ranking, campaign), Math.min(size, ranking.length));
  const chanceStage = stageOf(population.shards, { drop: [], binary: false }, campaign);
  const lists = chanceStage.shards.map((shard, s) => {
    const { candidates } = chanceStage.roles[s];
    return bestOf(shard, candidates, chanceScores(shard, candidates), candidates.length);
  });
  return {
    chance: qualityOf(mergeRankings(lists, Number.MAX_SAFE_INTEGER)),
    rankers: contenders.map((options) =>
      qualityOf(rankEverybody(stageOf(population.shards, options, campaign), chooseRanker(options).ranker)),
    ),
  };
}

interface Stage {
  readonly shards: Shard[];
  readonly roles: readonly Roles[];
}

function stageOf(all: readonly Shard[], options: Pick<RankingOptions, 'drop' | 'binary'>, campaign: Campaign): Stage {
  const shards = prepareShards(all, [...options.drop, ...campaign.drop], options.binary);
  const [seeds, ignored] = [new Set(campaign.seeds), new Set(campaign.ignore)];
  return { shards, roles: shards.map((shard) => assignRoles(shard, seeds, ignored)) };
}

function rankEverybody({ shards, roles }: Stage, ranker: Ranker): RankedUser[] {
  return rankUsers(ranker, fitRanker(ranker, shards, roles), shards, roles, Number.MAX_SAFE_INTEGER);
}

function markPositives(ranking: readonly RankedUser[], campaign: Campaign): Uint8Array {
  const positives = new Set(campaign.positives);
  return Uint8Array.from(ranking, ({ id }) => (positives.has(id) ? 1 : 0));
}

function scoresOf(ranking: readonly RankedUser[]): Float32Array {
  return Float32Array.from(ranking, ({ score }) => score);
}

function meansOf(results: readonly CampaignQuality[]): MeanQuality[] {
  const tiers = [...new Set(results.map(({ tier }) => tier))].filter((tier) => tier !== 'none');
  const groups = [
    ...tiers.map((tier) => ({ tier, members: results.filter((result) => result.tier === tier) })),
    { tier: 'all', members: results },
  ];
  return groups.flatMap(({ tier, members }) => {
    const measured = members.flatMap(({ quality }) => quality ?? []);
    if (measured.length === 0) return [];
    const mean = (value: (quality: RankingQuality) => number) =>
      measured.reduce((sum, quality) => sum + value(quality), 0) / measured.length;
    return {
      tier,
      campaigns: measured.length,
      auc: mean(({ auc }) => auc),
      precision: mean(({ precision }) => precision),
      recall: mean(({ recall }) => recall),
      lift: mean(({ lift }) => lift),
    };
  });
}
