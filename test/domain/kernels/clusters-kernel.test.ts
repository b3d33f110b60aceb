import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { clusterStep } from '#domain/kernels/clusters-kernel.ts';
import { seededRandom } from '#domain/random.ts';
import { plainStep } from '#domain/scoring/k-means.ts';

const anyClusters = fc.record({
  N: fc.oneof(fc.nat(20), fc.integer({ min: 250, max: 600 })),
  D: fc.integer({ min: 1, max: 20 }),
  C: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(40)),
  /** How many values there are: of few, many distances are equal. */
  values: fc.constantFrom(1, 2, 5, 1e6),
  /** Far from 0 points are alike but for their last digits. */
  offset: fc.constantFrom(0, 0, 1e3, 1e7),
  scale: fc.constantFrom(1, 1, 1e-25, 1e-10, 1e10, 1e20),
  seed: fc.nat(),
});

describe('the kernel of clusters', () => {
  test.prop([anyClusters], { numRuns: 300 })('has the labels and the bits of float64, for any points', (clusters) => {
    const { points, centroids, D } = pointsOf(clusters);

    expect(byKernel(points, D, centroids)).toEqual(plainStep(points, D, centroids));
  });

  it('asks about few points of many, and about those between two centroids', () => {
    const random = seededRandom(5);
    const D = 16;
    const points = Float32Array.from({ length: 2_000 * D }, () => 2 * random() - 1);
    const centroids = Float64Array.from(points.subarray(0, 10 * D));
    const asked: number[] = [];
    const decide = (n: number) => {
      asked.push(n);
      return plainStep(points.subarray(n * D, n * D + D), D, centroids).labels[0];
    };

    expect(clusterStep(points, D, centroids, decide)).toEqual(plainStep(points, D, centroids));
    expect(asked.length).toBeLessThan(10);

    const between = clusterStep(Float32Array.of(0, 5, 1, 5, 0.25, 5), 2, Float64Array.of(0, 5, 1, 5), (n) => n % 2);
    expect([...(between?.labels ?? [])]).toEqual([0, 1, 0]);
  });

  it('takes the word of the caller for a point in the middle', () => {
    const step = clusterStep(Float32Array.of(0.5, 0, 0.5), 1, Float64Array.of(0, 1), (n) => n / 2);

    expect(step).toEqual({ labels: Uint32Array.of(0, 0, 1), sums: Float64Array.of(0.5, 0.5) });
  });

  it('has no answer where there are no centroids, or more than it holds', () => {
    const points = new Float32Array(512);

    expect(clusterStep(points, 256, new Float64Array(0), () => 0)).toBeUndefined();
    expect(clusterStep(points, 256, new Float64Array(256 * 2_000), () => 0)).toBeUndefined();
  });
});

interface Shape {
  readonly N: number;
  readonly D: number;
  readonly C: number;
  readonly values: number;
  readonly offset: number;
  readonly scale: number;
  readonly seed: number;
}

function pointsOf({ N, D, C, values, offset, scale, seed }: Shape) {
  const random = seededRandom(seed);
  const drawn = () => scale * (offset + Math.floor(values * random()) / values - 0.4);
  const points = Float32Array.from({ length: N * D }, drawn);
  return { D, points, centroids: Float64Array.from({ length: C * D }, drawn) };
}

function byKernel(points: Float32Array, D: number, centroids: Float64Array) {
  return clusterStep(points, D, centroids, (n) => plainStep(points.subarray(n * D, n * D + D), D, centroids).labels[0]);
}
