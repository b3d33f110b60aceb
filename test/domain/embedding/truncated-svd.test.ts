import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '#domain/embedding/symmetric-eigen.ts';
import { embedUsers, featureParts, fitTruncatedSvd, inverseFrequencies } from '#domain/embedding/truncated-svd.ts';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import { type Shard, type User, userAt } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { anyUsers, shardOf, shardsOf, weightsByFeature } from '../populations.ts';

/** Kinds of users with tastes that overlap: a spectrum that falls, as real ones do. */
const crowd = crowdOf(300, 40, 8);

describe('truncated SVD', () => {
  it('is what a hand computes', () => {
    // Two in three have a, one in three b: idf ln(4/3) and ln(4/2), unit rows (1,0), (1,0) and (0,1), so a leads.
    const shard = shardOf([
      { id: 'u1', features: ['a'] },
      { id: 'u2', features: ['a'] },
      { id: 'u3', features: ['b'] },
    ]);

    const model = fitTruncatedSvd(shard, 64, 1);

    expect(model.dimensions).toBe(1);
    expect(model.idf).toEqual({ features: ['a', 'b'], values: Float64Array.of(Math.log(4 / 3), Math.log(2)) });
    expect(model.loadings[0]).toBeCloseTo(1, 12);
    expect(model.loadings[1]).toBeCloseTo(0, 12);
  });

  it.each([
    { features: 1, wanted: 64, dimensions: 1 },
    { features: 9, wanted: 64, dimensions: 4 },
    { features: 9, wanted: 3, dimensions: 3 },
    { features: 200, wanted: 64, dimensions: 64 },
  ])('has half as many dimensions as features, or $wanted: $dimensions of $features', (expected) => {
    const users = Array.from({ length: expected.features }, (_, f) => ({ id: `u${f}`, features: [`f:${f}`] }));

    const model = fitTruncatedSvd(
      shardOf([...users, ...users.map((user) => ({ ...user, id: `${user.id}b` }))]),
      expected.wanted,
      1,
    );

    expect(model.dimensions).toBe(expected.dimensions);
    expect(model.loadings).toHaveLength(expected.features * expected.dimensions);
  });

  test.prop([anyUsers, fc.nat(99)])('spans what the whole eigen-decomposition says, to 10⁻⁶', (users, seed) => {
    expectLeading(shardOf(users), fitTruncatedSvd(shardOf(users), 64, seed));
  });

  it.each([1, 2, 3])('spans as much of a crowd, whatever the start (%i)', (seed) => {
    expectLeading(crowd, fitTruncatedSvd(crowd, 64, seed));
  });

  it('comes near it in five steps where there are too many features for a dense matrix', () => {
    const shard = crowdOf(150, 600, 6);
    const { dimensions: D, loadings } = fitTruncatedSvd(shard, 8, 1);

    const rows = unitRows(shard);
    // The eigenvalues of AAᵀ are those of AᵀA.
    const { values } = symmetricEigen(productsOf(rows), rows.length);
    expectOrthonormal(loadings, D, D);
    for (let d = 0; d < D; d++) {
      const captured = squaresOf(rows.map((row) => dot(row, columnOf(loadings, D, d))));
      expect(captured).toBeGreaterThan(values[d] * 0.97);
      expect(captured).toBeLessThan(values[d] * (1 + 1e-9));
    }
  });

  it('has orthonormal directions, and no more of them than users, where features are many and users few', () => {
    const users = Array.from({ length: 5 }, (_, u) => ({
      id: `u${u}`,
      features: Array.from({ length: 120 }, (__, f) => `f:${100 * u + f}`),
    }));

    const { dimensions: D, loadings } = fitTruncatedSvd(shardOf(users), 8, 1);

    expectOrthonormal(loadings, D, 5);
  });

  test.prop([anyUsers, fc.nat(99)])('gives the same model for the same seed', (users, seed) => {
    expect(fitTruncatedSvd(shardOf(users), 64, seed)).toEqual(fitTruncatedSvd(shardOf(users), 64, seed));
  });

  test.prop([anyUsers])('ignores the order of the users', (users) => {
    expect(fitTruncatedSvd(shardOf(users.toReversed()), 64, 1)).toEqual(fitTruncatedSvd(shardOf(users), 64, 1));
  });

  it('has the largest entry of each direction positive', () => {
    const { dimensions: D, loadings } = fitTruncatedSvd(crowd, 64, 1);

    for (let d = 0; d < D; d++) {
      const column = columnOf(loadings, D, d);
      expect(Math.max(...column)).toBe(Math.max(...column.map(Math.abs)));
    }
  });

  it.each([
    ['are all alike', Array.from({ length: 9 }, (_, u) => ({ id: `u${u}`, features: ['a', 'b', 'c'] }))],
    ['are one', [{ id: 'u', features: ['a', 'b', 'c'], weights: [1, 2, 3] }]],
    [
      'have one feature',
      [
        { id: 'u1', features: ['a'] },
        { id: 'u2', features: [] },
      ],
    ],
    [
      'have one feature, all of them',
      [
        { id: 'u1', features: ['a'] },
        { id: 'u2', features: ['a'], weights: [2] },
      ],
    ],
    [
      'have no features',
      [
        { id: 'u1', features: [] },
        { id: 'u2', features: [] },
      ],
    ],
    ['are nobody', []],
  ] satisfies [string, User[]][])('takes users who %s', (_, users) => {
    const shard = shardOf(users);

    const model = fitTruncatedSvd(shard, 64, 1);

    expect([...model.loadings, ...model.idf.values].every(Number.isFinite)).toBe(true);
    expectUnitOrZero(shard, model);
  });
});

