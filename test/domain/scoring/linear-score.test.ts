import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Shard, userAt } from '#domain/features/shard.ts';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { finiteInPlace, linearParts, linearScores } from '#domain/scoring/linear-score.ts';
import { anyUsers, shardOf, weightsByFeature } from '../populations.ts';

const columnWeight = fc.double({ min: -1e3, max: 1e3, noNaN: true });
const scored = fc.tuple(anyUsers.map(shardOf), fc.array(columnWeight, { minLength: 8, maxLength: 8 }));
const everyRow = ({ ids }: Shard) => Uint32Array.from(ids, (_, row) => row);

describe('linear score', () => {
  it('sums the weights of what a user has, as often as he has it', () => {
    const binary = matrixOf([[0, 2], [], [1]], 3);
    const weighted = matrixOf([[0, 2], [], [1]], 3, [[2, 0.5], [], [3]]);
    const columnWeights = Float64Array.of(1, 10, 100);

    expect([...linearScores(binary, columnWeights, Uint32Array.of(0, 1, 2))]).toEqual([101, 0, 10]);
    expect([...linearScores(weighted, columnWeights, Uint32Array.of(2, 0))]).toEqual([30, 52]);
    expect(linearParts(weighted, columnWeights, 0)).toEqual([
      [0, 2],
      [2, 50],
    ]);
  });

  test.prop([scored])('is the dot product of user and weights', ([shard, list]) => {
    const columnWeights = Float64Array.from(list);

    const scores = linearScores(shard.rows, columnWeights, everyRow(shard));

    const products = shard.ids.map((_, u) =>
      [...weightsByFeature(userAt(shard, u))].map(([name, weight]) => weight * list[shard.features.indexOf(name)]),
    );
    expect([...scores]).toEqual(products.map((row) => Math.fround(row.reduce((sum, product) => sum + product, 0))));
  });

  test.prop([scored])('is the sum of its parts', ([shard, list]) => {
    const columnWeights = Float64Array.from(list);

    const scores = linearScores(shard.rows, columnWeights, everyRow(shard));

    scores.forEach((score, row) => {
      const parts = linearParts(shard.rows, columnWeights, row);
      expect(Math.fround(parts.reduce((sum, [, amount]) => sum + amount, 0))).toBe(score);
    });
  });
});

describe('scores', () => {
  it('beyond what float32 holds are the most that it holds; no number stays none', () => {
    const [largest] = new Float32Array(Uint32Array.of(0x7f7fffff).buffer);

    const scores = finiteInPlace(Float32Array.of(1e40, -1e40, 0.5, -0, Number.NaN));

    expect([...scores]).toEqual([largest, -largest, 0.5, -0, Number.NaN]);
  });
});
