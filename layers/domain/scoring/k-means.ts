/**
 * Clusters of points: seeded k-means++ and Lloyd's steps.
 *
 * Reference: D. Arthur, S. Vassilvitskii, "k-means++", 2007; S. Lloyd 1982.
 * Shapes:    points (N×D), centroids (C×D), labels (N).
 * Cost:      O(N·C·D) a step.
 * Accuracy:  a local optimum; deterministic for its seed, ties to the lower cluster.
 */
import { addSquaredDistances } from '../kernels/matrix.ts';
import type { Numbers } from '../kernels/numbers.ts';
import type { Random } from '../random.ts';

export interface Clusters {
  /** (C×D), C at most as asked and never more than there are distinct points; none is empty. */
  readonly centroids: Float64Array;
  readonly labels: Uint32Array;
  /** How many points each cluster has, (C). */
  readonly sizes: Uint32Array;
}

const MAX_STEPS = 50;
/** Steps end when fewer than this share of the points change their cluster. */
const SETTLED = 0.001;
/** Distances are computed for so many points at once. */
const BLOCK_POINTS = 256;

export function kMeans(points: Numbers, dimensions: number, wantedCount: number, random: Random): Clusters {
  const count = points.length / dimensions;
  let centroids = spreadStarts(points, dimensions, wantedCount, random);
  let labels: Uint32Array | undefined;
  let moved = count;
  for (let step = 0; step < MAX_STEPS && moved > SETTLED * count; step++) {
    const nearest = nearestCentroids(points, dimensions, centroids);
    moved = labels ? differencesOf(labels, nearest) : count;
    labels = nearest;
    centroids = meansOf(points, dimensions, labels, centroids);
  }
  labels = nearestCentroids(points, dimensions, centroids);
  return withoutEmpty(centroids, labels, dimensions);
}

/** A cluster that lost all its points on the way is none: its centroid would stand for nobody. */
function withoutEmpty(centroids: Float64Array, labels: Uint32Array, D: number): Clusters {
  const counts = new Uint32Array(centroids.length / D);
  for (const c of labels) counts[c]++;
  const kept = Array.from(counts.keys()).filter((c) => counts[c] > 0);
  return {
    centroids: Float64Array.from(kept.flatMap((c) => [...centroids.subarray(c * D, c * D + D)])),
    labels: labels.map((c) => kept.indexOf(c)),
    sizes: Uint32Array.from(kept, (c) => counts[c]),
  };
}

/** k-means++: each further start is a point drawn by its squared distance to the nearest start so far. */
function spreadStarts(points: Numbers, D: number, wantedCount: number, random: Random): Float64Array {
  const count = points.length / D;
  if (count === 0) return new Float64Array(0);
  const starts: number[] = [];
  const distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let next = Math.floor(random() * count);
  while (starts.length < wantedCount * D) {
    for (let d = 0; d < D; d++) starts.push(points[next * D + d]);
    const start = Float64Array.from(starts.slice(-D));
    let total = 0;
    for (let n = 0; n < count; n++) {
      distances[n] = Math.min(distances[n], squaredDistance(points, n * D, start, 0, D));
      total += distances[n];
    }
    if (total === 0 || starts.length / D >= wantedCount) break;
    next = drawBy(distances, random() * total);
  }
  return Float64Array.from(starts);
}

function drawBy(weights: Float64Array, at: number): number {
  let rest = at;
  let last = 0;
  for (let n = 0; n < weights.length; n++) {
    if (weights[n] === 0) continue;
    last = n;
    rest -= weights[n];
    if (rest < 0) return n;
  }
  return last;
}

/** The nearest centroid of each point, (N); of several the first. */
export function nearestCentroids(points: Numbers, D: number, centroids: Float64Array): Uint32Array {
  const C = centroids.length / D;
  const nearest = new Uint32Array(points.length / D);
  const distances = new Float64Array(Math.min(BLOCK_POINTS, nearest.length) * C);
  for (let start = 0; start < nearest.length; start += BLOCK_POINTS) {
    const end = Math.min(start + BLOCK_POINTS, nearest.length);
    distances.fill(0);
    addSquaredDistances(distances, points.subarray(start * D, end * D), centroids, end - start, D, C);
    for (let n = start; n < end; n++) nearest[n] = leastAt(distances, (n - start) * C, C);
  }
  return nearest;
}

function differencesOf(left: Uint32Array, right: Uint32Array): number {
  let differences = 0;
  for (let n = 0; n < left.length; n++) if (left[n] !== right[n]) differences++;
  return differences;
}

/** Which of so many numbers is the least, the first of several. */
function leastAt(values: Float64Array, from: number, count: number): number {
  let least = 0;
  for (let c = 1; c < count; c++) if (values[from + c] < values[from + least]) least = c;
  return least;
}

/** The mean of each cluster; an empty one stays where it was. */
function meansOf(points: Numbers, D: number, labels: Uint32Array, centroids: Float64Array): Float64Array {
  const sums = new Float64Array(centroids.length);
  const sizes = new Uint32Array(centroids.length / D);
  for (let n = 0; n < labels.length; n++) {
    sizes[labels[n]]++;
    for (let d = 0; d < D; d++) sums[labels[n] * D + d] += points[n * D + d];
  }
  return sums.map((sum, at) => {
    const size = sizes[Math.floor(at / D)];
    return size > 0 ? sum / size : centroids[at];
  });
}

function squaredDistance(left: Numbers, from: number, right: Numbers, to: number, D: number): number {
  let sum = 0;
  for (let d = 0; d < D; d++) sum += (left[from + d] - right[to + d]) ** 2;
  return sum;
}
