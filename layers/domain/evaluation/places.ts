/**
 * How high held-out seeds come among everybody else: all that an evaluation needs to keep of a ranking.
 *
 * A place is the share of the others whom a held-out seed ranks above, in [0, 1]. The mean place is the AUC; the share of
 * places within the top q is the recall of an audience of that share. In a crowd of equal scores seeds are spread evenly,
 * as they are where ids break ties: so half of the crowd is below them on average, and a size that cuts it is right too.
 * Shapes:    heldOut (S) and others (N) are scores by one model that saw neither as a seed; places (S).
 * Cost:      O((N + S) log S).
 */

export function placesAmong(heldOut: Float32Array, others: Float32Array): Float64Array {
  if (others.length === 0) return Float64Array.from(heldOut, (_, s) => evenly(s));
  const sorted = heldOut.toSorted();
  const { below, equal } = standings(sorted, others);
  return Float64Array.from(heldOut, (score, s) => {
    const first = countBelow(sorted, score);
    return (below[first] + equal[first] * evenly(s)) / others.length;
  });
}

/** How many others lie below each of the sorted scores, and how many at it, told at the first of equal ones, (S). */
function standings(sorted: Float32Array, others: Float32Array): { below: Float64Array; equal: Float64Array } {
  const equal = new Float64Array(sorted.length);
  const between = new Float64Array(sorted.length + 1);
  for (let n = 0; n < others.length; n++) {
    const at = countBelow(sorted, others[n]);
    if (at < sorted.length && sorted[at] === others[n]) equal[at]++;
    else between[at]++;
  }
  const below = new Float64Array(sorted.length);
  let sum = 0;
  for (let s = 0; s < sorted.length; s++) {
    sum += between[s];
    below[s] = sum;
    sum += equal[s];
  }
  return { below, equal };
}

/** The golden ratio: its multiples fill [0, 1) evenly, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

function evenly(s: number): number {
  return (0.5 + s * GOLDEN) % 1;
}

/** How many of the sorted scores lie below. */
function countBelow(sorted: Float32Array, score: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < score) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * What a ranking is worth by one held-out seed: its place, and as much again if it is within the best `share`. The mean is
 * AUC plus recall: a ranking that is good on the whole and at its top.
 */
export function worthOf(place: number, share: number): number {
  return place + (place >= 1 - share ? 1 : 0);
}

/** By how many standard errors the first ranking is worth more than the second, by the same held-out seeds: one tells nothing. */
export function advantage(first: Float64Array, second: Float64Array, share: number): number {
  const S = first.length;
  const differences = first.map((place, s) => worthOf(place, share) - worthOf(second[s], share));
  const mean = differences.reduce((sum, x) => sum + x, 0) / Math.max(1, S);
  const variance = differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, S - 1);
  return mean === 0 || S < 2 ? 0 : mean / Math.sqrt(variance / S);
}
