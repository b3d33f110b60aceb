import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { preciseAttentionScores, prepareAudience } from '#domain/scoring/attention.ts';
import { foldAudience, plainFoldedScore } from '#domain/scoring/folded-attention.ts';
import { anyScene } from './any-audience.ts';

describe('attention in float32', () => {
  test.prop([anyScene], { numRuns: 300 })(
    'is within 10⁻⁵ of the precise score, or has none',
    ({ audience, dimensions: D, vectors, rows }) => {
      const folded = foldAudience(audience);
      const precise = preciseAttentionScores(audience, vectors, rows);

      rows.forEach((row, n) => {
        const point = vectors.subarray(row * D, row * D + D);
        const score = plainFoldedScore(folded, point);
        if (Number.isNaN(score) || point.every((x) => x === 0)) return;
        expect(Math.abs(score - precise[n])).toBeLessThan(1e-5);
      });
    },
  );

  it.each([
    ['clusters that cancel', [1, 0, -1, 0], [0, 1], Number.NaN],
    ['clusters that nearly cancel', [1, 0, -0.99, 0, 0.001, 0], [1e-4, 0.1], Number.NaN],
    ['the zero vector', [1, 0], [0, 0], Number.NaN],
    ['one far too long', [1, 0], [1e6, 1e6], Number.NaN],
    ['one far too short', [1, 0], [1e-12, 1e-12], Number.NaN],
    ['no clusters', [], [1, 0], Number.NaN],
    ['one cluster', [1, 0], [3, 4], 0.6],
  ])('knows what it cannot tell: %s', (_, centroids, point, expected) => {
    const score = plainFoldedScore(
      foldAudience(prepareAudience(Float64Array.from(centroids), 2)),
      Float32Array.from(point),
    );

    if (Number.isNaN(expected)) expect(score).toBeNaN();
    else expect(score).toBeCloseTo(expected, 6);
  });
});
