/**
 * What can be told of seeds before anything is fitted: who of them is known, whether they are alike at all, of how many
 * kinds they are, and who hardly belongs to them.
 */
import { type Coherence, coherenceOf, meanCosines } from '#domain/evaluation/coherence.ts';
import { outliersAmong } from '#domain/evaluation/outliers.ts';
import { type SeedCluster, seedClusters } from '#domain/evaluation/seed-clusters.ts';
import { type ShardRows, sampleUsers } from '#domain/features/id-sample.ts';
import type { Shard } from '#domain/features/shard.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import {
  type Cast,
  type CastCounts,
  type Casting,
  castRoles,
  refuseStrangers,
  strangersAmong,
  warnOfIdleExclusions,
  warnOfSeeds,
} from './cast.ts';
import type { SpelledAlike } from './id-spelling.ts';
import type { Population } from './population.ts';
import type { Watch } from './ports.ts';
import { matchDrops, warnOfUnknownDrops } from './ranking-options.ts';
import type { Settings } from './settings.ts';

export interface SeedReportRequest extends Casting {
  readonly seed: number;
}

export interface SeedReport extends SeedFindings {
  readonly population: string;
  readonly generation: number;
  readonly users: number;
  readonly dropped: readonly string[];
  readonly binary: boolean;
  readonly seed: number;
}

/** The same without what a report of an expansion says already. */
export interface SeedFindings {
  readonly seeds: {
    readonly given: number;
    readonly duplicates: number;
    readonly matched: number;
    readonly unmatched: number;
    /** Matched, but without a single feature (that is left): they resemble nobody. */
    readonly withoutFeatures: number;
    /** Matched and named as people to leave out as well: they count as seeds. */
    readonly excludedToo: number;
  };
  /** Why seeds are no users, each with the first few. */
  readonly unmatched: {
    /** They are a user's id but for letter case or outer space. */
    readonly spelling: { readonly count: number; readonly first: readonly SpelledAlike[] };
    readonly unknown: { readonly count: number; readonly first: readonly string[] };
  };
  /** Who was compared: all of those with features, or a sample of so many. */
  readonly compared: { readonly seeds: number; readonly randomUsers: number };
  /** Absent where there are no two seeds, or nobody else, to compare. */
  readonly coherence?: (Coherence & { readonly isCoherent: boolean }) | undefined;
  /** What clusters are told from: each other, or random users where there is one alone. */
  readonly clustersToldFrom: 'other seeds' | 'random users';
  readonly clusters: readonly SeedCluster[];
  /** Among the compared, with the mean cosine to the other seeds; the most outlying first. */
  readonly outliers: {
    readonly count: number;
    readonly first: readonly { readonly userId: string; readonly similarity: number }[];
  };
  readonly warnings: readonly string[];
}

/** So many ids stand in each list of a report. */
const LISTED_IDS = 10;
/** So many features say what a cluster is. */
const DEFINING_FEATURES = 5;

/** The report alone, with whatever else is worth a warning of the request. */
export function reportSeeds(
  settings: Settings,
  population: Population,
  request: SeedReportRequest,
  watch: Watch,
): SeedReport {
  watch('match the seeds', 0, 1);
  const cast = castRoles(population, request);
  watch('compare the seeds', 0, 1);
  const findings = seedFindings(settings, request, cast, comparedPeople(settings, request.seed, cast));
  watch('compare the seeds', 1, 1);
  const drops = population.shards.map((shard) => matchDrops(shard, request.drop));
  return {
    population: population.name,
    generation: population.generation,
    users: cast.users,
    dropped: [...new Set(request.drop)].sort(compareTexts),
    binary: request.binary,
    seed: request.seed,
    ...findings,
    warnings: [...findings.warnings, ...warnOfIdleExclusions(cast), ...warnOfUnknownDrops(drops, request.drop)],
  };
}

/** Seeds and random users of whom each has a feature: those who are compared, as a shard each. */
export interface ComparedPeople {
  readonly seeds: Shard;
  readonly others: Shard;
}

