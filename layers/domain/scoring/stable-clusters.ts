/**
 * As many clusters as two halves of the points agree on: what one half calls a cluster, the centroids of the other half
 * must hold together.
 *
 * Reference: R. Tibshirani, G. Walther, "Cluster validation by prediction strength", 2005.
 * Shapes:    points (N×D), labels (N).
 * Cost:      k-means for each number of clusters, on a sample of the points.
 */
import { pointsAt } from '../features/embedding.ts';
import type { Random } from '../random.ts';
import { type Clusters, kMeans, nearestCentroids } from './k-means.ts';

/** Within the paper's 0.8 to 0.9: of the pairs in the weakest cluster, the share that the other half puts together too. */
const STRONG = 0.85;
/** So many points tell the number of clusters well enough. */
const SAMPLED_POINTS = 2_000;
/** Strengths are averages over so many ways to halve the points. */
const HALVINGS = 2;
/** Each k-means starts so often, because one start alone may end in a poor optimum. */
const STARTS = 3;

export function stableClusters(points: Float32Array, dimensions: number, maxCount: number, random: Random): Clusters {
  let count = 1;
  for (let C = 2; C <= maxCount; C++) {
    if (predictionStrength(points, dimensions, C, random) >= STRONG) count = C;
  }
  return bestClusters(points, dimensions, count, random);
}

export function predictionStrength(points: Float32Array, D: number, count: number, random: Random): number {
  let sum = 0;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const [left, right] = halves(points, D, random);
    const [leftClusters, rightClusters] = [left, right].map((half) => bestClusters(half, D, count, random));
    sum += agreement(right, rightClusters, leftClusters, D) + agreement(left, leftClusters, rightClusters, D);
  }
  return sum / (2 * HALVINGS);
}

/** Of the pairs in each cluster, the share that other centroids keep together: the least over the clusters. */
function agreement(points: Float32Array, { labels, sizes }: Clusters, { centroids }: Clusters, D: number): number {
  const C = centroids.length / D;
  const counts = new Float64Array(sizes.length * C);
  nearestCentroids(points, D, centroids).forEach((other, n) => {
    counts[labels[n] * C + other]++;
  });
  let least = 1;
  sizes.forEach((size, c) => {
    const pairs = counts.subarray(c * C, c * C + C).reduce((sum, count) => sum + count * (count - 1), 0);
    least = Math.min(least, size < 2 ? 0 : pairs / (size * (size - 1)));
  });
  return least;
}

function bestClusters(points: Float32Array, D: number, count: number, random: Random): Clusters {
  const runs = Array.from({ length: STARTS }, () => kMeans(points, D, count, random));
  const spreads = runs.map((clusters) => spreadOf(points, D, clusters));
  return runs[spreads.indexOf(Math.min(...spreads))];
}

function spreadOf(points: Float32Array, D: number, { labels, centroids }: Clusters): number {
  let sum = 0;
  for (let n = 0; n < labels.length; n++)
    for (let d = 0; d < D; d++) sum += (points[n * D + d] - centroids[labels[n] * D + d]) ** 2;
  return sum;
}

/** Two halves of the points, drawn anew each time; of many points, of a sample of them. */
function halves(points: Float32Array, D: number, random: Random): [Float32Array, Float32Array] {
  const order = Uint32Array.from({ length: points.length / D }, (_, n) => n);
  const drawn = Math.min(order.length, SAMPLED_POINTS);
  for (let n = 0; n < drawn; n++) {
    const other = n + Math.floor(random() * (order.length - n));
    [order[n], order[other]] = [order[other], order[n]];
  }
  const middle = drawn >> 1;
  return [pointsAt(points, order.subarray(0, middle), D), pointsAt(points, order.subarray(middle, drawn), D)];
}
