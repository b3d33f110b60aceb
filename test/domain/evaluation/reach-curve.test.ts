import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { liftWithInterval, recallWithInterval } from '#domain/evaluation/intervals.ts';
import { reachCurve } from '#domain/evaluation/reach-curve.ts';
import { placesAmong } from '../held-out.ts';

const reach = fc.integer({ min: 1, max: 5_000 }).chain((candidateCount) =>
  fc.record({
    candidateCount: fc.constant(candidateCount),
    size: fc.integer({ min: 1, max: candidateCount }),
    places: placesAmong(candidateCount),
  }),
);

describe('the reach curve', () => {
  it('goes from one to everybody in even steps of the logarithm, through the size that was asked for', () => {
    const curve = reachCurve({ places: Float64Array.of(1, 0.5), candidateCount: 1_000_000, size: 12_345 });

    const sizes = curve.map(({ size }) => size);
    expect(sizes.slice(0, 6)).toEqual([1, 2, 3, 4, 6, 8]);
    expect(sizes.slice(-3)).toEqual([492_388, 701_704, 1_000_000]);
    expect(sizes).toContain(12_345);
    expect(sizes).toHaveLength(40);
  });

  it('is one point where there is one candidate', () => {
    const everybody = { value: 1, low: 1, high: 1 };

    expect(reachCurve({ places: Float64Array.of(0.5), candidateCount: 1, size: 1, scoreAt: () => 0.25 })).toEqual([
      { size: 1, share: 1, recall: everybody, lift: everybody, similarity: 0.25 },
    ]);
  });

  it('has the score of the last member, as far as scores are known', () => {
    const scores = [9, 8, 7, 6];

    const curve = reachCurve({
      places: Float64Array.of(1),
      candidateCount: 6,
      size: 4,
      scoreAt: (rank) => scores[rank - 1],
    });

    expect(curve.map(({ size, similarity }) => [size, similarity])).toEqual([
      [1, 9],
      [2, 8],
      [3, 7],
      [4, 6],
      [5, undefined],
      [6, undefined],
    ]);
  });

  test.prop([reach])('ascends, and gives at each size what its intervals say', (asked) => {
    const curve = reachCurve(asked);

    const sizes = curve.map(({ size }) => size);
    expect(sizes).toEqual([...new Set(sizes)].sort((left, right) => left - right));
    expect([sizes[0], sizes.at(-1)]).toEqual([1, asked.candidateCount]);
    expect(sizes).toContain(asked.size);
    expect(curve).toEqual(
      sizes.map((size) => ({
        size,
        share: size / asked.candidateCount,
        recall: recallWithInterval(asked.places, size / asked.candidateCount),
        lift: liftWithInterval(asked.places, size / asked.candidateCount),
        similarity: undefined,
      })),
    );
  });

  test.prop([reach])('never falls in recall, and ends at 1', (asked) => {
    const recalls = reachCurve(asked).map(({ recall }) => recall.value);

    expect(recalls).toEqual(recalls.toSorted((left, right) => left - right));
    expect(recalls.at(-1)).toBe(1);
  });
});
