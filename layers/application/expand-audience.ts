/** Seeds in, a ranked audience out: resolve, fit, score, select, explain. */
import { userCountOf } from '#domain/features/shard.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { byInformationValue, informationValues, mergeCounts } from '#domain/ranking/by-information-value.ts';
import { fitRanker, rankUsers } from '#domain/ranking/rank-users.ts';
import type { Contribution } from '#domain/ranking/ranker.ts';
import { type Cast, type Casting, castRoles, checkSeeds, sizeOf, warnOfIdleExclusions } from './cast.ts';
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
import { chooseRanker, type RankingOptions, warnOfUnknownDrops } from './ranking-options.ts';
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
  const { ranker, name, choices, preference, needsEmbedding } = chooseRanker(request);
  watch('match the seeds', 0, 1);
  const matched = castRoles(population, request);
  const seedWarnings = checkSeeds(request.seeds, matched, settings);
  const size = sizeOf(request.size, matched.candidateCount);
  const used = modeFor({ ...matched, population, preference, mode: request.candidates, size }, settings);
  const needsPoints = needsEmbedding || used === 'neighbors' || used === 'both';
  if (needsPoints) watch('place the users', 0, 1);
  const shards = needsPoints ? await withPoints(ports, settings, population, matched.shards) : matched.shards;
  const job = { population, shards, roles: matched.roles, preference, mode: request.candidates, size };
  if (used !== 'all') watch('retrieve candidates', 0, 1);
  const chosen = await chooseCandidates(ports, settings, job);
  watch('fit', 0, 1);
  const model = fitRanker(ranker, shards, chosen.roles);
  watch('score', 0, 1);
  const ranked = rankUsers(ranker, model, shards, chosen.roles, size);
  const isRetrieved = chosen.report.used !== 'all';
  if (isRetrieved) watch('measure the recall', 0, 1);
  const recall = isRetrieved ? measureRecall(ranker, model, job, chosen, settings.recallSample) : undefined;
  watch('explain', 0, 1);
  const cast = { ...matched, shards };
  const silent = ranked.filter(({ score }) => score <= 0).length;
  const members = ranked.map(({ id, score }, n) => ({ rank: n + 1, userId: id, score }));
  const report: ExpansionReport = {
    population: population.name,
    generation: population.generation,
    ...countsOf(cast, request),
    retrieval: { ...chosen.report, recall },
    ranker: { name, choices },
    dropped: [...new Set(request.drop)].sort(compareTexts),
    binary: request.binary,
    seed: request.seed,
    size,
    membersWithoutEvidence: silent,
    tellingFeatures: tellingFeatures(cast, settings.listedFeatures),
    firstMembers: ranked.slice(0, settings.explainedMembers).map(({ shard, row }, n) => ({
      ...members[n],
      foundBy: chosen.foundBy(members[n].userId),
      contributions: ranker.explain(model, shard, row),
    })),
    warnings: [
      ...seedWarnings,
      ...chosen.warnings,
      ...warnOfSilence(silent, size),
      ...warnOfIdleExclusions(request.exclude, cast),
      ...warnOfUnknownDrops(population.shards, request.drop),
    ],
  };
  watch('explain', 1, 1);
  return { members, report };
}

/** An audience larger than the evidence ends in people who were taken for want of better ones. */
function warnOfSilence(silent: number, size: number): string[] {
  if (silent === 0) return [];
  return [`nothing speaks for ${silent} of the ${size} members: they end the list with scores of 0 or less`];
}

function countsOf({ shards, matchedCount, candidateCount }: Cast, { seeds, exclude }: ExpansionRequest) {
  const users = userCountOf(shards);
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

/** What tells seeds from candidates, whatever the ranker: the features of the highest information value. */
function tellingFeatures({ shards, roles }: Cast, count: number): TellingFeature[] {
  const counter = byInformationValue('positive');
  const counts = mergeCounts(shards.map((shard, s) => counter.gather(shard, roles[s])));
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
