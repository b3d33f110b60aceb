import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { informationValue, isPositive } from '#domain/scoring/information-value.ts';

/** How many of how many have a feature: 0 of 0, none and all come often. */
const share = fc
  .nat(1000)
  .chain((count) => fc.tuple(fc.oneof(fc.nat(count), fc.constantFrom(0, count)), fc.constant(count)));

describe('information value', () => {
  it('is (p − q) · ln[p(1−q) / ((1−p)q)] of the smoothed shares', () => {
    // p = 3.5/5 = 0.7, q = 1.5/10 = 0.15: 0.55 · ln(0.595 / 0.045) = 0.55 · ln(119/9).
    expect(informationValue(3, 4, 1, 9)).toBeCloseTo(0.55 * Math.log(119 / 9), 12);
    expect(informationValue(3, 4, 1, 9)).toBeCloseTo(1.42, 3);
  });

  it('is 0 where the shares are equal', () => {
    expect(informationValue(2, 5, 2, 5)).toBe(0);
  });

  it.each([
    ['all seeds and nobody else', 5, 5, 0, 5, (5 / 6) * Math.log(121)],
    ['no seed and everybody else', 0, 5, 5, 5, (5 / 6) * Math.log(121)],
    ['one seed of one, nobody else', 1, 1, 0, 3, (5 / 8) * Math.log(21)],
    ['one seed where there is no background', 1, 1, 0, 0, 0.25 * Math.log(3)],
  ])('stays finite for shares of 0 and 1: %s', (_, seedsWith, seedCount, othersWith, otherCount, value) => {
    expect(informationValue(seedsWith, seedCount, othersWith, otherCount)).toBeCloseTo(value, 12);
  });

  test.prop([share, share])('is finite and never negative, so it cannot tell the direction', (seeds, others) => {
    const value = informationValue(...seeds, ...others);

    expect(Number.isFinite(value)).toBe(true);
    expect(value).toBeGreaterThanOrEqual(0);
  });

  test.prop([share, share])(
    'is the same with seeds and background swapped, or with having and lacking',
    (seeds, others) => {
      const value = informationValue(...seeds, ...others);

      const lacking = ([having, count]: readonly [number, number]) => [count - having, count] as const;
      expect(informationValue(...others, ...seeds)).toBeCloseTo(value, 10);
      expect(informationValue(...lacking(seeds), ...lacking(others))).toBeCloseTo(value, 10);
    },
  );
});

describe('positive feature', () => {
  it.each<{ shares: string; counts: [number, number, number, number]; positive: boolean; half: boolean }>([
    { shares: 'p=.6, q=.9', counts: [6, 10, 9, 10], positive: false, half: false },
    { shares: 'p=.6, q=.5', counts: [6, 10, 5, 10], positive: true, half: true },
    { shares: 'p=.5, q=.1', counts: [5, 10, 1, 10], positive: true, half: false },
    { shares: 'p=q=.6', counts: [6, 10, 60, 100], positive: false, half: false },
    { shares: 'p=1, q=0', counts: [10, 10, 0, 10], positive: true, half: true },
    { shares: 'p=1, no background', counts: [10, 10, 0, 0], positive: true, half: true },
    { shares: 'no seeds', counts: [0, 0, 0, 10], positive: false, half: false },
  ])('at $shares: by default $positive, by the paper’s variant $half', ({ counts, positive, half }) => {
    expect([isPositive('positive', ...counts), isPositive('half', ...counts)]).toEqual([positive, half]);
  });

  it('is not one that no seed has, though its smoothed share is above the background’s', () => {
    const [p, q] = [0.5 / 6, 1.5 / 101];

    expect(p).toBeGreaterThan(q);
    expect(isPositive('positive', 0, 5, 1, 100)).toBe(false);
  });

  test.prop([fc.nat(1000), share])('is never one that no seed has', (seedCount, others) => {
    expect(isPositive('positive', 0, seedCount, ...others)).toBe(false);
    expect(isPositive('half', 0, seedCount, ...others)).toBe(false);
  });

  test.prop([share, share])('by the paper’s variant is positive by default as well', (seeds, others) => {
    expect(isPositive('half', ...seeds, ...others) && !isPositive('positive', ...seeds, ...others)).toBe(false);
  });
});
