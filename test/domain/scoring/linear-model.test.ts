import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Shard, type User, userAt } from '#domain/features/shard.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import {
  type LinearModel,
  linearModelOf,
  linearModelParts,
  linearModelScores,
  rarityOf,
  SCALINGS,
  type Scaling,
  scaledScores,
  scaleRows,
} from '#domain/scoring/linear-model.ts';
import { anyUsers, shardOf, shardsOf, weightsByFeature } from '../populations.ts';

const shard = shardOf([
  { id: 'u1', features: ['a', 'b'], weights: [3, 4] },
  { id: 'u2', features: ['a'], weights: [1] },
  { id: 'u3', features: [] },
  { id: 'u4', features: ['a', 'c'], weights: [1, 2] },
]);
/** There are no more features in the populations. */
const anyWeights = fc
  .array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 8, maxLength: 8 })
  .map((weights) => Float64Array.from(weights));
const anyScaling = fc.constantFrom(...SCALINGS);

describe('rarity', () => {
  it('is the logarithm of how few have a feature, whatever they have of it', () => {
    const { idf, unseen } = rarityOf(shard);

    expect(idf).toEqual({
      features: ['a', 'b', 'c'],
      values: Float64Array.of(Math.log(5 / 4), Math.log(5 / 2), Math.log(5 / 2)),
    });
    expect(unseen).toBeCloseTo(Math.log(5), 12);
  });

  test.prop([anyUsers])('is nothing for what everybody has, and highest for what nobody had', (users) => {
    const { idf, unseen } = rarityOf(shardOf(users.map((user) => ({ ...user, features: ['all'], weights: [1] }))));

    expect([...idf.values]).toEqual([0]);
    expect(unseen).toBeGreaterThanOrEqual(Math.max(...rarityOf(shardOf(users)).idf.values));
  });
});

describe('scaled rows', () => {
  const [common, rare] = [Math.log(5 / 4), Math.log(5 / 2)];
  // The root mean square of a's weights 3, 1 and 1 is √(11/3).
  it.each<[Scaling, number[], number[]]>([
    ['none', [Math.sqrt(3 / 11), 1 / 4, 1 / 2], [1, 1, 1, 1]],
    ['unit', [1, 1, 1], [1 / 5, 1, 0, 1 / Math.sqrt(5)]],
    [
      'idf-unit',
      [common, rare, rare],
      [1 / Math.hypot(3 * common, 4 * rare), 1 / common, 0, 1 / Math.hypot(common, 2 * rare)],
    ],
  ])('by %s are what a hand computes', (scaling, columnFactors, rowFactors) => {
    const scaled = scaleRows(shard.rows, scaling, rarityOf(shard));

    expect(scaled.matrix).toBe(shard.rows);
    expectClose(scaled.columnFactors, columnFactors);
    expectClose(scaled.rowFactors, rowFactors);
  });

  it('take a column that nobody has as it is', () => {
    const rows = { ...shard.rows, columnCount: 4 };
    const idf = { features: ['a', 'b', 'c', 'd'], values: new Float64Array(4) };

    expect(scaleRows(rows, 'none', { idf, unseen: 0 }).columnFactors[3]).toBe(1);
  });

  test.prop([anyUsers, fc.constantFrom('unit', 'idf-unit')])(
    'by %s have length 1, or 0 where nothing of a user tells him from others',
    (users, scaling) => {
      const own = shardOf(users);
      const rarity = rarityOf(own);

      denseRows(own, scaling, rarity).forEach((row, u) => {
        const says = [...weightsByFeature(userAt(own, u)).keys()].filter(
          (name) => scaling === 'unit' || rarity.idf.values[own.features.indexOf(name)] > 0,
        );
        expect(Math.hypot(...row)).toBeCloseTo(says.length > 0 ? 1 : 0, 9);
      });
    },
  );

  test.prop([anyUsers, fc.integer({ min: -60, max: 60 }), fc.constantFrom('age:18', 'job')])(
    'by none do not depend on the unit in which a column is measured',
    (users, exponent, name) => {
      const grown = users.map((user) => timesWeights(user, (own) => (own === name ? 2 ** exponent : 1)));

      expectSameRows('none', grown, users);
    },
  );

  test.prop([anyUsers, fc.integer({ min: -60, max: 60 }), fc.constantFrom('unit', 'idf-unit')])(
    'by length do not depend on how much there is of a user on the whole',
    (users, exponent, scaling) => {
      const grown = users.map((user, u) => timesWeights(user, () => (u % 2 ? 1 : 2 ** exponent)));

      expectSameRows(scaling, grown, users);
    },
  );
});

