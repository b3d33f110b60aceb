/** Seeds in, a ranked audience out: resolve, fit, score, select, explain. */
import type { Shard } from '#domain/features/shard.ts';
import { byInformationValue, type FeatureCounts } from '#domain/ranking/by-information-value.ts';
import { bestOf, fitRanker } from '#domain/ranking/rank-users.ts';
import { type Ranker, type Roles, reasonsOf } from '#domain/ranking/ranker.ts';
import { mergeTrainingSets, type TrainingSet, trainingSetOf } from '#domain/ranking/training-set.ts';
import { type Audience, audienceFrom, type ExpansionRequest, type ShardRanking } from './audience-report.ts';
import { checkSize, keepPromise, parsePromise, sizeOf } from './audience-size.ts';
import { type CastCounts, castRoles, checkFurther, checkSeeds } from './cast.ts';
import { chooseCandidates, measureRecall, modeFor } from './choose-candidates.ts';
import { type HeldOut, holdOutSeeds } from './evidence.ts';
import type { Population } from './population.ts';
import { chooseTrainedRanker, withPoints } from './population-index.ts';
import type { Ports, Watch } from './ports.ts';
import { type ChosenRanker, matchDrops, rankerTitle } from './ranking-options.ts';
import { comparedPeople, seedFindings } from './seed-report.ts';
import type { Settings } from './settings.ts';

export async function expandAudience(
  ports: Ports,
  settings: Settings,
  population: Population,
  request: ExpansionRequest,
  watch: Watch,
): Promise<Audience> {
  const chosenRanker = await chooseTrainedRanker(ports, population.manifest, request);
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
  const seedReport = seedFindings(settings, request, cast, comparedPeople(settings, request.seed, { ...cast, shards }));
  watch('hold out seeds', 0, 1);
  const early = fitEarly(chosenRanker, shards, cast.roles);
  const heldOut = holdOutFrom(request, chosenRanker, early, () =>
    shards.map((shard, s) => gatherSample(shard, cast.roles[s])),
  );
  const size = settleSize(request, cast, heldOut);
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
    size,
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

/** What a ranking is proved on: the seeds of a shard and a sample of the others. */
export function gatherSample(shard: Shard, roles: Roles): TrainingSet {
  return trainingSetOf(shard, roles, roles.background);
}

/** A ranker that holds seeds out by itself is fitted before the audience's size is known, and needs no second time. */
function fitEarly({ ranker, plain }: ChosenRanker, shards: readonly Shard[], roles: readonly Roles[]): unknown {
  return plain.trials && fitRanker(ranker, shards, roles);
}

/** Held-out seeds of the ranker: its own trials where it has a model that made some. The samples are those of all shards. */
export function holdOutFrom(
  { evidence = 'short', unlike, seed }: ExpansionRequest,
  chosenRanker: ChosenRanker,
  model: unknown,
  samples: () => readonly TrainingSet[],
): HeldOut | undefined {
  if (evidence === 'none') return undefined;
  const { ranker, plain } = chosenRanker;
  const own = plain.trials && ranker.trials?.(model);
  const contender = { ranker: plain, title: rankerTitle(chosenRanker), own, isWithoutUnlike: unlike !== undefined };
  return holdOutSeeds(evidence, contender, mergeTrainingSets(samples()), seed);
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
  checkSize(request, counts.candidateCount);
  return checkFurther(request, counts, needsExposed, name);
}

/** How large the audience is to be, by what was asked for or by what held-out seeds promise. */
export function settleSize(
  { size, baseRate }: ExpansionRequest,
  { candidateCount }: CastCounts,
  heldOut: HeldOut | undefined,
): number {
  const promise = parsePromise(size, baseRate);
  return promise ? keepPromise(size, promise, candidateCount, heldOut) : sizeOf(size, candidateCount);
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
    reasons: ranked.slice(0, explainedMembers).map(({ row }) => reasonsOf(ranker, model, shard, row)),
  };
}

/** What tells seeds from candidates, whatever the ranker: how many have each feature. */
export function countFeatures(shard: Shard, roles: Roles): FeatureCounts {
  return byInformationValue('positive').gather(shard, roles);
}
