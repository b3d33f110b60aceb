import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { furtherHits } from '#domain/evaluation/beta-binomial.ts';

const trial = fc
  .integer({ min: 1, max: 80 })
  .chain((people) => fc.record({ people: fc.constant(people), hits: fc.integer({ min: 0, max: people }) }));
const tail = fc.constantFrom(0.01, 0.05, 0.25);

describe('further hits', () => {
  // After two hits of two, P(2) = 2.5/3 · 3.5/4 = 0.729, P(1) = 2 · 2.5/3 · 0.5/4 = 0.208, P(0) = 0.5/3 · 1.5/4 = 0.0625.
  it.each([
    { leftOut: 0.05, low: 0, high: 2 },
    { leftOut: 0.07, low: 1, high: 2 },
    { leftOut: 0.28, low: 2, high: 2 },
  ])('are what a hand finds, with $leftOut left out on either side', ({ leftOut, low, high }) => {
    expect(furtherHits(2, 2, leftOut)).toEqual({ low, high });
  });

  test.prop([trial, tail])('are those of the distribution written out in full', ({ hits, people }, leftOut) => {
    const chances = naiveChances(hits, people);
    const sum = (from: number, to: number) => chances.slice(from, to).reduce((total, chance) => total + chance, 0);

    const { low, high } = furtherHits(hits, people, leftOut);

    expect(sum(0, low)).toBeLessThanOrEqual(leftOut + 1e-9);
    expect(sum(0, low + 1)).toBeGreaterThan(leftOut - 1e-9);
    expect(sum(high + 1, people + 1)).toBeLessThanOrEqual(leftOut + 1e-9);
    expect(sum(high, people + 1)).toBeGreaterThan(leftOut - 1e-9);
  });

  test.prop([trial])('include as many again', ({ hits, people }) => {
    const { low, high } = furtherHits(hits, people, 0.05);

    expect(low).toBeLessThanOrEqual(hits);
    expect(high).toBeGreaterThanOrEqual(hits);
  });

  test.prop([trial, tail])('are turned around when hits and misses are', ({ hits, people }, leftOut) => {
    const { low, high } = furtherHits(hits, people, leftOut);

    expect(furtherHits(people - hits, people, leftOut)).toEqual({ low: people - high, high: people - low });
  });

  test.prop([trial, tail])('grow with the hits', ({ hits, people }, leftOut) => {
    fc.pre(hits < people);

    const [fewer, more] = [furtherHits(hits, people, leftOut), furtherHits(hits + 1, people, leftOut)];
    expect(more.low).toBeGreaterThanOrEqual(fewer.low);
    expect(more.high).toBeGreaterThanOrEqual(fewer.high);
  });

  it('can be counted among many people', () => {
    const { low, high } = furtherHits(500_000, 1_000_000, 0.05);

    // Twice the variance of a binomial: ±1.645 · √(2 · 250,000).
    expect([low, high]).toEqual([500_000 - 1_163, 500_000 + 1_163]);
  });
});

/** Of 0 to all people: choose(m, x) · B(x + a, m − x + b) ÷ B(a, b), factor by factor. */
function naiveChances(hits: number, people: number): number[] {
  const [a, b] = [hits + 1 / 2, people - hits + 1 / 2];
  const rising = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => Math.log(from + i)).reduce((sum, log) => sum + log, 0);
  return Array.from({ length: people + 1 }, (_, x) =>
    Math.exp(rising(people - x + 1, x) - rising(1, x) + rising(a, x) + rising(b, people - x) - rising(a + b, people)),
  );
}
