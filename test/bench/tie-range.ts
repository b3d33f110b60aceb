/**
 * What the order among equal scores is worth: the fewest and the most hits that the first K can hold.
 *
 * Shapes: scores (N) best first, positive (N) 1 for a hit, in the order of the ranking.
 */
export interface TieRange {
  readonly fewest: number;
  readonly most: number;
}

export function hitsWithin(scores: Float32Array, positive: Uint8Array, k: number): TieRange {
  const hitsIn = (start: number, end: number) => positive.subarray(start, end).reduce((sum, hit) => sum + hit, 0);
  const start = scores.indexOf(scores[k - 1]);
  const end = scores.lastIndexOf(scores[k - 1]) + 1;
  const [before, tied, places] = [hitsIn(0, start), hitsIn(start, end), k - start];
  return { fewest: before + Math.max(0, places - (end - start - tied)), most: before + Math.min(places, tied) };
}
