import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type BlendTrees, blendTreeParts, blendTreeScores, fitBlendTrees } from '#domain/ranking/blend-trees.ts';
import type { TrainingSet } from '#domain/ranking/training-set.ts';
import { treeScores } from '#domain/scoring/boosted-trees.ts';
import { crowdOf, populationOf, shardOf, trainingSetFor } from '../populations.ts';

const someCrowd = fc.nat(99).map((seed) => trainingSetFor(crowdOf(60, 240, seed)));

describe('trees of a blend', () => {
  test.prop([someCrowd])('explain a score by parts that sum to it, of columns that the user has', (set) => {
    const { trees, numbers } = grown(set);
    const rows = everyRow(set);

    const scores = blendTreeScores(trees, set.shard, rows, numbers);

    const { offsets, columns } = set.shard.rows;
    scores.forEach((score, row) => {
      const one = numbers.map((column) => column.slice(row, row + 1));
      const parts = blendTreeParts(trees, set.shard, row, one);
      const sum = [...parts.columns.map(([, amount]) => amount), ...parts.numbers].reduce((total, x) => total + x, 0);
      expect(sum).toBeCloseTo(score, 5);
      expect(parts.numbers).toHaveLength(numbers.length + 1);
      const own = new Set(columns.subarray(offsets[row], offsets[row + 1]));
      expect(parts.columns.every(([column]) => own.has(column))).toBe(true);
    });
    expect(new Set(scores).size).toBeGreaterThan(1);
  });

  it('count what a user has not with how much is known of him or her', () => {
    const { set, trees } = marked();

    const [marks, none] = ['seed 0', 'user 100'].map((id) =>
      blendTreeParts(trees, set.shard, set.shard.ids.indexOf(id), []),
    );

    expect(marks.columns).toEqual([[set.shard.features.indexOf('mark'), expect.closeTo(scoreOf('seed 0'), 6)]]);
    expect([...marks.numbers]).toEqual([0]);
    expect(none.columns).toEqual([]);
    expect([...none.numbers]).toEqual([expect.closeTo(scoreOf('user 100'), 6)]);
    expect(scoreOf('seed 0')).toBeGreaterThan(0);
    expect(scoreOf('user 100')).toBeLessThan(0);
  });

  it('score the users of a shard that has other columns', () => {
    const { trees } = marked();
    const other = shardOf([
      { id: 'a', features: ['another', 'mark'] },
      { id: 'b', features: ['another', 'zero'] },
      { id: 'c', features: [] },
    ]);

    const [a, b] = blendTreeScores(trees, other, Uint32Array.of(0, 1, 2), []);

    expect(a).toBeCloseTo(scoreOf('seed 0'), 6);
    expect(b).toBeCloseTo(scoreOf('user 100'), 6);
  });

  it('ask for features that some users have, the most frequent where there are many, in the order of names', () => {
    const users = Array.from({ length: 1000 }, (_, u) => ({
      id: `${u < 100 ? 'seed' : 'user'} ${u}`,
      features: [
        ...(u === 0 ? ['once'] : []),
        ...Array.from({ length: 300 }, (__, f) => f).flatMap((f) => (u >= 2 * f ? `f${1000 - f}` : [])),
      ],
    }));
    const set = trainingSetFor(populationOf(users));

    const { features } = fitBlendTrees(set.shard, [], everyRow(set), set.isSeed);

    expect(features).toHaveLength(200);
    expect(features).not.toContain('once');
    expect(features).toEqual(Array.from({ length: 200 }, (_, f) => `f${1000 - f}`).toSorted());
  });

  it('learn of the given rows alone', () => {
    const { set } = marked();
    const rows = everyRow(set).filter((row) => set.isSeed[row] === 0);

    const { trees } = fitBlendTrees(set.shard, [], rows, set.isSeed);

    expect(trees.roots).toHaveLength(0);
  });
});

/** 50 seeds who have a mark, among 200 who have not, and all of them two features. */
function marked(): { set: TrainingSet; trees: BlendTrees } {
  const users = Array.from({ length: 250 }, (_, u) => ({
    id: `${u < 50 ? 'seed' : 'user'} ${u}`,
    features: ['zero', u < 50 ? 'mark' : `f${u}`],
  }));
  const set = trainingSetFor(populationOf(users));
  return { set, trees: fitBlendTrees(set.shard, [], everyRow(set), set.isSeed) };
}

/** By the trees as they are, which ask for the mark alone. */
function scoreOf(id: string): number {
  const { set, trees } = marked();
  const isMarked = id.startsWith('seed');
  const place = trees.features.indexOf('mark');
  const presence = {
    columnCount: trees.features.length,
    offsets: Uint32Array.of(0, isMarked ? 1 : 0),
    columns: isMarked ? Uint32Array.of(place) : new Uint32Array(0),
  };
  expect(set.shard.ids).toContain(id);
  return treeScores(trees.trees, { presence, numbers: [Float32Array.of(Math.log1p(2))] })[0];
}

/** Two scores that tell a little, and their trees. */
function grown(set: TrainingSet): { trees: BlendTrees; numbers: Float32Array[] } {
  const numbers = [3, 7].map((step) =>
    Float32Array.from(set.isSeed, (seed, row) => ((row * step) % 11) + seed * (step - 2)),
  );
  return { trees: fitBlendTrees(set.shard, numbers, everyRow(set), set.isSeed), numbers };
}

function everyRow({ isSeed }: TrainingSet): Uint32Array {
  return Uint32Array.from(isSeed.keys());
}
