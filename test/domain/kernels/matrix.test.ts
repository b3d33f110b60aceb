import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { addProduct, addProductWithTransposed, addTransposedProduct } from '#domain/kernels/matrix.ts';

/** Below and above the size from which the kernel computes. */
const size = fc.integer({ min: 1, max: 9 });
const anyProduct = fc.tuple(size, size, size).chain(([M, K, N]) => {
  const matrix = (length: number) =>
    fc.array(fc.integer({ min: -9, max: 9 }), { minLength: length, maxLength: length });
  return fc.record({
    M: fc.constant(M),
    K: fc.constant(K),
    N: fc.constant(N),
    a: matrix(M * K),
    b: matrix(K * N),
    c: matrix(M * N),
  });
});

describe('matrix products', () => {
  test.prop([anyProduct])(
    'add A·B as the sum over the inner index says, however A and B lie',
    ({ M, K, N, a, b, c }) => {
      const expected = c.map((start, at) => {
        const [i, j] = [Math.floor(at / N), at % N];
        return start + Array.from({ length: K }, (_, k) => a[i * K + k] * b[k * N + j]).reduce((sum, x) => sum + x, 0);
      });
      const [plain, right, left] = [Float64Array.from(c), Float64Array.from(c), Float64Array.from(c)];

      addProduct(plain, Float64Array.from(a), Float64Array.from(b), M, K, N);
      addProductWithTransposed(right, Float64Array.from(a), transposed(b, K, N), M, K, N);
      addTransposedProduct(left, transposed(a, M, K), Float64Array.from(b), K, M, N);

      for (const product of [plain, right, left])
        expect([...product].map((x) => x + 0)).toEqual(expected.map((x) => x + 0));
    },
  );
});

/** (R×C) as (C×R). */
function transposed(values: readonly number[], R: number, C: number): Float64Array {
  return Float64Array.from(values, (_, at) => values[(at % R) * C + Math.floor(at / R)]);
}
