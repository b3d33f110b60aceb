import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { foldedScores } from '#domain/kernels/attention-kernel.ts';
import { seededRandom } from '#domain/random.ts';
import { prepareAudience } from '#domain/scoring/attention.ts';
import { foldAudience, plainFoldedScore } from '#domain/scoring/folded-attention.ts';
import { anyScene, type Scene } from '../scoring/any-audience.ts';

describe('the kernel of attention', () => {
  test.prop([anyScene], { numRuns: 200 })('gives the bits of the plain float32 form, for any shape', (scene) => {
    expect(byKernel(scene)).toEqual(plainly(scene));
  });

  test.prop([anyScene, fc.constantFrom(1e-30, 1e-12, 1e-9, 1e6, 1e12, 1e30)])(
    'gives them for users too long or too short as well',
    ({ vectors, ...scene }, length) => {
      const scaled = { ...scene, vectors: vectors.map((x) => x * length) };

      expect(byKernel(scaled)).toEqual(plainly(scaled));
    },
  );

  it('gives them of more clusters than its memory holds', () => {
    const random = seededRandom(3);
    const drawn = (length: number) => Float64Array.from({ length }, () => random() - 0.3);
    const [D, C] = [2, 2_000];
    const scene = {
      audience: prepareAudience(drawn(C * D), D),
      dimensions: D,
      vectors: Float32Array.from(drawn(2 * D)),
      rows: Uint32Array.of(1, 0),
    };

    expect(byKernel(scene)).toEqual(plainly(scene));
    expect(byKernel(scene)[0]).toBeGreaterThan(-1);
  });

  it('scores one audience after the other, each by its own numbers', () => {
    const [D, vectors] = [3, Float32Array.of(1, 2, 3, 3, 2, 1, 0.5, 0.25, 1)];
    const audiences = [
      [1, 0, 0, 0, 1, 0],
      [0, 0, 1],
      [1, 1, 1, 0, 2, 1, 1, 0, 0, 0, 1, 1, 3, 1, 0],
    ].map((centroids) => prepareAudience(Float64Array.from(centroids), D));
    const scene = (at: number) => ({ audience: audiences[at], dimensions: D, vectors, rows: Uint32Array.of(0, 1, 2) });

    const first = [0, 1, 2].map((at) => byKernel(scene(at)));

    expect([2, 1, 0].map((at) => byKernel(scene(at))).reverse()).toEqual(first);
  });
});

function byKernel({ audience, vectors, rows }: Scene): Float32Array {
  return foldedScores(foldAudience(audience), vectors, rows);
}

function plainly({ audience, dimensions: D, vectors, rows }: Scene): Float32Array {
  const folded = foldAudience(audience);
  return Float32Array.from(rows, (row) => plainFoldedScore(folded, vectors.subarray(row * D, row * D + D)));
}
