/** Products of any shape and precision, with factors that lie either way, for tests that compare two ways to compute them. */
import { fc } from '@fast-check/vitest';
import type { Numbers } from '#domain/kernels/numbers.ts';
import type { ProductShape } from '#domain/kernels/plain-product.ts';
import { seededRandom } from '#domain/random.ts';

export interface Product {
  readonly shape: ProductShape;
  readonly a: Numbers;
  readonly b: Numbers;
  readonly c: Numbers;
}

/** Of nothing, of less and more than a vector has lanes, and of more than a tile holds in each direction. */
const anySize = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 21 }) },
  { weight: 1, arbitrary: fc.integer({ min: 120, max: 270 }) },
);

export const anyProduct: fc.Arbitrary<Product> = fc
  .record({
    M: anySize,
    K: anySize,
    N: anySize,
    turnA: fc.boolean(),
    turnB: fc.boolean(),
    kinds: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    seed: fc.nat(),
  })
  .map(({ M, K, N, turnA, turnB, kinds, seed }) => {
    const random = seededRandom(seed);
    const drawn = (length: number, isSingle: boolean) =>
      (isSingle ? new Float32Array(length) : new Float64Array(length)).map(() => numberOf(random()));
    return {
      shape: {
        M,
        K,
        N,
        ...(turnA ? { aRow: 1, aInner: M } : { aRow: K, aInner: 1 }),
        ...(turnB ? { bInner: 1, bColumn: K } : { bInner: N, bColumn: 1 }),
      },
      a: drawn(M * K, kinds[0]),
      b: drawn(K * N, kinds[1]),
      c: drawn(M * N, kinds[2]),
    };
  });

/** Of any size that could be rounded away or into infinity, with zeros of either sign. */
function numberOf(chance: number): number {
  if (chance < 0.1) return chance < 0.05 ? 0 : -0;
  return (chance < 0.5 ? -1 : 1) * 10 ** (38 * (((chance * 1e4) % 1) - 0.5));
}
