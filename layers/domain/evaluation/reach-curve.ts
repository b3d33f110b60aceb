/**
 * What an audience of each size would reach: recall and lift from the smallest audience to everybody, for drawing.
 *
 * Shapes: places (S) of held-out seeds, as in intervals.ts; N candidates.
 */
import { type Estimate, liftOf, recallWithInterval } from './intervals.ts';

export interface ReachPoint {
  readonly size: number;
  /** Of the candidates. */
  readonly share: number;
  readonly recall: Estimate;
  readonly lift: Estimate;
  /** The score of the last member: nobody in so large an audience has a lower one. */
  readonly similarity: number | undefined;
}

export interface Reach {
  readonly places: Float64Array;
  readonly candidateCount: number;
  /** The size that was asked for, which is among the points. */
  readonly size: number;
  /** The score at a rank, of which the first is 1; none where it is not known. */
  readonly scoreAt?: ((rank: number) => number | undefined) | undefined;
}

/** Enough for a smooth line. */
const POINTS = 40;

/** Ascending sizes, evenly spaced by their logarithms but for the smallest, which lie one user apart. */
export function reachCurve({ places, candidateCount, size, scoreAt }: Reach): ReachPoint[] {
  return curveSizes(candidateCount, size).map((size) => {
    const share = size / candidateCount;
    const recall = recallWithInterval(places, share);
    return { size, share, recall, lift: liftOf(recall, share), similarity: scoreAt?.(size) };
  });
}

function curveSizes(N: number, size: number): number[] {
  const sizes = Array.from({ length: POINTS }, (_, point) => Math.round(N ** (point / (POINTS - 1))));
  return [...new Set([...sizes, size])].sort((left, right) => left - right);
}
