/**
 * Candidates from buckets: users who share buckets with seeds, by how many or by how telling the buckets are.
 *
 * Reference: Ma et al. 2016, phase I, for the union of the seeds' buckets; the information value of a bucket is phase II's
 *            formula with "is in the bucket" for a feature.
 * Shapes:    hits are integers, so that any number of shards adds up to the same.
 */
import { informationValue, isPositive } from '../scoring/information-value.ts';

/** What is known of one bucket that seeds are in: how many of them, and how many others. */
export interface BucketCounts {
  seeds: number;
  others: number;
}

/** What sharing a bucket is worth: `count`, as many points as seeds are in it; `contrast`, its information value. */
export type BucketWorth = 'count' | 'contrast';

export function bucketWorth(
  worth: BucketWorth,
  { seeds, others }: BucketCounts,
  seedCount: number,
  otherCount: number,
): number {
  if (worth === 'count') return seeds;
  if (!isPositive('positive', seeds, seedCount, others, otherCount)) return 0;
  return informationValue(seeds, seedCount, others, otherCount);
}
