/**
 * Whether a point tells which item was hidden from it: one positive among negatives drawn by frequency.
 *
 * Reference: Liu et al. 2019 (RALM) §4.2: P(i|u) ∝ exp(x_i·E_u) over one positive and ten negatives, cross entropy; negatives
 *            by rank of frequency k = 0..F−1 with p(k) = ln((k+2)/(k+1)) / ln(F+1).
 * Shapes:    points E (B×D), items X (F×D), candidates (B×(1+N)) with the positive first.
 */
import type { Numbers } from '../kernels/numbers.ts';
import type { Random } from '../random.ts';

/** A rank of frequency by the log-uniform law, below `count`. */
export function logUniformRank(count: number, random: Random): number {
  return Math.min(count - 1, Math.floor((count + 1) ** random()) - 1);
}

/** The mean loss; what it changes by the points and by the items is added to the gradients. */
export function addSampledSoftmax(
  pointGradient: Numbers,
  itemGradient: Numbers,
  points: Numbers,
  items: Numbers,
  candidates: Uint32Array,
  D: number,
): number {
  const B = points.length / D;
  const width = candidates.length / B;
  const chances = new Float64Array(width);
  let loss = 0;
  for (let row = 0; row < B; row++) {
    const own = candidates.subarray(row * width, row * width + width);
    for (let c = 0; c < width; c++) chances[c] = dot(points, row * D, items, own[c] * D, D);
    loss -= softmaxInPlace(chances);
    for (let c = 0; c < width; c++) {
      const change = (chances[c] - (c === 0 ? 1 : 0)) / B;
      for (let d = 0; d < D; d++) {
        pointGradient[row * D + d] += change * items[own[c] * D + d];
        itemGradient[own[c] * D + d] += change * points[row * D + d];
      }
    }
  }
  return loss / B;
}

/** The logarithm of the first one's chance. */
function softmaxInPlace(scores: Float64Array): number {
  const highest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const first = scores[0] - highest;
  let sum = 0;
  for (let c = 0; c < scores.length; c++) {
    scores[c] = Math.exp(scores[c] - highest);
    sum += scores[c];
  }
  for (let c = 0; c < scores.length; c++) scores[c] /= sum;
  return first - Math.log(sum);
}

function dot(left: Numbers, from: number, right: Numbers, to: number, D: number): number {
  let sum = 0;
  for (let d = 0; d < D; d++) sum += left[from + d] * right[to + d];
  return sum;
}
