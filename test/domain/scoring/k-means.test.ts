import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '#domain/random.ts';
import { type Clusters, kMeans } from '#domain/scoring/k-means.ts';

const D = 2;
/** On a coarse grid points repeat and distances tie. */
const anyPoint = fc.oneof(
  fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })),
  fc.tuple(fc.float({ min: -5, max: 5, noNaN: true }), fc.float({ min: -5, max: 5, noNaN: true })),
);
const anyPoints = fc.array(anyPoint, { maxLength: 60 }).map((points) => Float32Array.from(points.flat()));
const anyCount = fc.integer({ min: 1, max: 12 });
/** From this start a cluster loses all its points on the way. */
const emptied: [Float32Array<ArrayBuffer>, number, number] = [
  Float32Array.of(-3, 5, -2, 3, 2, 0, 3, -2, -3, -2),
  3,
  28,
];

describe('k-means', () => {
  // So far apart that a start falls into a cluster that has one already once in 10,000 times.
  it.each([1, 2, 3, 4, 5])('finds the clusters that were planted (start %i)', (seed) => {
    const random = seededRandom(5);
    const centers = [0, 0, 100, 0, 0, 100, 100, 100, 50, 300];
    const points = Float32Array.from({ length: 1000 }, (_, at) => centers[at % 10] + random() - 0.5);

    const { centroids, labels, sizes } = kMeans(points, D, 5, seededRandom(seed));

    expect([...sizes]).toEqual([100, 100, 100, 100, 100]);
    labels.forEach((c, n) => {
      for (let d = 0; d < D; d++) expect(Math.abs(centroids[c * D + d] - centers[(n % 5) * D + d])).toBeLessThan(0.2);
    });
  });

  test.prop([anyPoints, anyCount, fc.nat(99)], { examples: [emptied] })(
    'does what the steps do one by one, none of which loses',
    (points, count, seed) => {
      const clusters = kMeans(points, D, count, seededRandom(seed));

      const { inertias, centroids } = naiveSteps(points, count, seededRandom(seed));
      expect(inertias.every((inertia, i) => i === 0 || inertia <= inertias[i - 1] * (1 + 1e-12))).toBe(true);
      expect(clusters.centroids).toEqual(centroids);
      expect(inertiaOf(points, clusters)).toBeLessThanOrEqual((inertias.at(0) ?? 0) * (1 + 1e-12));
    },
  );

  test.prop([anyPoints, anyCount, fc.nat(99)], { examples: [emptied] })(
    'ends with each point at its nearest, and centroids at the means',
    (points, count, seed) => {
      const { centroids, labels, sizes } = kMeans(points, D, count, seededRandom(seed));

      const C = sizes.length;
      expect(centroids).toHaveLength(C * D);
      expect(labels).toHaveLength(points.length / D);
      labels.forEach((c, n) => {
        const distances = Array.from({ length: C }, (_, other) => squaredDistance(points, n, centroids, other));
        expect(c).toBe(distances.indexOf(Math.min(...distances)));
      });
      for (let c = 0; c < C; c++) {
        const members = [...labels.keys()].filter((n) => labels[n] === c);
        expect(sizes[c]).toBe(members.length);
        for (let d = 0; d < D && members.length > 0; d++) {
          const mean = members.reduce((sum, n) => sum + points[n * D + d], 0) / members.length;
          expect(centroids[c * D + d]).toBeCloseTo(mean, 9);
        }
      }
    },
  );

  test.prop([anyPoints, anyCount, fc.nat(99)])(
    'has no more clusters than wanted or than distinct points',
    (points, count, seed) => {
      const { sizes } = kMeans(points, D, count, seededRandom(seed));

      const distinct = new Set(
        Array.from({ length: points.length / D }, (_, n) => `${points[2 * n] + 0} ${points[2 * n + 1] + 0}`),
      );
      expect(sizes.length).toBe(Math.min(count, distinct.size));
    },
  );

  it('stops early where next to nobody moves, with centroids near the means', () => {
    const random = seededRandom(17);
    const points = Float32Array.from({ length: 40_000 }, () => random() + random());

    const { centroids, labels, sizes } = kMeans(points, D, 20, seededRandom(1));

    const sums = new Float64Array(centroids.length);
    for (const [n, c] of labels.entries()) for (let d = 0; d < D; d++) sums[c * D + d] += points[n * D + d];
    expect(sizes.length).toBe(20);
    sums.forEach((sum, at) => {
      expect(Math.abs(sum / sizes[Math.floor(at / D)] - centroids[at])).toBeLessThan(0.01);
    });
  });

  test.prop([anyPoints, anyCount, fc.nat(99)])('gives the same clusters for the same seed', (points, count, seed) => {
    expect(kMeans(points, D, count, seededRandom(seed))).toEqual(kMeans(points, D, count, seededRandom(seed)));
  });

  it.each([
    ['no points', [], 5, []],
    ['one point', [3, 4], 5, [3, 4]],
    ['equal points', [3, 4, 3, 4, 3, 4], 2, [3, 4]],
    ['no clusters', [3, 4, 1, 1], 0, []],
  ])('takes %s', (_, points, count, centroids) => {
    const clusters = kMeans(Float32Array.from(points), D, count, seededRandom(1));

    expect([...clusters.centroids]).toEqual(centroids);
    expect(clusters.sizes).toHaveLength(centroids.length / D);
  });

  it('leaves out a cluster that has lost its points on the way', () => {
    const [points, count, seed] = emptied;

    expect([...kMeans(points, D, count, seededRandom(seed)).sizes]).toEqual([2, 3]);
  });

  it('has each distinct point for a centroid where there are fewer than clusters', () => {
    const { centroids, sizes } = kMeans(Float32Array.of(1, 1, 2, 2, 1, 1, 5, 5), D, 20, seededRandom(3));

    const found = Array.from(sizes, (size, c) => [centroids[c * D], size]).sort(([left], [right]) => left - right);
    expect(found).toEqual([
      [1, 2],
      [2, 1],
      [5, 1],
    ]);
  });
});

