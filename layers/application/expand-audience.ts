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
import { mergeTrainingSets, rolesIn, type TrainingSet, trainingSetOf } from '#domain/ranking/training-set.ts';
import { keepPromise, parsePromise } from './audience-size.ts';
import {
  type Cast,
  type CastCounts,
  type Casting,
  castRoles,
  checkFurther,
  checkSeeds,
  sizeOf,
  warnOfIdleExclusions,
} from './cast.ts';
import {
  type CandidateMode,
  chooseCandidates,
  type FoundBy,
  measureRecall,
  modeFor,
  type RetrievalReport,
} from './choose-candidates.ts';
import { type Evidence, type EvidenceLevel, evidenceOf, type HeldOut, holdOutSeeds } from './evidence.ts';
import type { Population } from './population.ts';
import { withPoints } from './population-index.ts';
import type { Ports, Watch } from './ports.ts';
import {
  type ChosenRanker,
  chooseRanker,
  type DropMatches,
  matchDrops,
  type RankingOptions,
  rankerTitle,
  warnOfUnknownDrops,
} from './ranking-options.ts';
import { type SeedFindings, seedFindings } from './seed-report.ts';
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
  const { ranker, preference, embedding } = chosenRanker;
  watch('match the seeds', 0, 1);
  const cast = castRoles(population, request);
  const castWarnings = checkCast(settings, request, chosenRanker, cast);
  // A size by promise is not known before there is evidence; the smallest asks for points if any would.
  const leastMode = { ...cast, population, preference, mode: request.candidates, size: 1 };
  const mayNeedPoints = ['neighbors', 'both'].includes(modeFor(leastMode, settings));
  const needsPoints = embedding !== undefined || mayNeedPoints;
  if (needsPoints) watch('place the users', 0, 1);
  const shards = needsPoints ? await withPoints(ports, settings, population, cast.shards, embedding) : cast.shards;
  watch('compare the seeds', 0, 1);
  const set = mergeTrainingSets(shards.map((shard, s) => gatherSample(shard, cast.roles[s])));
  const seedReport = seedFindings(settings, request, cast, peopleOf(set));
  watch('hold out seeds', 0, 1);
  const early = fitEarly(chosenRanker, shards, cast.roles);
  const heldOut = holdOutFrom(request, chosenRanker, early, set);
  const settled = settle(request, cast, heldOut);
  const { size } = settled;
  const job = { population, shards, roles: cast.roles, preference, embedding, mode: request.candidates, size };
  const used = modeFor(job, settings);
  if (used !== 'all') watch('retrieve candidates', 0, 1);
  const chosen = await chooseCandidates(ports, settings, job);
  watch('fit', 0, 1);
  const model = early ?? fitRanker(ranker, shards, chosen.roles);
  watch('score', 0, 1);
  const rankings = shards.map((shard, s) => rankShard(settings, ranker, model, shard, chosen.roles[s], size));
  const isRetrieved = chosen.report.used !== 'all';
  if (isRetrieved) watch('measure the recall', 0, 1);
  const recall = isRetrieved ? measureRecall(ranker, model, job, chosen, settings.recallSample) : undefined;
  watch('explain', 0, 1);
  const audience = audienceFrom(settings, request, {
    population,
    counts: cast,
    castWarnings,
    seedReport,
    heldOut,
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

/** The seeds and a sample of the others in one shard, for what is told of seeds and of the ranking. */
export function gatherSample(shard: Shard, roles: Roles): TrainingSet {
  return trainingSetOf(shard, roles, roles.background);
}

/** A training set as people that are cast. */
export function peopleOf(set: TrainingSet): Pick<Cast, 'shards' | 'roles'> {
  return { shards: [set.shard], roles: [rolesIn(set)] };
}

/** A ranker that holds seeds out by itself is fitted before the audience's size is known, and needs no second time. */
function fitEarly({ ranker, plain }: ChosenRanker, shards: readonly Shard[], roles: readonly Roles[]): unknown {
  return plain.trials && fitRanker(ranker, shards, roles);
}

/** Held-out seeds of the ranker: its own trials where it has a model that made some. */
export function holdOutFrom(
  { evidence = 'short', unlike, seed }: ExpansionRequest,
  chosenRanker: ChosenRanker,
  model: unknown,
  set: TrainingSet,
): HeldOut | undefined {
  const { ranker, plain } = chosenRanker;
  const own = plain.trials && ranker.trials?.(model);
  const isWithoutUnlike = unlike !== undefined;
  return holdOutSeeds(evidence, { ranker: plain, title: rankerTitle(chosenRanker), own, isWithoutUnlike }, set, seed);
}

/** Refuses what cannot be done with these people; returns what else is worth a warning. */
export function checkCast(
  settings: Settings,
  request: ExpansionRequest,
  { needsExposed, name }: Pick<ChosenRanker, 'needsExposed' | 'name'>,
  counts: CastCounts,
): string[] {
  // What seeds are to be warned of stands in the findings on them.
  checkSeeds(request.seeds, counts, settings);
  return checkFurther(request, counts, needsExposed, name);
}

/** How large the audience is to be, and what that is to be warned of. */
export interface Settled {
  readonly size: number;
  readonly warnings: readonly string[];
}

export function settle(
  request: ExpansionRequest,
  { candidateCount }: CastCounts,
  heldOut: HeldOut | undefined,
): Settled {
  const promise = parsePromise(request.size, request.baseRate);
  if (!promise) return { size: sizeOf(request.size, candidateCount), warnings: [] };
  // An audience of nobody is refused as any other size would be.
  sizeOf('all', candidateCount);
  return keepPromise(request.size, promise, candidateCount, heldOut);
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
  readonly castWarnings: readonly string[];
  readonly seedReport: SeedFindings;
  readonly heldOut: HeldOut | undefined;
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
    firstMembers: ranked.slice(0, settings.explainedMembers).map(({ id, contributions }, n) => ({
      ...members[n],
      foundBy: foundBy(id),
      contributions,
    })),
    warnings: [
      ...outcome.castWarnings,
      ...outcome.seedReport.warnings,
      ...settled.warnings,
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
  return ids.map((id, n) => ({ id, score: scores[n], contributions: reasons[n] ?? [] }));
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