describe('users as points', () => {
  test.prop([anyUsers])('are their unit rows projected, of unit length, or nowhere', (users) => {
    const shard = shardOf(users);
    const model = fitTruncatedSvd(shard, 64, 1);

    const { vectors, lengths, dimensions: D } = embedUsers(shard, model);

    expectUnitOrZero(shard, model);
    idfRows(shard).forEach((row, u) => {
      const projected = Array.from({ length: D }, (_, d) => dot(row, columnOf(model.loadings, D, d)));
      const length = Math.sqrt(squaresOf(projected));
      const isSomewhere = length > 1e-6 * Math.sqrt(squaresOf(row));
      expect(lengths[u]).toBeCloseTo(isSomewhere ? length : 0, 5);
      for (let d = 0; d < D; d++) {
        expect(vectors[u * D + d]).toBeCloseTo(isSomewhere ? projected[d] / length : 0, 6);
      }
    });
  });

  test.prop([anyUsers, anyUsers, fc.integer({ min: 2, max: 5 })])(
    'are the same, to the last bit, in any cut into shards',
    (fitted, users, count) => {
      const model = fitTruncatedSvd(shardOf(fitted), 64, 1);
      const whole = pointsById([shardOf(users)], model);

      expect(pointsById(shardsOf(users, count), model)).toEqual(whole);
    },
  );

  it('are nowhere if nothing of them lies along the directions that are kept', () => {
    const likes = (feature: string, count: number) =>
      Array.from({ length: count }, (_, u) => ({ id: `${feature}${u}`, features: [feature] }));
    const shard = shardOf([...likes('a', 10), ...likes('b', 8), ...likes('c', 1), ...likes('d', 2)]);

    const points = pointsById([shard], fitTruncatedSvd(shard, 64, 1));

    expect([points.get('a0'), points.get('c0'), points.get('d1')]).toEqual([
      [expect.closeTo(1, 6), expect.closeTo(0, 6)],
      [0, 0],
      [0, 0],
    ]);
  });

  it('do not see features that the model never saw', () => {
    const model = fitTruncatedSvd(crowd, 64, 1);
    const user = userAt(crowd, 0);

    const points = pointsById(
      [
        shardOf([
          user,
          { id: 'more', features: [...user.features, 'new:1', '~'] },
          { id: 'other', features: ['new:2'] },
        ]),
      ],
      model,
    );

    expect(points.get('more')).toEqual(points.get(user.id));
    expect(new Set(points.get('other'))).toEqual(new Set([0]));
  });

  test.prop([fc.double({ min: 1e-9, max: 1e9, noNaN: true })])(
    'do not move if all their weights grow alike',
    (factor) => {
      const model = fitTruncatedSvd(crowd, 64, 1);
      const features = userAt(crowd, 3).features;
      const weightsTimes = (by: number) => features.map((_, f) => by * (1 + f));

      const points = pointsById(
        [
          shardOf([
            { id: 'u', features, weights: weightsTimes(1) },
            { id: 'v', features, weights: weightsTimes(factor) },
          ]),
        ],
        model,
      );

      points.get('u')?.forEach((x, d) => {
        expect(points.get('v')?.[d]).toBeCloseTo(x, 6);
      });
    },
  );
});

