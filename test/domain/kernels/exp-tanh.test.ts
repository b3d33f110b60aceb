import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { expTanhInPlace } from '#domain/kernels/exp-tanh.ts';

const anyNumber = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.double({ min: -50, max: 50 }) },
  { weight: 1, arbitrary: fc.double() },
);

describe('e^tanh(x)', () => {
  test.prop([fc.array(anyNumber, { maxLength: 9 })], { numRuns: 1000 })(
    'is to the bit what its formula gives, a number at a time',
    (numbers) => {
      expect([...expTanhOf(numbers)]).toEqual(numbers.map(plainExpTanh));
    },
  );

  test.prop([fc.double({ noNaN: true })], { numRuns: 1000 })(
    'is what the library of the engine gives, to 10⁻¹⁵',
    (x) => {
      const expected = Math.exp(Math.tanh(x));

      expect(Math.abs(expTanhOf([x])[0] - expected)).toBeLessThanOrEqual(1e-15 * expected);
    },
  );

  it('is computed for more numbers than the memory of the kernel holds', () => {
    const numbers = Array.from({ length: 150_001 }, (_, n) => Math.sin(n));

    expect(expTanhOf(numbers)).toEqual(Float64Array.from(numbers, plainExpTanh));
  });

  it('lies between 1/e and e, and of no number is none', () => {
    const [least, middle, most, none] = expTanhOf([Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY, Number.NaN]);

    expect([least, middle, most]).toEqual([Math.exp(-1), 1, plainExpTanh(40)]);
    expect(Math.abs(most - Math.E)).toBeLessThan(1e-15 * Math.E);
    expect(none).toBeNaN();
  });
});

function expTanhOf(numbers: readonly number[]): Float64Array {
  const values = Float64Array.from(numbers);
  expTanhInPlace(values);
  return values;
}

/** simd-module.as, one lane of it. */
function plainExpTanh(x: number): number {
  const double = Math.max(-40, Math.min(40, x + x));
  return plainExponential(1 - 2 / (plainExponential(double) + 1));
}

function plainExponential(x: number): number {
  const n = x * Math.LOG2E + ROUND - ROUND;
  const r = x - n * 0.6931471803691238 - n * 1.9082149292705877e-10;
  const square = r * r;
  const sumOf = (powers: readonly number[]) => powers.reduce((sum, k) => sum * square + 1 / factorial(k), 0);
  return (sumOf([12, 10, 8, 6, 4, 2, 0]) + sumOf([11, 9, 7, 5, 3, 1]) * r) * 2 ** n;
}

/** Rounds what is added to it to a whole number. */
const ROUND = 1.5 * 2 ** 52;

function factorial(k: number): number {
  return k < 2 ? 1 : k * factorial(k - 1);
}
