import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '#domain/embedding/symmetric-eigen.ts';
import { seededRandom } from '#domain/random.ts';

/** Whole numbers, so that eigenvalues repeat and vanish, and any others. */
const anyMatrix = fc.integer({ min: 1, max: 8 }).chain((n) => {
  const entry = fc.oneof(
    fc.integer({ min: -2, max: 2 }),
    fc.integer({ min: -9e6, max: 9e6 }).map((x) => x / 1e6),
  );
  return fc
    .array(entry, { minLength: n * n, maxLength: n * n })
    .map((entries) => ({ n, matrix: symmetric(n, (i, j) => entries[i * n + j]) }));
});

describe('eigenvalues of a symmetric matrix', () => {
  it('are what a hand computes', () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);

    expectClose([...values], [3, 1]);
    expectClose(
      [...vectors],
      [1, 1, 1, -1].map((x) => x * Math.SQRT1_2),
    );
  });

  test.prop([anyMatrix])('stretch their vectors, which are orthonormal, and sum to the trace', ({ n, matrix }) => {
    expectDecomposed(matrix, n);
  });

  it.each([
    ['zero', 5, () => 0],
    ['the identity', 5, (i: number, j: number) => (i === j ? 1 : 0)],
    ['1 by 1', 1, () => -7],
    ['all ones, of rank 1', 12, () => 1],
    ['diagonal, rising, with repetition', 6, (i: number, j: number) => (i === j ? Math.floor(i / 2) - 1 : 0)],
    ['a cycle, whose eigenvalues come in pairs', 8, (i: number, j: number) => (j - i === 1 || j - i === 7 ? 1 : 0)],
    ['of very different sizes', 6, (i: number, j: number) => 10 ** -(3 * Math.max(i, j))],
    ['tiny', 4, (i: number, j: number) => 1e-120 * (1 + Math.min(i, j))],
    ['huge', 4, (i: number, j: number) => 1e120 * (1 + Math.min(i, j))],
  ])('exist for a matrix that is %s', (_, n, entry) => {
    expectDecomposed(symmetric(n, entry), n);
  });

  it('are known of Laplacians of paths: 2 − 2·cos(πk/n)', () => {
    const n = 30;
    const path = symmetric(n, (i, j) => {
      if (i !== j) return Math.abs(i - j) === 1 ? -1 : 0;
      return i === 0 || i === n - 1 ? 1 : 2;
    });

    const { values } = symmetricEigen(path, n);

    expectClose(
      [...values],
      Array.from({ length: n }, (_, i) => 2 - 2 * Math.cos((Math.PI * (n - 1 - i)) / n)),
    );
  });

  it('of a large random matrix are as exact', () => {
    const random = seededRandom(8);

    expectDecomposed(
      symmetric(80, () => random() - 0.5),
      80,
    );
  });

  test.prop([anyMatrix])('leave the matrix as it was, and come out the same twice', ({ n, matrix }) => {
    const before = matrix.slice();

    const first = symmetricEigen(matrix, n);

    expect(matrix).toEqual(before);
    expect(symmetricEigen(matrix, n)).toEqual(first);
  });
});

/** Entries on and above the diagonal by their places, the others mirrored. */
function symmetric(n: number, entry: (i: number, j: number) => number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      matrix[i * n + j] = entry(i, j);
      matrix[j * n + i] = matrix[i * n + j];
    }
  }
  return matrix;
}

function expectDecomposed(matrix: Float64Array, n: number): void {
  const { values, vectors } = symmetricEigen(matrix, n);
  const size = Math.max(...matrix.map(Math.abs));
  const vectorOf = (i: number) => vectors.subarray(i * n, i * n + n);
  const trace = Array.from({ length: n }, (_, i) => matrix[i * n + i]).reduce((sum, x) => sum + x, 0);
  let worst = Math.abs(values.reduce((sum, x) => sum + x, 0) - trace) / n;
  let skew = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const image = dot(matrix.subarray(j * n, j * n + n), vectorOf(i));
      worst = Math.max(worst, Math.abs(image - values[i] * vectorOf(i)[j]));
      skew = Math.max(skew, Math.abs(dot(vectorOf(i), vectorOf(j)) - (i === j ? 1 : 0)));
    }
    expect(Math.max(...vectorOf(i))).toBe(Math.max(...vectorOf(i).map(Math.abs)));
  }
  expect(worst).toBeLessThanOrEqual(1e-13 * n * size);
  expect(skew).toBeLessThan(1e-12);
  expect([...values]).toEqual([...values].sort((left, right) => right - left));
}

function dot(left: Float64Array, right: Float64Array): number {
  return left.reduce((sum, x, i) => sum + x * right[i], 0);
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i], 12);
  });
}
