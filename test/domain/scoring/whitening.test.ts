import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { whiteningLayer } from '#domain/scoring/whitening.ts';

const D = 3;

describe('whitening', () => {
  it('leaves no common direction, and in directions of like spread as much of it', () => {
    const points = stretched(2_000, [2, 1.5, 1], [5, 0, -3]);

    const white = through(whiteningLayer(points, D), points);

    const { mean, covariance } = momentsOf(white);
    expect(mean.every((x) => Math.abs(x) < 1e-3)).toBe(true);
    // ε takes a little from each direction, more from those of little spread: λ / (λ + 0.1·mean(λ)), over D.
    const spreads = [4, 2.25, 1].map((spread) => spread / (spread + 0.1 * (7.25 / 3)) / D);
    spreads.forEach((spread, d) => {
      expect(Math.abs(covariance[d * D + d] - spread)).toBeLessThan(0.03);
    });
    expect(Math.abs(covariance[1])).toBeLessThan(0.02);
  });

  it('leaves points alike that only differ in a direction of no spread, and is finite where there is none at all', () => {
    const flat = stretched(200, [1, 1, 0], [0, 0, 1]);
    const one = new Float32Array([1, 2, 3, 1, 2, 3]);

    for (const points of [flat, one]) {
      const { layer, bias } = whiteningLayer(points, D);
      expect([...layer, ...bias].every(Number.isFinite)).toBe(true);
    }
    expect([...through(whiteningLayer(one, D), one)].every((x) => Math.abs(x) < 1e-6)).toBe(true);
  });

  it('does not depend on which way the axes point', () => {
    const points = stretched(500, [2, 1, 0.5], [1, 1, 1]);
    const turned = points.map((_, at) => points[at - (at % D) + ((at + 1) % D)]);

    const [white, other] = [through(whiteningLayer(points, D), points), through(whiteningLayer(turned, D), turned)];

    white.forEach((_, at) => {
      expect(other[at]).toBeCloseTo(white[at - (at % D) + ((at + 1) % D)], 5);
    });
  });
});

/** Normal points (N×D) of such deviations about such a middle. */
function stretched(N: number, deviations: readonly number[], middle: readonly number[]): Float32Array {
  const random = seededRandom(4);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const points = Float32Array.from({ length: N * D }, (_, at) => deviations[at % D] * normal());
  const { mean, covariance } = momentsOf(points);
  return points.map(
    (x, at) =>
      middle[at % D] +
      (covariance[(at % D) * (D + 1)] > 0
        ? ((x - mean[at % D]) * deviations[at % D]) / Math.sqrt(covariance[(at % D) * (D + 1)])
        : 0),
  );
}

function through({ layer, bias }: { layer: Float64Array; bias: Float64Array }, points: Float32Array): Float64Array {
  return Float64Array.from(points, (_, at) => {
    const [start, row] = [at - (at % D), at % D];
    return (
      bias[row] + Array.from({ length: D }, (_, d) => layer[row * D + d] * points[start + d]).reduce((a, b) => a + b)
    );
  });
}

function momentsOf(points: ArrayLike<number>) {
  const N = points.length / D;
  const mean = Array.from({ length: D }, (_, d) => {
    let sum = 0;
    for (let n = 0; n < N; n++) sum += points[n * D + d] / N;
    return sum;
  });
  const covariance = Array.from({ length: D * D }, (_, at) => {
    const [i, j] = [Math.floor(at / D), at % D];
    let sum = 0;
    for (let n = 0; n < N; n++) sum += ((points[n * D + i] - mean[i]) * (points[n * D + j] - mean[j])) / N;
    return sum;
  });
  return { mean, covariance };
}
