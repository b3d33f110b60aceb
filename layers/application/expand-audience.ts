/** Seeds in, a ranked audience out: resolve, fit, score, select, explain. */
import { compareTexts, type Shard, userCountOf } from '#domain/features/shard.ts';
import { byInformationValue, informationValues, mergeCounts } from '#domain/ranking/by-information-value.ts';
import { fitRanker, rankUsers } from '#domain/ranking/rank-users.ts';
import { assignRoles, type Contribution, type Roles } from '#domain/ranking/ranker.ts';
import { Invalid } from './errors.ts';
import type { Population } from './population.ts';
import type { Watch } from './ports.ts';
import { chooseRanker, prepareShards, type RankingOptions, warnOfUnknownDrops } from './ranking-options.ts';
import type { Settings } from './settings.ts';

/** A list of user ids as it was given. */
export interface IdList {
  readonly source: string;
  readonly sha256: string;
  /** Each id once, in the order given. */
  readonly ids: readonly string[];
  readonly duplicates: number;
}

export interface ExpansionRequest extends RankingOptions {
  readonly seeds: IdList;
  readonly exclude: readonly IdList[];
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
  readonly candidates: number;
  readonly size: number;
  /** Members whom nothing speaks for: the ranker gave them the score of somebody without features. */
  readonly membersWithoutEvidence: number;
  readonly tellingFeatures: readonly TellingFeature[];
  /** The first members, each with the features that speak for him or her; the amounts sum to the score. */
  readonly firstMembers: readonly (Member & { readonly contributions: readonly Contribution[] })[];
  readonly warnings: readonly string[];
}

export interface Audience {
  readonly members: readonly Member[];
  readonly report: ExpansionReport;
}

export function expandAudience(
  population: Population,
  settings: Settings,
  request: ExpansionRequest,
  watch: Watch,
): Audience {
  const { ranker, name, choices } = chooseRanker(request);
  watch('match the seeds', 0, 1);
  const cast = castRoles(population, request);
  const seedWarnings = checkSeeds(request.seeds, cast, settings);
  const size = sizeOf(request.size, cast.candidateCount);
  watch('fit', 0, 1);
  const model = fitRanker(ranker, cast.shards, cast.roles);
  watch('score', 0, 1);
  const ranked = rankUsers(ranker, model, cast.shards, cast.roles, size);
  watch('explain', 0, 1);
  const members = ranked.map(({ id, score }, n) => ({ rank: n + 1, userId: id, score }));
  const report: ExpansionReport = {
    population: population.name,
    generation: population.generation,
    ...countsOf(cast, request),
    ranker: { name, choices },
    dropped: [...new Set(request.drop)].sort(compareTexts),
    binary: request.binary,
    seed: request.seed,
    size,
    membersWithoutEvidence: ranked.filter(({ score }) => score <= 0).length,
    tellingFeatures: tellingFeatures(cast, settings.listedFeatures),
    firstMembers: ranked.slice(0, settings.explainedMembers).map(({ shard, row }, n) => ({
      ...members[n],
      contributions: ranker.explain(model, shard, row),
    })),
    warnings: [...seedWarnings, ...warnOfUnknownDrops(population.shards, request.drop)],
  };
  watch('explain', 1, 1);
  return { members, report };
}

/** The shards as the ranker sees them, and who in them is what. */
export interface Cast {
  readonly shards: readonly Shard[];
  readonly roles: readonly Roles[];
  readonly matchedCount: number;
  readonly candidateCount: number;
}

export function castRoles(
  population: Population,
  { seeds, exclude, drop, binary }: Pick<ExpansionRequest, 'seeds' | 'exclude' | 'drop' | 'binary'>,
): Cast {
  const shards = prepareShards(population.shards, drop, binary);
  const seedIds = new Set(seeds.ids);
  const excludedIds = new Set(exclude.flatMap(({ ids }) => ids));
  const roles = shards.map((shard) => assignRoles(shard, seedIds, excludedIds));
  return {
    shards,
    roles,
    matchedCount: roles.reduce((sum, role) => sum + role.seeds.length, 0),
    candidateCount: roles.reduce((sum, role) => sum + role.candidates.length, 0),
  };
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

/** Refuses seeds too few to learn from; returns what else is worth a warning. */
export function checkSeeds({ source, ids }: IdList, { shards, matchedCount }: Cast, settings: Settings): string[] {
  const { minSeeds, recommendedSeeds } = settings;
  const unknown = new Set(ids);
  for (const shard of shards) for (const id of shard.ids) unknown.delete(id);
  const examples = [...unknown]
    .slice(0, 3)
    .map((id) => JSON.stringify(id.slice(0, 80)))
    .join(', ');
  if (matchedCount === 0) {
    throw new Invalid(
      `${source}: expected seeds that are users of the population, but 0 of ${ids.length} are; they look like ${examples}`,
    );
  }
  if (matchedCount < minSeeds) {
    throw new Invalid(
      `${source}: expected at least ${minSeeds} seeds that are users of the population, got ${matchedCount} of ${ids.length}`,
    );
  }
  const warnings: string[] = [];
  if (matchedCount < recommendedSeeds) {
    warnings.push(`only ${matchedCount} seeds: expect a rough audience below ${recommendedSeeds}`);
  }
  if (unknown.size > 0)
    warnings.push(`${unknown.size} of ${ids.length} seeds are not users of the population, such as ${examples}`);
  return warnings;
}

/** How many members are wanted: a count, a share of the candidates, or all of them. */
export function sizeOf(size: string, candidateCount: number): number {
  if (candidateCount === 0) throw new Invalid('expected users to rank, but all are seeds or excluded');
  if (size === 'all') return candidateCount;
  const range = `from 1 to ${candidateCount} (all users but seeds and excluded ones)`;
  const share = /^(\d+(?:\.\d+)?)%$/.exec(size);
  if (share) {
    const percent = Number(share[1]);
    if (percent > 0 && percent <= 100) return Math.max(1, Math.round((candidateCount * percent) / 100));
    throw new Invalid(`expected a size above 0% and up to 100%, got ${size}`);
  }
  const count = /^\d+$/.test(size) ? Number(size) : Number.NaN;
  if (count >= 1 && count <= candidateCount) return count;
  throw new Invalid(`expected a size ${range}, a share such as 5%, or all; got ${JSON.stringify(size)}`);
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
