/** Audiences of any shape and users of any kind: what float32 must take as float64 does. */
import { fc } from '@fast-check/vitest';
import { seededRandom } from '#domain/random.ts';
import { type AttentionAudience, type AttentionWeights, prepareAudience } from '#domain/scoring/attention.ts';

export interface Scene {
  readonly audience: AttentionAudience;
  readonly dimensions: number;
  /** (U×D). */
  readonly vectors: Float32Array;
  readonly rows: Uint32Array;
}

const anySize = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 21 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 70 }) },
);

/** Users as long as points are, a tenth of them nowhere; centroids all about, or around one direction. */
export const anyScene: fc.Arbitrary<Scene> = fc
  .record({
    D: fc.oneof(anySize, fc.constant(256)),
    R: anySize,
    C: anySize,
    U: fc.integer({ min: 1, max: 300 }),
    isTrained: fc.boolean(),
    spread: fc.constantFrom(0.1, 1, 10),
    seed: fc.nat(),
  })
  .map(({ D, R, C, U, isTrained, spread, seed }) => {
    const random = seededRandom(seed);
    const drawn = (length: number) => Float64Array.from({ length }, () => 2 * random() - 1);
    const middle = drawn(D);
    const around = (count: number) =>
      drawn(count * D).map((x, at) => (middle[at % D] + spread * x) / (Math.sqrt(D) * (1 + spread)));
    const weights: AttentionWeights = {
      dimensions: D,
      outputs: R,
      layer: drawn(R * D),
      layerBias: drawn(R),
      slope: drawn(1),
      local: drawn(R * R),
      global: drawn(R * R),
      globalQuery: drawn(R),
      globalShare: random(),
    };
    const vectors = Float32Array.from(around(U));
    for (let u = 0; u < U; u++) if (random() < 0.1) vectors.fill(0, u * D, u * D + D);
    const audience = prepareAudience(around(C), D, isTrained ? weights : undefined);
    const kept = Array.from({ length: U }, (_, u) => u).filter(() => seed % 2 === 0 || random() < 0.7);
    return { audience, dimensions: D, vectors, rows: Uint32Array.from(seed % 3 === 0 ? kept.toReversed() : kept) };
  });
