/** Seeds in, a ranked audience out: resolve, fit, score, select, explain. */
import type { Shard } from '#domain/features/shard.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import {
  byInformationValue,
  type FeatureCounts,
  informationValues,
  mergeCounts,
} from '#domain/ranking/by-information-value.ts';
import { bestOf, fitRanker, mergeRankings } from '#domain/ranking/rank-users.ts';
import type { Contribution, Ranker, Roles } from '#domain/ranking/ranker.ts';
import { type CastCounts, type Casting, castRoles, checkSeeds, sizeOf, warnOfIdleExclusions } from './cast.ts';
import {
  type CandidateMode,
  chooseCandidates,
  type FoundBy,
  measureRecall,
  modeFor,
  type RetrievalReport,
} from './choose-candidates.ts';
import type { Population } from './population.ts';
import { withPoints } from './population-index.ts';
import type { Ports, Watch } from './ports.ts';
import {
  type ChosenRanker,
  chooseRanker,
  type DropMatches,
  matchDrops,
  type RankingOptions,
  warnOfUnknownDrops,
} from './ranking-options.ts';
import type { Settings } from './settings.ts';

export interface ExpansionRequest extends RankingOptions, Casting {
  readonly candidates: CandidateMode;
  /** `1000`, `5%` of the candidates, or `all`. */
  readonly size: string;
}

export interface Member {
  readonly rank: number;
  readonly userId: string;
  readonly score: number;
}

export interface TellingFeature {
  readonly feature: string;
  readonly informationValue: number;
  readonly seedShare: number;
  readonly candidateShare: number;
}

export interface ExpansionReport {
  readonly population: string;
  readonly generation: number;
  readonly users: number;
  readonly seeds: {
    readonly given: number;
    readonly duplicates: number;
    readonly matched: number;
    readonly unmatched: number;
  };
  readonly excluded: { readonly given: number; readonly matched: number };
  readonly ranker: { readonly name: string; readonly choices: Readonly<Record<string, string>> };
  readonly dropped: readonly string[];
  readonly binary: boolean;
  readonly seed: number;
  /** Everybody who could have been ranked: all but seeds and excluded people. */
  readonly candidates: number;
  /** Who was ranked, and how they were found. */
  readonly retrieval: RetrievalReport;
  readonly size: number;
  /** Members with a score of 0 or less: on the whole, nothing speaks for them. */
  readonly membersWithoutEvidence: number;
  readonly tellingFeatures: readonly TellingFeature[];
  /** The first members, each with the features that speak for him or her; the amounts sum to the score. */
  readonly firstMembers: readonly (Member & {
    readonly foundBy: FoundBy;
    readonly contributions: readonly Contribution[];
  })[];
  readonly warnings: readonly string[];
}

export interface Audience {
  readonly members: readonly Member[];
  readonly report: ExpansionReport;
}

export async function expandAudience(
  ports: Ports,
  settings: Settings,
  population: Population,
  request: ExpansionRequest,
  watch: Watch,
): Promise<Audience> {
  const chosenRanker = chooseRanker(request);
  const { ranker, preference, needsEmbedding } = chosenRanker;
  watch('match the seeds', 0, 1);
  const cast = castRoles(population, request);
  const settled = settle(settings, request, cast);
  const { size } = settled;
  const used = modeFor({ ...cast, population, preference, mode: request.candidates, size }, settings);
  const needsPoints = needsEmbedding || used === 'neighbors' || used === 'both';
  if (needsPoints) watch('place the users', 0, 1);
  const shards = needsPoints ? await withPoints(ports, settings, population, cast.shards) : cast.shards;
  const job = { population, shards, roles: cast.roles, preference, mode: request.candidates, size };
  if (used !== 'all') watch('retrieve candidates', 0, 1);
  const chosen = await chooseCandidates(ports, settings, job);
  watch('fit', 0, 1);
  const model = fitRanker(ranker, shards, chosen.roles);
  watch('score', 0, 1);
  const rankings = shards.map((shard, s) => rankShard(settings, ranker, model, shard, chosen.roles[s], size));
  const isRetrieved = chosen.report.used !== 'all';
  if (isRetrieved) watch('measure the recall', 0, 1);
  const recall = isRetrieved ? measureRecall(ranker, model, job, chosen, settings.recallSample) : undefined;
  watch('explain', 0, 1);
  const audience = audienceFrom(settings, request, {
    population,
    counts: cast,
    settled,
    chosenRanker,
    retrieval: { ...chosen.report, recall },
    retrievalWarnings: chosen.warnings,
    foundBy: chosen.foundBy,
    telling: shards.map((shard, s) => countFeatures(shard, cast.roles[s])),
    drops: population.shards.map((shard) => matchDrops(shard, request.drop)),
    rankings,
  });
  watch('explain', 1, 1);
  return audience;
}

/** How large the audience is to be, and what its seeds are to be warned of. */
export interface Settled {
  readonly size: number;
  readonly seedWarnings: readonly string[];
}

