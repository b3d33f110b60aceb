/**
 * Seeds that hardly belong to the others: at most 1 in 20 random users resembles the seeds less than they do, and they
 * resemble the other seeds less than half of the seeds do.
 *
 * n.b. The second half of the rule is for populations where most people resemble each other equally, or not at all.
 */
import type { MeanCosines } from './coherence.ts';

const TOLERATED = 1 / 20;

/** Rows of the seeds that are outliers, the most outlying first, ties by row. */
export function outliersAmong({ seedsToSeeds, othersToSeeds }: MeanCosines): Uint32Array {
  if (seedsToSeeds.length < 2 || othersToSeeds.length === 0) return new Uint32Array(0);
  const highest = sortedAt(othersToSeeds, TOLERATED);
  const typical = sortedAt(seedsToSeeds, 1 / 2);
  const rows = Uint32Array.from(seedsToSeeds.keys()).filter(
    (s) => seedsToSeeds[s] <= highest && seedsToSeeds[s] < typical,
  );
  return rows.sort((left, right) => seedsToSeeds[left] - seedsToSeeds[right] || left - right);
}

/** The value that no more than the given share of the values lies below. */
function sortedAt(values: Float64Array, share: number): number {
  return values.toSorted()[Math.floor(values.length * share)];
}
