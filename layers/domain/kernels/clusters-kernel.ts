/**
 * The nearest centroid of each point, and the sums of each cluster's points, by WebAssembly SIMD: the labels and the bits of
 * k-means.ts in float64, though distances are compared in float32.
 *
 * Shapes:   points (N×D), centroids (C×D), labels (N), sums (C×D). Points are copied into the kernel's own memory a block at a
 *           time, once for both.
 * Cost:     N·C·D multiply–adds in float32 and N·D additions in float64.
 * Accuracy: who is nearest by less than rounding could move (N. Higham, "Accuracy and Stability", 2002, §3.1) is left to the
 *           caller to decide; of points like a population's that is one in thousands.
 */
import { CLUSTERS_MODULE } from './clusters-module.ts';
import { copyRows, paddedToFour, panelsOf } from './panels.ts';
import { startedOnce } from './web-assembly.ts';

/** Addresses and lengths in bytes; counts of points to a multiple of four where all are compared. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly nearest: (
    points: number,
    row: number,
    count: number,
    inner: number,
    panels: number,
    width: number,
    start: number,
    centroidCount: number,
    perLength: number,
    fixed: number,
    products: number,
    labels: number,
  ) => number;
  readonly addPoints: (points: number, row: number, count: number, labels: number, sums: number) => void;
}

const kernel = startedOnce<Exports>(CLUSTERS_MODULE);

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** A block of points stays in the second cache. */
const MOST_POINTS = 256;
/** The bit of a label that float32 cannot tell. */
const UNSURE = 2 ** 31;
/** Half the distance of a float32 number from the next, as a share of it. */
const ROUNDING = 2 ** -24;
/** Steps of rounding besides those of the inner index, and a hundredth for products of roundings. */
const [MORE_STEPS, SLACK] = [8, 1.01];
/** What underflow takes from a sum. */
const VANISHING = 1e-36;

export interface Step {
  readonly labels: Uint32Array;
  /** Of each one's points, (C×D). */
  readonly sums: Float64Array;
}

/** Where all lies, in numbers of four bytes. */
function placesFor(D: number, C: number) {
  const [row, width] = [paddedToFour(D), paddedToFour(C)];
  const start = D * width;
  const products = start + width;
  const labels = products + 4 * width;
  const sums = labels + MOST_POINTS;
  const points = sums + 2 * C * row;
  return { panels: 0, start, products, labels, sums, points, end: points + MOST_POINTS * row };
}

/** Undefined where there are more centroids than the kernel's memory holds. `decide` says which is nearest to a point. */
export function clusterStep(
  points: Float32Array,
  D: number,
  centroids: Float64Array,
  decide: (point: number) => number,
): Step | undefined {
  const { singles, doubles, words, nearest, addPoints } = kernel();
  const C = centroids.length / D;
  const places = placesFor(D, C);
  if (C === 0 || places.end > singles.length) return undefined;
  const [row, width] = [paddedToFour(D), paddedToFour(C)];
  const [perLength, fixed] = copyCentroids(singles, places, centroids, D);
  const labels = new Uint32Array(points.length / D);
  for (let first = 0; first < labels.length; first += MOST_POINTS) {
    const count = Math.min(MOST_POINTS, labels.length - first);
    copyRows(singles, places.points, points, first, first + count, D);
    const isAnyUnsure = nearest(
      places.points * BYTES,
      row * BYTES,
      paddedToFour(count),
      D * BYTES,
      places.panels * BYTES,
      width * BYTES,
      places.start * BYTES,
      C,
      perLength,
      fixed,
      places.products * BYTES,
      places.labels * BYTES,
    );
    const told = words.subarray(places.labels, places.labels + count);
    if (isAnyUnsure) decideInPlace(told, (n) => decide(first + n));
    labels.set(told, first);
    addPoints(places.points * BYTES, row * BYTES, count, places.labels * BYTES, places.sums * BYTES);
  }
  return { labels, sums: sumsOf(doubles.subarray(places.sums / 2), C, D) };
}

function decideInPlace(labels: Uint32Array, decide: (n: number) => number): void {
  for (let n = 0; n < labels.length; n++) if (labels[n] >= UNSURE) labels[n] = decide(n);
}

/** Also clears the sums. How much two products may err together: so much for each of a point's length, and so much besides. */
function copyCentroids(
  singles: Float32Array,
  places: ReturnType<typeof placesFor>,
  centroids: Float64Array,
  D: number,
): readonly [number, number] {
  const C = centroids.length / D;
  singles.set(panelsOf([centroids], C, D), places.panels);
  singles.fill(0, places.sums, places.sums + 2 * C * paddedToFour(D));
  let most = 0;
  for (let c = 0; c < C; c++) {
    let squares = 0;
    for (let at = c * D; at < (c + 1) * D; at++) squares += centroids[at] * centroids[at];
    singles[places.start + c] = -squares / 2;
    most = Math.max(most, squares);
  }
  const share = 2 * (D + MORE_STEPS) * ROUNDING * SLACK;
  return [share * Math.sqrt(most), share * most + VANISHING];
}

function sumsOf(padded: Float64Array, C: number, D: number): Float64Array {
  const row = paddedToFour(D);
  const sums = new Float64Array(C * D);
  for (let c = 0; c < C; c++) sums.set(padded.subarray(c * row, c * row + D), c * D);
  return sums;
}
