import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { userAt } from '#domain/features/shard.ts';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { rarityOf, type Scaling, scaledScores, scaleRows } from '#domain/scoring/linear-model.ts';
import type { ScaledRows } from '#domain/scoring/logistic-regression.ts';
import { walkToFeatures } from '#domain/scoring/random-walk.ts';
import { anyUsers, shardOf, weightsByFeature } from '../populations.ts';

/** There are no more users in the populations. */
const anyMass = fc.array(fc.constantFrom(0, 0, 1, 1, 0.25), { minLength: 14, maxLength: 14 });
const anyScaling = fc.constantFrom<Scaling>('unit', 'idf-unit');

describe('a random walk', () => {
  it('gives each feature the share of mass among who have it and one user more', () => {
    // Of the five users the first two are seeds; the third counts half, as he has more else.
    const rows = rowsOf([[0], [0, 1], [0, 1], [1], []], [1, 1, 0.5, 1, 1]);

    const weights = walkToFeatures(rows, [1, 1, 0, 0, 0]);

    expect([...weights]).toEqual([2 / (1 + 2.5), 1 / (1 + 2.5), 0]);
  });

  it('counts a user by how much of a feature is his', () => {
    const rows = rowsOf(
      [
        [0, 1],
        [0, 1],
      ],
      [0.5, 0.25],
      [
        [2, 6],
        [8, 4],
      ],
    );

    expect([...walkToFeatures(rows, [1, 0])]).toEqual([1 / (1 + 1 + 2), 3 / (1 + 3 + 1), 0]);
  });

  it('takes a row that stands for several users as so many of them', () => {
    const [once, several] = [rowsOf([[0], [0, 1]], [1, 0.5]), rowsOf([[0], [0], [0], [0, 1]], [1, 1, 1, 0.5])];

    const weights = walkToFeatures(once, [1 / 3, 1], Float64Array.of(3, 1));

    expect([...weights]).toEqual(Array.from(walkToFeatures(several, [1, 0, 0, 1]), (w) => expect.closeTo(w, 12)));
  });

  test.prop([anyUsers, anyMass, anyScaling])('is what the matrices written out give', (users, mass, scaling) => {
    const shard = shardOf(users);
    const rows = scaleRows(shard.rows, scaling, rarityOf(shard));

    const weights = walkToFeatures(rows, mass);

    const dense = shard.ids.map((_, u) => {
      const amounts = weightsByFeature(userAt(shard, u));
      return shard.features.map((name) => rows.rowFactors[u] * (amounts.get(name) ?? 0));
    });
    const timesDense = (own: readonly number[]) =>
      shard.features.map((_, f) => dense.reduce((sum, row, u) => sum + row[f] * own[u], 0));
    const [reached, among] = [timesDense(mass), timesDense(mass.map(() => 1))];
    expect([...weights]).toEqual(reached.map((sum, f) => expect.closeTo(sum / (1 + among[f]), 9)));
  });

  test.prop([anyUsers, anyMass, anyScaling])(
    'always gives less than the largest mass, as the one user more has none',
    (users, mass, scaling) => {
      const shard = shardOf(users);

      const weights = walkToFeatures(scaleRows(shard.rows, scaling, rarityOf(shard)), mass);

      expect(weights.every((weight) => weight >= 0 && weight < 1)).toBe(true);
    },
  );

  test.prop([anyUsers, anyMass, fc.integer({ min: -40, max: 40 }), fc.nat(13), anyScaling])(
    'does not depend on how much there is of a user on the whole',
    (users, mass, exponent, one, scaling) => {
      const grown = users.map(({ id, features, weights }, u) => ({
        id,
        features,
        weights: features.map((_, f) => (weights?.[f] ?? 1) * (u === one ? 2 ** exponent : 1)),
      }));
      const [left, right] = [users, grown].map((all) => {
        const shard = shardOf(all);
        return walkToFeatures(scaleRows(shard.rows, scaling, rarityOf(shard)), mass);
      });

      expect([...left]).toEqual(Array.from(right, (weight) => expect.closeTo(weight, 9)));
    },
  );

  it('reaches in a second round who shares nothing with any seed', () => {
    // 0 and 1 share a feature, 1 and 2 another, 3 has one of his own.
    const rows = rowsOf([[0], [0, 1], [1], [2]], [1, 1, 1, 1]);

    const once = scaledScores(rows, walkToFeatures(rows, [1, 0, 0, 0]));
    const twice = scaledScores(rows, walkToFeatures(rows, once));

    // Features are worth 1/3 and 0 at first; then (1/3 + 1/3)/3 and (1/3 + 0)/3.
    expect([...once]).toEqual([1 / 3, 1 / 3, 0, 0].map((score) => expect.closeTo(score, 12)));
    expect([...twice]).toEqual([2 / 9, 3 / 9, 1 / 9, 0].map((score) => expect.closeTo(score, 12)));
  });

  it.each<[string, number[][], number[]]>([
    ['nobody', [], []],
    ['users of nothing', [[], []], [1, 1]],
    ['users who count for nothing', [[0, 1, 2], [0]], [0, 0]],
  ])('takes %s', (_, has, rowFactors) => {
    expect([
      ...walkToFeatures(
        rowsOf(has, rowFactors),
        has.map(() => 1),
      ),
    ]).toEqual([0, 0, 0]);
  });
});

function rowsOf(has: number[][], rowFactors: number[], amounts?: number[][]): ScaledRows {
  return {
    matrix: matrixOf(has, 3, amounts),
    rowFactors: Float64Array.from(rowFactors),
    columnFactors: Float64Array.of(1, 1, 1),
  };
}
