import { describe, expect, it } from 'vitest';
import { aucWithInterval } from '#domain/evaluation/intervals.ts';
import { verdictOf } from '#domain/evaluation/verdict.ts';
import { seededRandom } from '#domain/random.ts';

describe('the verdict', () => {
  it.each([
    [
      { value: 0.8, low: 0.71, high: 0.88 },
      true,
      'go: seeds that were held out rank above other users (AUC 0.800, between 0.710 and 0.880, where a random order has 0.5)',
    ],
    [
      { value: 0.55, low: 0.49, high: 0.61 },
      false,
      'no-go: held-out seeds rank no higher than chance might have put them (AUC 0.550, between 0.490 and 0.610, where a random order has 0.5)',
    ],
    [
      { value: 0.3, low: 0.2, high: 0.4 },
      false,
      'no-go: seeds that were held out rank below other users (AUC 0.300, between 0.200 and 0.400, where a random order has 0.5)',
    ],
  ])('of %o', (auc, go, reason) => {
    expect(verdictOf(auc)).toEqual({ go, reason });
  });

  it.each([
    [0.5, 0.8],
    [0.2, 0.5],
    [0.5, 0.5],
  ])('is no-go where chance is at an end of the interval: %d to %d', (low, high) => {
    expect(verdictOf({ value: (low + high) / 2, low, high }).go).toBe(false);
  });

  it('is no-go of one seed, wherever it stands, and of seeds in one tie', () => {
    for (const places of [Float64Array.of(1), new Float64Array(100).fill(0.5)])
      expect(verdictOf(aucWithInterval(places, seededRandom(1))).go).toBe(false);
  });
});
