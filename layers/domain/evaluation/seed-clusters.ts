/**
 * Of how many kinds the seeds are, and what tells each kind from the others.
 *
 * Shapes:   seeds (S×F) and others (U×F'), shards of users who all have features.
 * Trick:    k-means sees the seeds as points of an embedding that is fitted on some of them alone: few dimensions, in which
 *           features that go together count as one, and those that all seeds have (their idf is 0) count for nothing.
 * Cost:     half a second for 10,000 seeds.
 * Accuracy: as many clusters as two halves of the seeds agree on, so one where they are of one kind or too few.
 *           Both halves see one embedding, which flatters their agreement a little.
 */
import { embedUsers, fitTruncatedSvd } from '../embedding/truncated-svd.ts';
import { valuesFor } from '../features/feature-vector.ts';
import { sampleUsers } from '../features/id-sample.ts';
import type { Shard } from '../features/shard.ts';
import { columnCounts, renumberColumns, rowCountOf } from '../features/sparse-matrix.ts';
import { compareTexts } from '../features/text-order.ts';
import { seededRandom } from '../random.ts';
import { informationValue, isPositive } from '../scoring/information-value.ts';
import { stableClusters } from '../scoring/stable-clusters.ts';

export interface DefiningFeature {
  readonly feature: string;
  readonly informationValue: number;
  /** The share that has it among the cluster's seeds, and among those whom it is told from. */
  readonly share: number;
  readonly otherShare: number;
}

export interface SeedCluster {
  readonly size: number;
  /** By information value, the highest first, ties by name. */
  readonly features: readonly DefiningFeature[];
}

/** Enough to hold the kinds apart; more hold more of what is each seed's own. */
const DIMENSIONS = 16;
/** So many seeds span those dimensions well enough. */
const FITTED_SEEDS = 2_000;
/** Features that fewer of them share are left out. */
const LEAST_SHARE = 1 / 400;
/** More kinds than this nobody can hold in mind. */
const MAX_CLUSTERS = 8;
/** Fewer seeds than this are no kind. */
const SEEDS_PER_CLUSTER = 10;

/** The largest cluster first. Each is told from the other seeds; one that has them all, from the random users. */
export function seedClusters(
  seeds: Shard,
  others: Shard,
  { featureCount, seed }: { readonly featureCount: number; readonly seed: number },
): SeedCluster[] {
  const everySeed = { shard: seeds, rows: everyRow(seeds.ids.length) };
  const fitted = withSharedFeatures(sampleUsers([everySeed], FITTED_SEEDS, seed));
  const model = fitTruncatedSvd(fitted, DIMENSIONS, seed);
  const { vectors, dimensions } = embedUsers(seeds, model);
  const maxCount = Math.min(MAX_CLUSTERS, Math.max(1, Math.floor(seeds.ids.length / SEEDS_PER_CLUSTER)));
  const { labels, sizes } = stableClusters(vectors, dimensions, maxCount, seededRandom(seed));
  const members = Array.from(sizes.keys(), (c) => Uint32Array.from(labels.keys()).filter((s) => labels[s] === c));
  members.sort((left, right) => right.length - left.length || left[0] - right[0]);
  const whole = countsOf(seeds);
  return members.map((rows) => {
    const own = countsOf(seeds, rows);
    const rest = sizes.length > 1 ? difference(whole, own) : countsOf(others);
    return { size: rows.length, features: definingFeatures(own, rest).slice(0, featureCount) };
  });
}

/** What too few have says of no kind, and is most of what people have. */
function withSharedFeatures({ ids, features, rows }: Shard): Shard {
  const least = Math.max(2, LEAST_SHARE * ids.length);
  const kept: string[] = [];
  const counts = columnCounts(rows, everyRow(ids.length));
  const target = Int32Array.from(counts, (count, f) => (count < least ? -1 : kept.push(features[f]) - 1));
  return { ids, features: kept, rows: renumberColumns(rows, target, kept.length) };
}

/** How many of how many users have each feature. */
export interface Having {
  readonly features: readonly string[];
  readonly values: Float64Array;
  readonly count: number;
}

export function countsOf(
  { features, rows }: Pick<Shard, 'features' | 'rows'>,
  chosen = everyRow(rowCountOf(rows)),
): Having {
  return { features, values: Float64Array.from(columnCounts(rows, chosen)), count: chosen.length };
}

function everyRow(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}

/** Those of the whole who are not of the part; both have the same features. */
export function difference(whole: Having, part: Having): Having {
  const values = whole.values.map((count, f) => count - part.values[f]);
  return { features: whole.features, values, count: whole.count - part.count };
}

export function definingFeatures(own: Having, rest: Having): DefiningFeature[] {
  const restValues = valuesFor(own.features, rest);
  return own.features
    .map((feature, f) => ({ feature, having: own.values[f], others: restValues[f] }))
    .filter(({ having, others }) => isPositive('positive', having, own.count, others, rest.count))
    .map(({ feature, having, others }) => ({
      feature,
      informationValue: informationValue(having, own.count, others, rest.count),
      share: having / own.count,
      otherShare: others / Math.max(1, rest.count),
    }))
    .sort((left, right) => right.informationValue - left.informationValue || compareTexts(left.feature, right.feature));
}
