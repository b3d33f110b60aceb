import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { predictionStrength, stableClusters } from '#domain/scoring/stable-clusters.ts';

const D = 2;

/** Round clouds around the centers, a point of each after the other. */
function pointsAround(centers: readonly (readonly [number, number])[], count: number, seed = 1): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count * D }, (_, at) => {
    const center = centers[Math.floor(at / D) % centers.length];
    return center[at % D] + (random() + random() + random() + random() - 2) / 2;
  });
}

describe('stable clusters', () => {
  it.each([1, 2, 3, 4, 5])('are as many as were planted: %i', (count) => {
    const centers = [
      [0, 0],
      [9, 0],
      [0, 9],
      [9, 9],
      [30, 30],
    ] as const;

    const { sizes } = stableClusters(pointsAround(centers.slice(0, count), 300), D, 8, seededRandom(1));

    expect([...sizes]).toEqual(Array.from({ length: count }, () => 300 / count));
  });

  it('are as many in a sample of many points', () => {
    const { sizes } = stableClusters(
      pointsAround(
        [
          [0, 0],
          [9, 0],
          [0, 9],
        ],
        9_000,
      ),
      D,
      5,
      seededRandom(1),
    );

    expect([...sizes]).toEqual([3_000, 3_000, 3_000]);
  });

  it('are no more than wanted', () => {
    expect(
      stableClusters(
        pointsAround(
          [
            [0, 0],
            [9, 0],
          ],
          100,
        ),
        D,
        1,
        seededRandom(1),
      ).sizes,
    ).toHaveLength(1);
  });

  it.each([
    ['no points', [], 0],
    ['one point', [3, 4], 1],
    ['identical points', Array.from({ length: 60 }, () => 5), 1],
  ])('of %s are no more than there are', (_, points, count) => {
    expect(stableClusters(Float32Array.from(points), D, 4, seededRandom(1)).sizes).toHaveLength(count);
  });

  test.prop([fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 80 }), fc.nat(9)])(
    'hold every point once, and are the same again',
    (numbers, seed) => {
      const points = Float32Array.from(numbers.slice(0, numbers.length - (numbers.length % D)));

      const clusters = stableClusters(points, D, 4, seededRandom(seed));

      expect(clusters.labels).toHaveLength(points.length / D);
      expect(clusters.sizes.reduce((sum, size) => sum + size, 0)).toBe(points.length / D);
      expect(stableClusters(points, D, 4, seededRandom(seed))).toEqual(clusters);
    },
  );
});

describe('prediction strength', () => {
  it('is 1 for the planted number and lower beyond it', () => {
    const points = pointsAround(
      [
        [0, 0],
        [9, 0],
      ],
      400,
    );

    expect(predictionStrength(points, D, 1, seededRandom(1))).toBe(1);
    expect(predictionStrength(points, D, 2, seededRandom(1))).toBe(1);
    expect(predictionStrength(points, D, 3, seededRandom(1))).toBeLessThan(0.8);
  });

  it('is nothing where a half has a cluster of one point', () => {
    expect(predictionStrength(Float32Array.of(0, 0, 9, 9), D, 2, seededRandom(1))).toBe(0);
  });
});