describe('a linear model', () => {
  test.prop([anyUsers, anyWeights, anyScaling])(
    'gives the rows it was fitted on the scores that were fitted',
    (users, weights, scaling) => {
      const own = shardOf(users);
      const { model, rows } = modelOf(own, weights, scaling);

      const fitted = scaledScores(rows, weights);

      expectClose(linearModelScores(model, own, everyRow(own)), fitted, 1e-5);
      denseRows(own, scaling, model.rarity).forEach((row, u) => {
        expect(fitted[u]).toBeCloseTo(
          row.reduce((sum, x, f) => sum + x * weights[f], 0),
          9,
        );
      });
    },
  );

  test.prop([anyUsers, anyUsers, anyWeights, anyScaling])(
    'scores others by what it knows of them, and counts what nobody had as rarest in their length',
    (fitted, users, weights, scaling) => {
      const { model } = modelOf(shardOf(fitted), weights, scaling);
      const own = shardOf(
        users.map((user) => ({ ...user, features: user.features.map((f) => (f === 'job' ? 'new' : f)) })),
      );

      const scores = linearModelScores(model, own, everyRow(own));

      expectClose(
        scores,
        own.ids.map((_, u) => naiveScore(model, userAt(own, u))),
        1e-5,
      );
    },
  );

  test.prop([anyUsers, anyUsers, anyWeights, anyScaling])(
    'gives the same scores, to the last bit, in any cut into shards and any order of rows',
    (fitted, users, weights, scaling) => {
      const { model } = modelOf(shardOf(fitted), weights, scaling);
      const scoresIn = (shards: readonly Shard[], turn: (rows: Uint32Array) => Uint32Array) =>
        new Map(
          shards.flatMap((part) => {
            const rows = turn(everyRow(part));
            const scores = linearModelScores(model, part, rows);
            return Array.from(rows, (row, n) => [part.ids[row], scores[n]] as const);
          }),
        );

      const whole = scoresIn([shardOf(users)], (rows) => rows);

      expect(scoresIn(shardsOf(users, 3), (rows) => rows.toReversed())).toEqual(whole);
    },
  );

  test.prop([anyUsers, anyUsers, anyWeights, anyScaling])(
    'says of each score which features it is made of',
    (fitted, users, weights, scaling) => {
      const { model } = modelOf(shardOf(fitted), weights, scaling);
      const own = shardOf(users);

      linearModelScores(model, own, everyRow(own)).forEach((score, row) => {
        const parts = linearModelParts(model, own, row);
        expect(parts.reduce((sum, [, amount]) => sum + amount, 0)).toBeCloseTo(score, 3);
        expect(parts.map(([column]) => own.features[column])).toEqual(userAt(own, row).features);
      });
    },
  );

  it('credits a feature with its weight, as large as it is in the user', () => {
    const { model } = modelOf(shard, Float64Array.of(10, -5, 7), 'unit');

    expect(linearModelParts(model, shard, 0)).toEqual([
      [0, expect.closeTo(10 * 0.6, 12)],
      [1, expect.closeTo(-5 * 0.8, 12)],
    ]);
  });

  it.each(SCALINGS)('by %s bears the largest weights there are', (scaling) => {
    const small = shardOf(
      ['u1', 'u2'].map((id, u) => ({ id, features: ['a', 'b', 'c'].slice(u), weights: [1e-30, 1e-30, 1].slice(u) })),
    );
    const { model } = modelOf(small, Float64Array.of(9, -9, 1), scaling);
    const large = shardOf([
      { id: 'v1', features: ['a'], weights: [3e38] },
      { id: 'v2', features: ['b'], weights: [3e38] },
      { id: 'v3', features: ['a', 'b', 'c', 'new'], weights: [3e38, 3e38, 3e38, 3e38] },
    ]);

    const scores = linearModelScores(model, large, everyRow(large));

    expect([...scores].every(Number.isFinite)).toBe(true);
    // Everybody the model was fitted on has b, which is no rarity.
    expect([...scores.subarray(0, 2)].map(Math.sign)).toEqual([1, scaling === 'idf-unit' ? 0 : -1]);
  });
});

function everyRow({ rows }: Shard): Uint32Array {
  return Uint32Array.from({ length: rowCountOf(rows) }, (_, row) => row);
}

function modelOf(own: Shard, weights: Float64Array, scaling: Scaling) {
  const rarity = rarityOf(own);
  const rows = scaleRows(own.rows, scaling, rarity);
  return { rows, model: linearModelOf(weights, scaling, rows, rarity) };
}

function denseRows(own: Shard, scaling: Scaling, rarity: ReturnType<typeof rarityOf>): number[][] {
  const { rowFactors, columnFactors } = scaleRows(own.rows, scaling, rarity);
  return own.ids.map((_, u) => {
    const weights = weightsByFeature(userAt(own, u));
    return own.features.map((name, f) => rowFactors[u] * columnFactors[f] * (weights.get(name) ?? 0));
  });
}

function timesWeights(user: User, factorOf: (feature: string) => number): User {
  const { id, features, weights } = user;
  return { id, features, weights: features.map((name, f) => (weights?.[f] ?? 1) * factorOf(name)) };
}

function expectSameRows(scaling: Scaling, left: readonly User[], right: readonly User[]) {
  const [actual, expected] = [left, right].map((users) => denseRows(shardOf(users), scaling, rarityOf(shardOf(users))));
  actual.forEach((row, u) => {
    expectClose(row, expected[u]);
  });
}

/** By the names of what a user has, and of what the model knows. */
function naiveScore({ scaling, weights, rarity: { idf, unseen } }: LinearModel, user: User): number {
  const own = [...weightsByFeature(user)].map(([name, amount]) => {
    const [known, f] = [idf.features.includes(name), idf.features.indexOf(name)];
    const rarity = scaling === 'idf-unit' ? (known ? idf.values[f] : unseen) : 1;
    return { amount, scaled: rarity * amount, weight: known ? weights.values[f] : 0 };
  });
  const length = scaling === 'none' ? 1 : Math.hypot(...own.map(({ scaled }) => scaled));
  return length === 0 ? 0 : own.reduce((sum, { amount, weight }) => sum + weight * amount, 0) / length;
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, within = 1e-9) {
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i])).toBeLessThan(within * Math.max(1, Math.abs(expected[i])));
  }
}
