import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { outliersAmong } from '#domain/evaluation/outliers.ts';

function outliersOf(seedsToSeeds: readonly number[], othersToSeeds: readonly number[]): number[] {
  const values = { seedsToSeeds: Float64Array.from(seedsToSeeds), othersToSeeds: Float64Array.from(othersToSeeds) };
  return [...outliersAmong({ ...values, seedsToOthers: new Float64Array(seedsToSeeds.length) })];
}

/** 0, 0.01, 0.02 … 0.99. */
const hundredths = Array.from({ length: 100 }, (_, n) => n / 100);
/** On a coarse grid values tie. */
const cosines = fc.array(
  fc.oneof(
    fc.nat(4).map((n) => n / 4),
    fc.double({ min: 0, max: 1, noNaN: true }),
  ),
  {
    maxLength: 50,
  },
);

describe('outliers', () => {
  it('are seeds than whom at most 1 in 20 random users is less like the seeds, the most outlying first', () => {
    expect(outliersOf([0.9, 0.05, 0.9, 0.02, 0.051, 0.9, 0.02], hundredths)).toEqual([3, 6, 1]);
  });

  test.prop([cosines, cosines])('are found as by counting', (seeds, others) => {
    const median = seeds.toSorted((left, right) => left - right)[Math.floor(seeds.length / 2)];
    const expected = [...seeds.keys()]
      .filter((s) => others.filter((other) => other < seeds[s]).length <= Math.floor(others.length / 20))
      .filter((s) => seeds[s] < median)
      .sort((left, right) => seeds[left] - seeds[right] || left - right);

    expect(outliersOf(seeds, others)).toEqual(others.length === 0 ? [] : expected);
  });

  it.each([
    ['among identical people', [1, 1, 1], [1, 1, 1]],
    ['where most share nothing with anybody', [0, 0, 0.5], [0, 0, 0.1]],
    ['of one seed', [0], hundredths],
    ['of no seeds', [], hundredths],
    ['where there is nobody else', [0, 0.9, 0.9], []],
  ])('are none %s', (_, seeds, others) => {
    expect(outliersOf(seeds, others)).toEqual([]);
  });
});
