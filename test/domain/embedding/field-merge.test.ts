import { describe, expect, it } from 'vitest';
import {
  MERGES,
  type MergeWeights,
  mergedWidth,
  mergeFields,
  type PooledFields,
} from '#domain/embedding/field-merge.ts';
import { finiteDifferences, gradientError } from '../finite-differences.ts';
import { exact } from './small-representation.ts';

const [D, K] = [3, 4];
const WEIGHTS = { fieldKeys: numbers(K * D), fieldQuery: numbers(K) };

/** Deterministic, of both signs. */
function numbers(length: number): Float64Array {
  return Float64Array.from({ length }, (_, at) => Math.sin(7 * at + 1));
}

/** A row for each user, a mark for each field: whether the user has it. */
function pooledOf(has: readonly (readonly (0 | 1)[])[]): PooledFields {
  const [B, n] = [has.length, has[0].length];
  const factors = Float64Array.from(has.flat());
  const vectors = numbers(B * n * D).map((x, at) => (factors[Math.floor(at / D)] > 0 ? x : 0));
  return { users: B, fieldCount: n, dimensions: D, vectors, factors };
}

describe.each(MERGES)('a merge of fields by %s', (merge) => {
  it('is the identity where there is but one field', () => {
    const pooled = pooledOf([[1], [1], [0]]);
    const { width, vectors } = mergeFields(merge, WEIGHTS, pooled, exact);

    expect([width, mergedWidth(merge, 1, D)]).toEqual([D, D]);
    expect(vectors).toEqual(pooled.vectors);
  });

  it('is of the width that it says, and zeros for who has no field', () => {
    const pooled = pooledOf([
      [0, 0],
      [1, 0],
    ]);
    const { width: W, vectors } = mergeFields(merge, WEIGHTS, pooled, exact);

    expect(W).toBe(mergedWidth(merge, 2, D));
    expect(vectors.length).toBe(2 * W);
    expect(vectors.subarray(0, W)).toEqual(new Float64Array(W));
  });

  it('sees a user in the same way, whoever stands beside', () => {
    const all = pooledOf([
      [1, 0, 1],
      [1, 1, 1],
      [0, 1, 0],
    ]);
    const { width: W, vectors: together } = mergeFields(merge, WEIGHTS, all, exact);

    for (let u = 0; u < 3; u++) {
      const own = {
        vectors: all.vectors.slice(u * 3 * D, (u + 1) * 3 * D),
        factors: all.factors.slice(u * 3, u * 3 + 3),
      };
      const alone = mergeFields(merge, WEIGHTS, { ...all, users: 1, ...own }, exact).vectors;
      expect(alone).toEqual(together.slice(u * W, (u + 1) * W));
    }
  });

  it('goes back to the gradient of its own weights, and of the fields', () => {
    const pooled = pooledOf([
      [1, 0, 1],
      [1, 1, 1],
      [0, 0, 0],
      [0, 1, 0],
    ]);
    const loss = () => {
      const { vectors } = mergeFields(merge, WEIGHTS, pooled, exact);
      return Array.from(vectors, (x, at) => Math.sin(x + at)).reduce((sum, x) => sum + x, 0);
    };
    const gradient: MergeWeights = { fieldKeys: exact(K * D), fieldQuery: exact(K) };

    const merged = mergeFields(merge, WEIGHTS, pooled, exact);
    const back = merged.back(
      gradient,
      merged.vectors.map((x, at) => Math.cos(x + at)),
    );

    for (const name of ['fieldKeys', 'fieldQuery'] as const)
      expect(gradientError(gradient[name], finiteDifferences(WEIGHTS[name], loss)), name).toBeLessThan(1e-6);
    expect(gradientError(back, finiteDifferences(pooled.vectors, loss)), 'fields').toBeLessThan(1e-6);
  });
});

describe('a merge by attention', () => {
  it('does not see a field that the user does not have, and lies within those of the user', () => {
    const pooled = pooledOf([
      [0, 1, 0],
      [1, 0, 1],
    ]);
    const { vectors } = mergeFields('attention', WEIGHTS, pooled, exact);

    expect(vectors.subarray(0, D)).toEqual(pooled.vectors.subarray(D, 2 * D));
    for (let d = 0; d < D; d++) {
      const own = [3 * D + d, 5 * D + d].map((at) => pooled.vectors[at]);
      expect(vectors[D + d]).toBeGreaterThan(Math.min(...own));
      expect(vectors[D + d]).toBeLessThan(Math.max(...own));
    }
  });
});

describe('a concatenation', () => {
  it('has the fields side by side, each in its place, and zeros for those that the user does not have', () => {
    const pooled = pooledOf([
      [0, 1, 0],
      [1, 1, 1],
    ]);
    const { vectors } = mergeFields('concatenation', WEIGHTS, pooled, exact);

    expect(vectors.subarray(0, 3 * D)).toEqual(Float64Array.of(0, 0, 0, ...pooled.vectors.subarray(D, 2 * D), 0, 0, 0));
    expect(vectors.subarray(3 * D)).toEqual(pooled.vectors.subarray(3 * D));
  });
});
