import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { preciseAttentionScores, prepareAudience } from '#domain/scoring/attention.ts';
import { attentionScores } from '#domain/scoring/attention-scores.ts';
import { anyScene } from './any-audience.ts';

describe('scores by attention', () => {
  test.prop([anyScene])('are within 10⁻⁵ of the precise ones, for anybody', ({ audience, vectors, rows }) => {
    const scores = attentionScores(audience, vectors, rows);

    preciseAttentionScores(audience, vectors, rows).forEach((precise, n) => {
      expect(Math.abs(scores[n] - precise)).toBeLessThan(1e-5);
    });
  });

  test.prop([anyScene])('are the same to the bit, however users are cut', ({ audience, vectors, rows }) => {
    const scores = attentionScores(audience, vectors, rows);

    for (const cut of [1, 2, 127, 128, 129]) {
      const parts = [rows.subarray(0, cut), rows.subarray(cut)].map((part) => attentionScores(audience, vectors, part));
      expect(parts.flatMap((part) => [...part])).toEqual([...scores]);
    }
  });

  test.prop([anyScene])('are those of float64 where clusters cancel, 0 for the zero vector', (scene) => {
    const { dimensions: D, vectors, rows } = scene;
    const opposite = Float64Array.from({ length: 2 * D }, (_, at) => (at < D ? 1 : -1));
    const audience = prepareAudience(opposite, D);
    const short = vectors.map((x) => x * 1e-3);

    const scores = attentionScores(audience, short, rows);

    expect(scores).toEqual(preciseAttentionScores(audience, short, rows));
    rows.forEach((row, n) => {
      if (vectors.subarray(row * D, row * D + D).every((x) => x === 0)) expect(scores[n]).toBe(0);
    });
  });

  it('are 0 for everybody where there are no clusters', () => {
    const audience = prepareAudience(new Float64Array(0), 2);

    expect([...attentionScores(audience, Float32Array.of(1, 0, 0, 0), Uint32Array.of(1, 0))]).toEqual([0, 0]);
  });
});
