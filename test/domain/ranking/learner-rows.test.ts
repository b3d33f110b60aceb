import { describe, expect, it } from 'vitest';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { hashText } from '#domain/random.ts';
import { learnerRows } from '#domain/ranking/learner-rows.ts';
import type { TrainingSet } from '#domain/ranking/training-set.ts';

/** As many others as are all looked at. */
const MOST = 20_000;

describe('rows of a learner of second order', () => {
  it('are all of them as long as they are few', () => {
    expect(learnerRows(setOf(50, MOST), 1)).toHaveLength(50 + MOST);
  });

  it('are all seeds, and of many others those whose ids hash lowest', () => {
    const set = setOf(50, MOST + 500);

    const rows = learnerRows(set, 1);

    const drawn = new Set(rows);
    const others = [...set.isSeed.keys()].filter((row) => set.isSeed[row] === 0);
    const hashesOf = (isDrawn: boolean) =>
      others.filter((row) => drawn.has(row) === isDrawn).map((row) => hashText(set.shard.ids[row], 1));
    const highest = hashesOf(true).reduce((most, hash) => Math.max(most, hash));
    expect([...set.isSeed.keys()].every((row) => set.isSeed[row] === 0 || drawn.has(row))).toBe(true);
    expect(rows).toHaveLength(50 + MOST);
    expect(hashesOf(false).every((hash) => hash > highest)).toBe(true);
    expect(rows).toEqual(rows.toSorted());
  });

  it('are others for another seed', () => {
    const set = setOf(5, MOST + 500);

    expect(learnerRows(set, 2)).not.toEqual(learnerRows(set, 1));
  });
});

function setOf(seedCount: number, otherCount: number): TrainingSet {
  const ids = Array.from({ length: seedCount + otherCount }, (_, u) => `u${u}`);
  const rows = matrixOf(
    ids.map(() => []),
    0,
  );
  const isSeed = Uint8Array.from(ids, (_, u) => (u < seedCount ? 1 : 0));
  return { shard: { ids, features: [], rows }, isSeed, isExposed: new Uint8Array(ids.length) };
}