describe('what features add to a point', () => {
  /** Loadings that are the axes: points are the users' own unit rows. */
  const axes = {
    dimensions: 2,
    idf: { features: ['x', 'y'], values: Float64Array.of(1, 2) },
    loadings: Float64Array.of(1, 0, 0, 1),
  };

  it('is what a hand computes', () => {
    // 4 of x and 1.5 of y count 4 and 3: a point at (.8, .6).
    const shard = shardOf([{ id: 'u', features: ['other', 'x', 'y'], weights: [9, 4, 1.5] }]);

    expect(featureParts(shard, axes, Float64Array.of(10, -1), 0)).toEqual([
      [1, expect.closeTo(8, 12)],
      [2, expect.closeTo(-0.6, 12)],
    ]);
  });

  test.prop([anyUsers])('sums along each axis to the coordinate', (users) => {
    const shard = shardOf(users);
    const model = fitTruncatedSvd(shard, 64, 1);
    const { vectors, dimensions: D } = embedUsers(shard, model);

    for (let row = 0; row < shard.ids.length; row++) {
      for (let d = 0; d < D; d++) {
        const parts = featureParts(shard, model, new Float64Array(D).fill(1, d, d + 1), row);
        expect(parts.reduce((sum, [, amount]) => sum + amount, 0)).toBeCloseTo(vectors[row * D + d], 6);
      }
    }
  });

  it('is nothing for a user who lies nowhere, though rounding leaves him a little', () => {
    const shard = shardOf([{ id: 'u', features: ['x', 'y'] }]);
    const flat = { ...axes, loadings: Float64Array.of(1e-9, 0, 0, 0) };

    expect([...embedUsers(shard, flat).vectors]).toEqual([0, 0]);
    expect(featureParts(shard, flat, Float64Array.of(1, 1), 0)).toEqual([]);
  });
});

describe('inverse frequencies', () => {
  it('are less the more have a feature, and nothing if all have it', () => {
    const rows = shardOf([
      { id: 'u1', features: ['a', 'b'], weights: [5, 0.1] },
      { id: 'u2', features: ['a'] },
      { id: 'u3', features: ['a'] },
    ]).rows;

    expect(inverseFrequencies(rows)).toEqual(Float64Array.of(0, Math.log(4 / 2)));
  });
});

/** Users of some kinds, each with features near those of his kind and a few of anybody's. */
function crowdOf(userCount: number, featureCount: number, kinds: number): Shard {
  const random = seededRandom(64);
  return shardOf(
    Array.from({ length: userCount }, (_, u) => {
      const start = ((u % kinds) * featureCount) / kinds;
      const own = Array.from({ length: 8 }, () => start + (featureCount * random() ** 2) / kinds);
      const others = Array.from({ length: 2 }, () => featureCount * random());
      const features = new Set([...own, ...others].map((f) => `f:${Math.floor(f)}`));
      return { id: `u${u}`, features: [...features] };
    }),
  );
}