/** The same of a part of the shards or of all, because a sample of samples is the sample of all. */
export function comparedPeople(
  { seedSample }: Settings,
  seed: number,
  people: Pick<Cast, 'shards' | 'roles'>,
): ComparedPeople {
  return {
    seeds: sampleUsers(withFeatures(people, 'seeds'), seedSample, seed),
    others: sampleUsers(withFeatures(people, 'background'), seedSample, seed),
  };
}

export function mergeCompared(
  { seedSample }: Settings,
  seed: number,
  parts: readonly ComparedPeople[],
): ComparedPeople {
  const merged = (shards: readonly Shard[]) =>
    sampleUsers(
      shards.map((shard) => ({ shard, rows: Uint32Array.from(shard.ids.keys()) })),
      seedSample,
      seed,
    );
  return { seeds: merged(parts.map(({ seeds }) => seeds)), others: merged(parts.map(({ others }) => others)) };
}

/** The findings on people who are cast already. */
export function seedFindings(
  settings: Settings,
  { seeds: list, exclude, seed }: Pick<SeedReportRequest, 'seeds' | 'exclude' | 'seed'>,
  counts: CastCounts,
  { seeds, others }: ComparedPeople,
): SeedFindings {
  refuseStrangers(list, counts);
  const cosines = meanCosines(seeds, others);
  const coherence = coherenceOf(cosines);
  const outliers = outliersAmong(cosines);
  const clusters = seedClusters(seeds, others, { featureCount: DEFINING_FEATURES, seed });
  const excluded = new Set(exclude.flatMap(({ ids }) => ids));
  const unknown = new Set(counts.unknownSeeds);
  const findings = {
    seeds: {
      given: list.ids.length,
      duplicates: list.duplicates,
      matched: counts.matchedCount,
      unmatched: counts.unknownSeeds.length,
      withoutFeatures: counts.emptySeeds,
      excludedToo: list.ids.filter((id) => excluded.has(id) && !unknown.has(id)).length,
    },
    unmatched: unmatchedOf(counts),
    compared: { seeds: seeds.ids.length, randomUsers: others.ids.length },
    coherence: coherence && { ...coherence, isCoherent: coherence.low > 0 },
    clustersToldFrom: clusters.length > 1 ? ('other seeds' as const) : ('random users' as const),
    clusters,
    outliers: {
      count: outliers.length,
      first: Array.from(outliers.subarray(0, LISTED_IDS), (row) => ({
        userId: seeds.ids[row],
        similarity: cosines.seedsToSeeds[row],
      })),
    },
  };
  return { ...findings, warnings: [...warnOfSeeds(list, counts, settings), ...warnOfLikeness(findings)] };
}

/** Unknown seeds by why they are unknown, in the order given. */
function unmatchedOf({ unknownSeeds, spelledAlike }: CastCounts): SeedFindings['unmatched'] {
  const unknown = strangersAmong(unknownSeeds, spelledAlike);
  return {
    spelling: { count: spelledAlike.length, first: spelledAlike.slice(0, LISTED_IDS) },
    unknown: { count: unknown.length, first: unknown.slice(0, LISTED_IDS) },
  };
}

/** Who has no feature is like nobody, and would make any seeds look alike beside them. */
function withFeatures({ shards, roles }: Pick<Cast, 'shards' | 'roles'>, role: 'seeds' | 'background'): ShardRows[] {
  return shards.map((shard, s) => {
    const { offsets } = shard.rows;
    return { shard, rows: roles[s][role].filter((row) => offsets[row] < offsets[row + 1]) };
  });
}

/** What is to be said of seeds by what they have. */
function warnOfLikeness({ seeds, coherence }: Pick<SeedFindings, 'seeds' | 'coherence'>): string[] {
  const { matched, withoutFeatures } = seeds;
  const warnings: string[] = [];
  if (withoutFeatures > 0)
    warnings.push(`${withoutFeatures} of ${matched} seeds have no feature: they resemble nobody`);
  if (coherence && !coherence.isCoherent) {
    warnings.push('the seeds are no more like each other than like random users: expect an audience by chance');
  }
  return warnings;
}