/** Refuses what cannot be done with these seeds. */
export function settle(settings: Settings, request: ExpansionRequest, counts: CastCounts): Settled {
  const seedWarnings = checkSeeds(request.seeds, counts, settings);
  return { size: sizeOf(request.size, counts.candidateCount), seedWarnings };
}

/** The best of one shard: plain data, so that a function of its own can make it. */
export interface ShardRanking {
  readonly ids: readonly string[];
  readonly scores: Float32Array;
  /** Why the first of them stand there, as many as may be among the first of the audience. */
  readonly reasons: readonly (readonly Contribution[])[];
}

export function rankShard(
  { explainedMembers }: Settings,
  ranker: Ranker,
  model: unknown,
  shard: Shard,
  { candidates }: Roles,
  size: number,
): ShardRanking {
  const ranked = bestOf(shard, candidates, ranker.score(model, shard, candidates), size);
  return {
    ids: ranked.map(({ id }) => id),
    scores: Float32Array.from(ranked, ({ score }) => score),
    reasons: ranked.slice(0, explainedMembers).map(({ row }) => ranker.explain(model, shard, row)),
  };
}

/** What tells seeds from candidates, whatever the ranker: how many have each feature. */
export function countFeatures(shard: Shard, roles: Roles): FeatureCounts {
  return byInformationValue('positive').gather(shard, roles);
}

/** All that the shards of a job have come to. */
interface Outcome {
  readonly population: Pick<Population, 'name' | 'generation'>;
  readonly counts: CastCounts;
  readonly settled: Settled;
  readonly chosenRanker: Pick<ChosenRanker, 'name' | 'choices'>;
  readonly retrieval: RetrievalReport;
  readonly retrievalWarnings: readonly string[];
  readonly foundBy: (userId: string) => FoundBy;
  readonly telling: readonly FeatureCounts[];
  readonly drops: readonly DropMatches[];
  readonly rankings: readonly ShardRanking[];
}

/** The shards' rankings as one, and the report of how it came about. */
export function audienceFrom(settings: Settings, request: ExpansionRequest, outcome: Outcome): Audience {
  const { population, counts, settled, chosenRanker, retrieval, foundBy } = outcome;
  const { size } = settled;
  const ranked = mergeRankings(outcome.rankings.map(rankedOf), size);
  const members = ranked.map(({ id, score }, n) => ({ rank: n + 1, userId: id, score }));
  const silent = ranked.filter(({ score }) => score <= 0).length;
  const report: ExpansionReport = {
    population: population.name,
    generation: population.generation,
    ...countsOf(counts, request),
    retrieval,
    ranker: { name: chosenRanker.name, choices: chosenRanker.choices },
    dropped: [...new Set(request.drop)].sort(compareTexts),
    binary: request.binary,
    seed: request.seed,
    size,
    membersWithoutEvidence: silent,
    tellingFeatures: tellingFeatures(outcome.telling, settings.listedFeatures),
    firstMembers: ranked.slice(0, settings.explainedMembers).map(({ id, contributions }, n) => ({
      ...members[n],
      foundBy: foundBy(id),
      contributions,
    })),
    warnings: [
      ...settled.seedWarnings,
      ...outcome.retrievalWarnings,
      ...warnOfSilence(silent, size),
      ...warnOfIdleExclusions(counts),
      ...warnOfUnknownDrops(outcome.drops, request.drop),
    ],
  };
  return { members, report };
}

function rankedOf({ ids, scores, reasons }: ShardRanking) {
  return ids.map((id, n) => ({ id, score: scores[n], contributions: reasons[n] ?? [] }));
}

/** An audience larger than the evidence ends in people who were taken for want of better ones. */
function warnOfSilence(silent: number, size: number): string[] {
  if (silent === 0) return [];
  return [`nothing speaks for ${silent} of the ${size} members: they end the list with scores of 0 or less`];
}

function countsOf({ users, matchedCount, candidateCount }: CastCounts, { seeds, exclude }: ExpansionRequest) {
  const given = seeds.ids.length;
  return {
    users,
    seeds: { given, duplicates: seeds.duplicates, matched: matchedCount, unmatched: given - matchedCount },
    excluded: {
      given: new Set(exclude.flatMap(({ ids }) => ids)).size,
      matched: users - matchedCount - candidateCount,
    },
    candidates: candidateCount,
  };
}

/** The features of the highest information value. */
function tellingFeatures(telling: readonly FeatureCounts[], count: number): TellingFeature[] {
  const counts = mergeCounts(telling);
  const { features, values } = informationValues(counts, 'positive');
  return features
    .map((feature, f) => ({
      feature,
      informationValue: values[f],
      seedShare: counts.seedsWith.values[f] / Math.max(1, counts.seedCount),
      candidateShare: counts.othersWith.values[f] / Math.max(1, counts.otherCount),
    }))
    .filter(({ informationValue }) => informationValue > 0)
    .sort((left, right) => right.informationValue - left.informationValue || compareTexts(left.feature, right.feature))
    .slice(0, count);
}
