import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { addTimesInPlace, dot, timesEach } from '#domain/kernels/vector.ts';

const anyPair = fc
  .array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), { maxLength: 15 })
  .map((pairs) => [0, 1].map((side) => Float64Array.from(pairs, (pair) => pair[side])));

describe('long vectors', () => {
  test.prop([anyPair])('have the product that single terms add up to', ([left, right]) => {
    expect(dot(left, right)).toBe(left.reduce((sum, x, i) => sum + x * right[i], 0));
  });

  it('are summed as four sums, so the order is the same everywhere', () => {
    const ones = new Float64Array(5).fill(1);

    expect(dot(Float64Array.of(1, 1e16, -1e16, 3, 5), ones)).toBe(1 + 5 + 1e16 + (-1e16 + 3));
  });

  test.prop([anyPair, fc.integer({ min: -9, max: 9 })])(
    'are added and multiplied pairwise',
    ([left, right], factor) => {
      const sum = left.slice();

      addTimesInPlace(sum, factor, right);

      expect(sum).toEqual(left.map((x, i) => x + factor * right[i]));
      expect(timesEach(left, right)).toEqual(left.map((x, i) => x * right[i]));
    },
  );

  it('may be multiplied by longer ones', () => {
    expect([...timesEach(Float64Array.of(2, 3), Float64Array.of(5, 7, 9))]).toEqual([10, 21]);
  });
});
