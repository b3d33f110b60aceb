/** What an expansion was asked for and what it came to: the audience, and the report of how it came about. */
import { compareTexts } from '#domain/features/text-order.ts';
import { type FeatureCounts, informationValues, mergeCounts } from '#domain/ranking/by-information-value.ts';
import { mergeRankings } from '#domain/ranking/rank-users.ts';
import type { Contribution, NearestKind, Reasons } from '#domain/ranking/ranker.ts';
import { type CastCounts, type Casting, warnOfIdleExclusions } from './cast.ts';
import type { CandidateMode, FoundBy, RetrievalReport } from './choose-candidates.ts';
import { type Evidence, type EvidenceLevel, evidenceOf, type HeldOut } from './evidence.ts';
import type { Population } from './population.ts';
import { type ChosenRanker, type DropMatches, type RankingOptions, warnOfUnknownDrops } from './ranking-options.ts';
import type { SeedFindings } from './seed-report.ts';
import type { Settings } from './settings.ts';

export interface ExpansionRequest extends RankingOptions, Casting {
  readonly candidates: CandidateMode;
  /** `1000`, `5%` of the candidates, `all`, or by promise: `lift>=3`, `recall>=0.5`, `precision>=0.1`. */
  readonly size: string;
  /** How much of the evidence is computed; short where nothing is said. */
  readonly evidence?: EvidenceLevel | undefined;
  /** What share of everybody is like the seeds, as the caller knows it: it makes precision of lift. */
  readonly baseRate?: number | undefined;
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
  /** People who were shown the campaign in vain, and people not to resemble, where they were given. */
  readonly exposed?: { readonly given: number; readonly matched: number } | undefined;
  readonly unlike?: { readonly given: number; readonly matched: number } | undefined;
  /** What can be told of the seeds before anything is fitted. */
  readonly seedReport: SeedFindings;
  /** What the ranking is worth, by held-out seeds; nothing where it was not asked for, or seeds are too few. */
  readonly evidence?: Evidence | undefined;
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
    /** The kind of seeds that he or she is most like, where the ranker knows of kinds. */
    readonly kind?: NearestKind;
  })[];
  readonly warnings: readonly string[];
}

export interface Audience {
  readonly members: readonly Member[];
  readonly report: ExpansionReport;
}

/** The best of one shard: plain data, so that a function of its own can make it. */
export interface ShardRanking {
  readonly ids: readonly string[];
  readonly scores: Float32Array;
  /** Why the first of them stand there, as many as may be among the first of the audience. */
  readonly reasons: readonly Reasons[];
}

/** All that the shards of a job have come to. */
interface Outcome {
  readonly population: Pick<Population, 'name' | 'generation'>;
  readonly counts: CastCounts;
  readonly castWarnings: readonly string[];
  readonly seedReport: SeedFindings;
  readonly heldOut: HeldOut | undefined;
  readonly size: number;
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
  const { population, counts, size, chosenRanker, retrieval, foundBy } = outcome;
  const ranked = mergeRankings(outcome.rankings.map(rankedOf), size);
  const members = ranked.map(({ id, score }, n) => ({ rank: n + 1, userId: id, score }));
  const silent = ranked.filter(({ score }) => score <= 0).length;
  const scoreAt = (rank: number) => ranked[rank - 1]?.score;
  const evidence =
    outcome.heldOut &&
    evidenceOf(
      outcome.heldOut,
      { size, candidateCount: counts.candidateCount, baseRate: request.baseRate, scoreAt },
      request.seed,
    );
  const report: ExpansionReport = {
    population: population.name,
    generation: population.generation,
    ...countsOf(counts, request),
    seedReport: outcome.seedReport,
    evidence,
    retrieval,
    ranker: { name: chosenRanker.name, choices: chosenRanker.choices },
    dropped: [...new Set(request.drop)].sort(compareTexts),
    binary: request.binary,
    seed: request.seed,
    size,
    membersWithoutEvidence: silent,
    tellingFeatures: tellingFeatures(outcome.telling, settings.listedFeatures),
    firstMembers: ranked.slice(0, settings.explainedMembers).map(({ id, reasons }, n) => ({
      ...members[n],
      foundBy: foundBy(id),
      ...reasons,
    })),
    warnings: [
      ...outcome.castWarnings,
      ...outcome.seedReport.warnings,
      ...warnOfEvidence(request, outcome.heldOut, evidence),
      ...outcome.retrievalWarnings,
      ...warnOfSilence(silent, size),
      ...warnOfIdleExclusions(counts),
      ...warnOfUnknownDrops(outcome.drops, request.drop),
    ],
  };
  return { members, report };
}

function rankedOf({ ids, scores, reasons }: ShardRanking) {
  return ids.map((id, n) => ({ id, score: scores[n], reasons: reasons[n] ?? { contributions: [] } }));
}

function warnOfEvidence(
  request: ExpansionRequest,
  heldOut: HeldOut | undefined,
  evidence: Evidence | undefined,
): string[] {
  if (!heldOut || !evidence)
    return request.evidence === 'none' ? [] : ['too few seeds to hold any out: nothing tells how good the ranking is'];
  return [
    ...(evidence.verdict.go ? [] : [evidence.verdict.reason]),
    ...(heldOut.isWithoutUnlike ? ['the evidence was measured without the people not to resemble'] : []),
    ...(evidence.skipped.length > 0 ? [`skipped to keep within the effort: ${evidence.skipped.join(', ')}`] : []),
  ];
}

/** An audience larger than the evidence ends in people who were taken for want of better ones. */
function warnOfSilence(silent: number, size: number): string[] {
  if (silent === 0) return [];
  return [`nothing speaks for ${silent} of the ${size} members: they end the list with scores of 0 or less`];
}

function countsOf(
  { users, matchedCount, candidateCount, exposedCount, unlikeCount }: CastCounts,
  { seeds, exclude, exposed, unlike }: ExpansionRequest,
) {
  const given = seeds.ids.length;
  return {
    users,
    seeds: { given, duplicates: seeds.duplicates, matched: matchedCount, unmatched: given - matchedCount },
    excluded: {
      given: new Set(exclude.flatMap(({ ids }) => ids)).size,
      matched: users - matchedCount - candidateCount - unlikeCount,
    },
    exposed: exposed && { given: exposed.ids.length, matched: exposedCount },
    unlike: unlike && { given: unlike.ids.length, matched: unlikeCount },
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