/** k-means++ and Lloyd's steps as the papers have them, with the sum of squared distances after each half step. */
function naiveSteps(points: Float32Array, wanted: number, random: Random) {
  const rows = Array.from({ length: points.length / D }, (_, n) => [...points.subarray(n * D, n * D + D)]);
  let centers = naiveStarts(rows, wanted, random);
  const nearest = (row: readonly number[]) => {
    const distances = centers.map((center) => squares(row, center));
    return { c: distances.indexOf(Math.min(...distances)), distance: Math.min(...distances) };
  };
  const inertias: number[] = [];
  let before: number[] = [];
  for (let step = 0; step < 50; step++) {
    const labels = rows.map((row) => nearest(row).c);
    const members = centers.map((_, c) => rows.filter((__, n) => labels[n] === c));
    inertias.push(rows.reduce((sum, row) => sum + nearest(row).distance, 0));
    centers = members.map((own, c) =>
      own.length === 0 ? centers[c] : centers[c].map((_, d) => own.reduce((sum, row) => sum + row[d], 0) / own.length),
    );
    inertias.push(rows.reduce((sum, row, n) => sum + squares(row, centers[labels[n]]), 0));
    if (String(labels) === String(before)) break;
    before = labels;
  }
  return {
    inertias,
    centroids: Float64Array.from(centers.filter((_, c) => rows.some((row) => nearest(row).c === c)).flat()),
  };
}

function naiveStarts(rows: readonly number[][], wanted: number, random: Random): number[][] {
  if (rows.length === 0) return [];
  const starts = [rows[Math.floor(random() * rows.length)]];
  for (;;) {
    const distances = rows.map((row) => Math.min(...starts.map((start) => squares(row, start))));
    const total = distances.reduce((sum, distance) => sum + distance, 0);
    if (total === 0 || starts.length === wanted) return starts;
    let rest = random() * total;
    const drawn = distances.findIndex((distance) => {
      rest -= distance;
      return distance > 0 && rest < 0;
    });
    starts.push(rows[drawn < 0 ? distances.findLastIndex((distance) => distance > 0) : drawn]);
  }
}

function squares(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, x, d) => sum + (x - right[d]) ** 2, 0);
}

function squaredDistance(points: Float32Array, n: number, centroids: Float64Array, c: number): number {
  return squares([...points.subarray(n * D, n * D + D)], [...centroids.subarray(c * D, c * D + D)]);
}

function inertiaOf(points: Float32Array, { centroids, labels }: Clusters): number {
  return labels.reduce((sum, c, n) => sum + squaredDistance(points, n, centroids, c), 0);
}
