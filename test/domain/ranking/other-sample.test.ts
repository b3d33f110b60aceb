import { describe, expect, it } from 'vitest';
import { countsAmong, countsForAll, drawOthers } from '#domain/ranking/other-sample.ts';
import type { TrainingSet } from '#domain/ranking/training-set.ts';
import { crowdOf, trainingSetFor } from '../populations.ts';

const SET = trainingSetFor(crowdOf(100, 3000, 1));

describe('a sample of the others', () => {
  it('is none where all have no more features than may be looked at', () => {
    const entries = entriesOf(SET, (row) => SET.isSeed[row] === 0);

    expect(drawOthers(SET, entries)).toBeUndefined();
    expect(drawOthers(SET, entries - 1)).toBeDefined();
    expect(drawOthers(trainingSetFor(crowdOf(5, 5, 1)), 1)).toBeUndefined();
  });

  it('has about so many features', () => {
    const some = drawn(1_500);

    const entries = entriesOf(SET, (row) => SET.isSeed[row] === 0 && some[row] === 1);

    expect(entries).toBeGreaterThan(1_300);
    expect(entries).toBeLessThan(1_700);
  });

  it('is of the same users for any cut into shards', () => {
    const cut = trainingSetFor(crowdOf(100, 3000, 1), 4);

    expect(drawOthers(cut, 1_500)).toEqual(drawn(1_500));
  });

  it('counts among seeds as it is, or for all others', () => {
    const some = drawn(1_500);

    const [among, forAll] = [countsAmong(SET, some), countsForAll(SET, some)];

    const one = forAll.find((count) => count > 1) ?? 0;
    SET.isSeed.forEach((seed, row) => {
      const isIn = seed === 1 || some[row] === 1;
      expect(among[row]).toBe(isIn ? 1 : 0);
      expect(forAll[row]).toBe(seed === 1 ? 1 : isIn ? one : 0);
    });
    expect(forAll.reduce((sum, count) => sum + count, 0)).toBeCloseTo(3000, 6);
  });
});

function drawn(mostEntries: number): Uint8Array {
  const some = drawOthers(SET, mostEntries);
  if (!some) throw new Error('expected a sample, got everybody');
  return some;
}

function entriesOf({ shard: { rows } }: TrainingSet, isMeant: (row: number) => boolean): number {
  return Array.from(SET.isSeed.keys())
    .filter(isMeant)
    .reduce((sum, row) => sum + rows.offsets[row + 1] - rows.offsets[row], 0);
}
