import { describe, expect, it } from 'vitest';
import { addSampledSoftmax, logUniformRank } from '#domain/embedding/sampled-softmax.ts';
import { seededRandom } from '#domain/random.ts';
import { finiteDifferences, gradientError } from '../finite-differences.ts';

const [B, D, F] = [3, 4, 5];
const CANDIDATES = Uint32Array.of(0, 1, 2, 3, 1, 4, 2, 2, 0);

describe('sampled softmax', () => {
  const random = seededRandom(12);
  const points = Float64Array.from({ length: B * D }, () => 2 * random() - 1);
  const items = Float64Array.from({ length: F * D }, () => 2 * random() - 1);
  const lossOf = () =>
    addSampledSoftmax(new Float64Array(B * D), new Float64Array(F * D), points, items, CANDIDATES, D);

  it('is the cross entropy of the first candidate, on average', () => {
    const dot = (row: number, item: number) =>
      Array.from({ length: D }, (_, d) => points[row * D + d] * items[item * D + d]).reduce((sum, x) => sum + x, 0);
    const losses = Array.from({ length: B }, (_, row) => {
      const scores = [...CANDIDATES.subarray(row * 3, row * 3 + 3)].map((item) => Math.exp(dot(row, item)));
      return -Math.log(scores[0] / scores.reduce((sum, x) => sum + x, 0));
    });

    expect(lossOf()).toBeCloseTo(losses.reduce((sum, x) => sum + x, 0) / B, 12);
  });

  it('has the gradient of its loss, by points and by items, one drawn twice among them', () => {
    const [pointGradient, itemGradient] = [new Float64Array(B * D), new Float64Array(F * D)];

    addSampledSoftmax(pointGradient, itemGradient, points, items, CANDIDATES, D);

    expect(gradientError(pointGradient, finiteDifferences(points, lossOf))).toBeLessThan(1e-6);
    expect(gradientError(itemGradient, finiteDifferences(items, lossOf))).toBeLessThan(1e-6);
  });
});

describe('ranks of negatives', () => {
  it('follow the log-uniform law, within five standard errors at each rank', () => {
    const [count, draws] = [12, 50_000];
    const random = seededRandom(3);
    const seen = new Float64Array(count);
    for (let n = 0; n < draws; n++) seen[logUniformRank(count, random)]++;

    seen.forEach((times, k) => {
      const chance = Math.log((k + 2) / (k + 1)) / Math.log(count + 1);
      expect(Math.abs(times / draws - chance)).toBeLessThan(5 * Math.sqrt((chance * (1 - chance)) / draws));
    });
  });
});
