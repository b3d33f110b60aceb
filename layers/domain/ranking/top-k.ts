/**
 * The best K of a stream of scores, in little memory, with ties in the order of the rows.
 *
 * Shapes: scores (N) float32 by row; the result holds at most K rows, best first.
 * Trick:  a float32 score and a row number of up to 21 bits fit into one float64 that sorts as wanted, so the engine's
 *         own numeric sort does the work, with no comparator.
 * Cost:   O(N log K) time, 16·K bytes.
 */

const ROW_BITS = 21;
const ROW_LIMIT = 2 ** ROW_BITS;

/** Positions in `scores` of the best `k`, best first, equal scores by position. Rows come in id order, hence so do ties. */
export function topK(scores: Float32Array, k: number): Uint32Array {
  if (scores.length > ROW_LIMIT) throw new RangeError(`expected at most ${ROW_LIMIT} scores, got ${scores.length}`);
  const capacity = Math.min(scores.length, Math.max(2 * k, 1024));
  const keys = new Float64Array(capacity);
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  let count = 0;
  let worst = Number.POSITIVE_INFINITY;
  for (let n = 0; n < scores.length && k > 0; n++) {
    const key = descending(bits[n]) * ROW_LIMIT + n;
    if (key >= worst) continue;
    keys[count++] = key;
    if (count < capacity || n + 1 === scores.length) continue;
    keys.sort();
    count = k;
    worst = keys[k - 1];
  }
  const best = keys.subarray(0, count).sort().subarray(0, k);
  return Uint32Array.from(best, (key) => key % ROW_LIMIT);
}

/** A float32's bits as a whole number that falls as the score rises; −0 and 0 are one score. */
function descending(bits: number): number {
  const isNegative = bits >>> 31 === 1;
  if (isNegative) return bits === 0x80000000 ? 0x7fffffff : bits;
  return 0x7fffffff - bits;
}