/** The idf-weighted rows, written out in full. */
function idfRows(shard: Shard): number[][] {
  const users = shard.ids.map((_, u) => weightsByFeature(userAt(shard, u)));
  const frequencies = shard.features.map((name) => users.filter((own) => own.has(name)).length);
  const idf = frequencies.map((df) => Math.log((users.length + 1) / (df + 1)));
  return users.map((own) => shard.features.map((name, f) => idf[f] * (own.get(name) ?? 0)));
}

/** The same, each of unit length. */
function unitRows(shard: Shard): number[][] {
  return idfRows(shard).map((row) => {
    const norm = Math.sqrt(squaresOf(row));
    return row.map((x) => (norm > 0 ? x / norm : 0));
  });
}

/** The dot products of each with each. */
function productsOf(vectors: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(vectors.flatMap((left) => vectors.map((right) => dot(left, right))));
}

/**
 * The loadings are leading eigenvectors of AᵀA: orthonormal where AᵀA is not zero, with the eigenvalues' stretch; and where
 * the next eigenvalue is well below, the directions span the same space.
 */
function expectLeading(shard: Shard, { dimensions: D, loadings }: EmbeddingModel): void {
  const F = shard.features.length;
  if (F === 0) return;
  const rows = unitRows(shard);
  const { values, vectors } = symmetricEigen(
    productsOf(Array.from({ length: F }, (_, f) => rows.map((row) => row[f]))),
    F,
  );
  const rank = values.filter((value) => value > 1e-9).length;
  for (let d = 0; d < D; d++) {
    const captured = squaresOf(rows.map((row) => dot(row, columnOf(loadings, D, d))));
    expect(Math.abs(captured - values[d])).toBeLessThan(1e-6);
  }
  expectOrthonormal(loadings, D, Math.min(D, rank));
  if (D > rank || (D < F && values[D - 1] - values[D] < 0.02 * values[0])) return;
  for (let f = 0; f < F; f++) {
    for (let g = 0; g < F; g++) {
      let difference = 0;
      for (let d = 0; d < D; d++) {
        difference += loadings[f * D + d] * loadings[g * D + d] - vectors[d * F + f] * vectors[d * F + g];
      }
      expect(Math.abs(difference)).toBeLessThan(1e-6);
    }
  }
}

/** The first `rank` directions; those beyond it are of no consequence. */
function expectOrthonormal(loadings: Float64Array, D: number, rank: number): void {
  for (let d = 0; d < rank; d++) {
    for (let e = 0; e <= d; e++) {
      expect(dot([...columnOf(loadings, D, d)], columnOf(loadings, D, e))).toBeCloseTo(d === e ? 1 : 0, 9);
    }
  }
}

function expectUnitOrZero(shard: Shard, model: EmbeddingModel): void {
  for (const [id, point] of pointsById([shard], model)) {
    const length = Math.sqrt(squaresOf(point));
    expect(length === 0 || Math.abs(length - 1) < 1e-6, `${id} has length ${length}`).toBe(true);
  }
}

function pointsById(shards: readonly Shard[], model: EmbeddingModel): Map<string, number[]> {
  return new Map(
    shards.flatMap((shard) => {
      const { vectors, dimensions: D } = embedUsers(shard, model);
      return shard.ids.map((id, u) => [id, [...vectors.subarray(u * D, u * D + D)]] as const);
    }),
  );
}

function columnOf(loadings: Float64Array, D: number, d: number): Float64Array {
  return loadings.filter((_, at) => at % D === d);
}

function squaresOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x * x, 0);
}

function dot(left: readonly number[], right: ArrayLike<number>): number {
  return left.reduce((sum, x, i) => sum + x * right[i], 0);
}
