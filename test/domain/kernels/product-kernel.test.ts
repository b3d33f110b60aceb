import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Numbers } from '#domain/kernels/numbers.ts';
import { addPlainly } from '#domain/kernels/plain-product.ts';
import { addByKernel } from '#domain/kernels/product-kernel.ts';
import { anyProduct, type Product } from './any-product.ts';

describe('the kernel of products', () => {
  test.prop([anyProduct], { numRuns: 300 })('gives the bits of the plain product', (product) => {
    expect(sumOf(product, addByKernel)).toEqual(sumOf(product, addPlainly));
  });

  it.each([
    ['across all tiles', { M: 300, K: 520, N: 270 }],
    ['of one row', { M: 1, K: 700, N: 300 }],
    ['of one column', { M: 700, K: 300, N: 1 }],
    ['of an inner index of one', { M: 300, K: 1, N: 300 }],
  ])('gives them %s', (_, { M, K, N }) => {
    for (const kind of [Float32Array, Float64Array]) {
      const drawn = (length: number, at: number) => new kind(length).map((_, n) => Math.sin(n * (at + 1) + 1));
      const product: Product = {
        shape: { M, K, N, aRow: K, aInner: 1, bInner: N, bColumn: 1 },
        a: drawn(M * K, 1),
        b: drawn(K * N, 2),
        c: drawn(M * N, 3),
      };

      expect(sumOf(product, addByKernel)).toEqual(sumOf(product, addPlainly));
    }
  });

  it('leaves A and B as they are', () => {
    const { shape, a, b, c } = {
      shape: { M: 5, K: 5, N: 5, aRow: 1, aInner: 5, bInner: 1, bColumn: 5 },
      a: new Float32Array(25).fill(2),
      b: new Float64Array(25).fill(3),
      c: new Float64Array(25),
    };

    addByKernel(c, a, b, shape);

    expect([a, b, c]).toEqual([new Float32Array(25).fill(2), new Float64Array(25).fill(3), c.map(() => 30)]);
  });
});

/** What becomes of C. */
function sumOf({ shape, a, b, c }: Product, add: typeof addPlainly): Numbers {
  const sum = c.slice();
  add(sum, a, b, shape);
  return sum;
}
