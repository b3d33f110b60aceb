import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  ALS_SETTINGS,
  alsFeatureParts,
  bestPoints,
  embedUsersByAls,
  fitImplicitAls,
} from '#domain/embedding/implicit-als.ts';
import type { FactorModel } from '#domain/features/embedding.ts';
import { type Shard, type User, userAt } from '#domain/features/shard.ts';
import { matrixOf, type SparseMatrix, transpose } from '#domain/features/sparse-matrix.ts';
import { seededRandom } from '#domain/random.ts';
import { anyUser, anyUsers, shardOf, shardsOf, weightsByFeature } from '../populations.ts';

/** Users of some kinds, some of them very like each other, with weights. */
const crowd = crowdOf(200, 40, 5);

/** Any users, some with weights as small and as large as float32 holds, and larger. */
const anyWeightedUsers = fc.uniqueArray(anyUser(fc.constantFrom(0, 1e-30, 0.25, 1, 3, 1e6, 3.4e38, 1e308)), {
  selector: ({ id }) => id,
  minLength: 1,
  maxLength: 14,
});

describe('a half step', () => {
  it('is what a hand computes', () => {
    // One who has a (y = 2) with c = 2, and of two features lacks b (y = 3): x = c·y / (2² + 3² + λ + (c−1)·2²) = 4/18.
    const row = matrixOf([[0]], 2, [[1]]);

    const points = bestPoints(row, Float64Array.of(2, 3), 1, 1);

    expect([...points]).toEqual([expect.closeTo(4 / 18, 12)]);
  });

  test.prop([anyUsers, fc.nat(99)])('solves the normal equations, written out in full', (users, seed) => {
    const { rows, penalty, D } = problemOf(shardOf(users), 0.5);
    const y = randomPoints(rows.columnCount, D, seed);

    const points = bestPoints(rows, y, D, penalty);

    points.forEach((x, at) => {
      const exact = naivePoint(confidencesIn(rows, Math.floor(at / D)), y, D, penalty);
      expect(Math.abs(x - exact[at % D])).toBeLessThan(0.01);
    });
  });

  test.prop([anyUsers, fc.nat(99)])('takes a column that stands for many as so many columns', (users, seed) => {
    const features = transpose(problemOf(shardOf(users), 0.5).rows);
    const D = 2;
    const x = randomPoints(users.length, D, seed);
    const thrice = {
      ...transpose(features),
      ...matrixOf(
        [0, 1, 2].flatMap(() => columnsByRow(transpose(features))),
        features.offsets.length - 1,
        [0, 1, 2].flatMap(() => weightsByRow(transpose(features))),
      ),
    };

    const once = bestPoints(features, x, D, 1, new Float64Array(users.length).fill(Math.sqrt(3)));

    const all = bestPoints(transpose(thrice), Float64Array.of(...x, ...x, ...x), D, 1);
    once.forEach((value, at) => {
      expect(value).toBeCloseTo(all[at], 9);
    });
  });

  // A fit's half steps are solved to a thousandth, so they may miss the least objective by the square of that and some.
  test.prop([anyUsers, fc.nat(99)])('never raises the objective', (users, seed) => {
    const problem = problemOf(shardOf(users), 0.3);

    const objectives = descent(problem, randomPoints(problem.rows.columnCount, problem.D, seed), 6);

    objectives.slice(1).forEach((objective, step) => {
      expect(objective).toBeLessThanOrEqual(objectives[step] * (1 + 1e-5));
    });
  });

  it('lowers the objective of a crowd each time, at first by a lot', () => {
    const problem = problemOf(crowd, ALS_SETTINGS.regularization);

    const objectives = descent(problem, randomPoints(problem.rows.columnCount, problem.D, 1), 6);

    expect(objectives).toEqual(objectives.toSorted((left, right) => right - left));
    expect(new Set(objectives).size).toBe(objectives.length);
    expect(objectives[4]).toBeLessThan(objectives[0] / 2);
  });
});

describe('implicit ALS', () => {
  it('comes to rest where a hand computes', () => {
    // All have both features, so idf is 0 and c is 1: a matrix of ones, of the one singular value σ = √(2·2), of which
    // the penalty takes λ: every x·y is (σ − λ)/σ.
    const shard = shardOf([
      { id: 'u1', features: ['a', 'b'] },
      { id: 'u2', features: ['a', 'b'] },
    ]);
    const penalty = 0.5 * Math.SQRT2;

    const model = fitImplicitAls(shard, 64, 1, { regularization: 0.5, confidence: 7, iterations: 60 });

    const [ya, yb] = featurePoints(model);
    const { vectors, lengths } = embedUsersByAls(shard, model);
    expect(vectors[0] * lengths[0] * ya).toBeCloseTo((2 - penalty) / 2, 6);
    expect(vectors[1] * lengths[1] * yb).toBeCloseTo((2 - penalty) / 2, 6);
  });

  it.each([
    { features: 1, wanted: 64, dimensions: 1 },
    { features: 9, wanted: 64, dimensions: 4 },
    { features: 9, wanted: 3, dimensions: 3 },
    { features: 140, wanted: 64, dimensions: 64 },
  ])('has half as many dimensions as features, or $wanted: $dimensions of $features', (expected) => {
    const users = Array.from({ length: expected.features }, (_, f) => ({ id: `u${f}`, features: [`f:${f}`] }));

    const model = fitImplicitAls(shardOf(users), expected.wanted, 1);

    expect(model.dimensions).toBe(expected.dimensions);
    expect(model.whitened).toHaveLength(expected.features * expected.dimensions);
    expect(model.triangle).toHaveLength(expected.dimensions ** 2);
  });

  test.prop([anyUsers, fc.nat(99)], { numRuns: 30 })('ends where the slow obvious way does', (users, seed) => {
    const shard = shardOf(users);
    const { regularization, iterations } = ALS_SETTINGS;
    const problem = problemOf(shard, regularization);

    const model = fitImplicitAls(shard, 64, seed);

    expect(objectiveOf(problem, featurePoints(model))).toBeCloseTo(
      objectiveOf(problem, naiveFit(problem, seed, iterations)),
      1,
    );
  });

  test.prop([anyUsers, fc.nat(99)])('gives the same model for the same seed', (users, seed) => {
    expect(fitImplicitAls(shardOf(users), 64, seed)).toEqual(fitImplicitAls(shardOf(users), 64, seed));
  });

  it('starts elsewhere from another seed', () => {
    expect(fitImplicitAls(crowd, 8, 1).whitened).not.toEqual(fitImplicitAls(crowd, 8, 2).whitened);
  });

  test.prop([anyUsers])('ignores the order of the users', (users) => {
    expect(fitImplicitAls(shardOf(users.toReversed()), 64, 1)).toEqual(fitImplicitAls(shardOf(users), 64, 1));
  });

  it('places users as before from a stored model', () => {
    const model = fitImplicitAls(crowd, 8, 1);

    const stored = structuredClone(model);

    expect(stored).toEqual(model);
    expect(embedUsersByAls(crowd, stored).vectors).toEqual(embedUsersByAls(crowd, model).vectors);
  });

  it('sets apart two communities that share nothing', () => {
    // Each lacks two of his community's six features, so any two share half of what they have, or more.
    const members = (field: string) =>
      Array.from({ length: 60 }, (_, u) => ({
        id: `${field}${u}`,
        features: [0, 1, 2, 3, 4, 5]
          .filter((f) => f !== u % 6 && f !== (u + 1 + (u % 5)) % 6)
          .map((f) => `${field}:${f}`),
      }));
    const shard = shardOf([...members('jazz'), ...members('golf')]);

    const plane = pointsById([shard], fitImplicitAls(shard, 2, 1));
    const space = pointsById([shard], fitImplicitAls(shard, 64, 1));

    for (const id of shard.ids) {
      const [own, other] = id.startsWith('jazz') ? ['jazz', 'golf'] : ['golf', 'jazz'];
      expect(Math.min(...cosinesTo(plane, id, own))).toBeGreaterThan(0.99);
      expect(Math.max(...cosinesTo(plane, id, other).map(Math.abs))).toBeLessThan(0.2);
      expect(mean(cosinesTo(space, id, own))).toBeGreaterThan(mean(cosinesTo(space, id, other)) + 0.2);
    }
  });

  it.each([
    ['are all alike', Array.from({ length: 9 }, (_, u) => ({ id: `u${u}`, features: ['a', 'b', 'c', 'd'] }))],
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
    [
      'have weights without bounds',
      [
        { id: 'u1', features: ['a', 'b'], weights: [1e308, 1e-308] },
        { id: 'u2', features: ['b', 'c', 'd'], weights: [3.4e38, 1e-40, 1] },
        { id: 'u3', features: ['a'] },
      ],
    ],
    ['are nobody', []],
  ] satisfies [string, User[]][])('takes users who %s', (_, users) => {
    expectSound(shardOf(users), fitImplicitAls(shardOf(users), 64, 1));
  });

  it.each([1e-9, 1e6, 1e150])('takes a penalty of %d', (regularization) => {
    expectSound(crowd, fitImplicitAls(crowd, 64, 1, { ...ALS_SETTINGS, regularization }));
  });
});

describe('users as points of implicit ALS', () => {
  test.prop([anyWeightedUsers, anyWeightedUsers])('are the normal equations solved, or nowhere', (fitted, users) => {
    const model = fitImplicitAls(shardOf(fitted), 64, 1);

    const { vectors, lengths, dimensions: D } = embedUsersByAls(shardOf(users), model);

    expectSound(shardOf(users), model);
    shardOf(users).ids.forEach((_, u) => {
      const exact = exactPoint(shardOf(users), model, u);
      const length = Math.sqrt(sumOf(exact, (x) => x * x));
      expect(lengths[u]).toBeCloseTo(length, 5);
      exact.forEach((x, d) => {
        expect(vectors[u * D + d]).toBeCloseTo(length > 0 ? x / length : 0, 6);
      });
    });
  });

  test.prop([anyWeightedUsers, anyWeightedUsers, fc.integer({ min: 2, max: 5 })])(
    'are the same, to the last bit, in any cut into shards',
    (fitted, users, count) => {
      const model = fitImplicitAls(shardOf(fitted), 64, 1);
      const whole = pointsById([shardOf(users)], model);

      expect(pointsById(shardsOf(users, count), model)).toEqual(whole);
    },
  );

  it('do not see features that the model never saw', () => {
    const model = fitImplicitAls(crowd, 64, 1);
    const user = userAt(crowd, 0);

    const points = pointsById(
      [
        shardOf([
          { ...user, id: 'same' },
          { id: 'more', features: [...user.features, 'new:1', '~'], weights: [...(user.weights ?? []), 1, 1] },
          { id: 'other', features: ['new:2'] },
        ]),
      ],
      model,
    );

    expect(points.get('more')).toEqual(points.get('same'));
    expect(new Set(points.get('other'))).toEqual(new Set([0]));
  });

  it('lie nearer to a feature the more of it they have', () => {
    const model = fitImplicitAls(crowd, 8, 1);
    const [rare, other] = ['f:3', 'f:30'];

    const points = pointsById(
      [
        shardOf([
          { id: 'little', features: [rare, other], weights: [1, 1] },
          { id: 'much', features: [rare, other], weights: [20, 1] },
          { id: 'only', features: [rare] },
        ]),
      ],
      model,
    );

    const cosineTo = (id: string) => sumOf(points.get('only') ?? [], (x, d) => x * (points.get(id)?.[d] ?? 0));
    expect(cosineTo('much')).toBeGreaterThan(cosineTo('little'));
  });
});

describe('the parts of a point of implicit ALS', () => {
  test.prop([anyWeightedUsers, fc.nat(99)])('are what each feature adds, to 10⁻⁸', (users, seed) => {
    const shard = shardOf(users);
    const model = fitImplicitAls(shard, 64, 1);
    const direction = randomPoints(1, model.dimensions, seed);

    shard.ids.forEach((_, u) => {
      const parts = alsFeatureParts(shard, model, direction, u);

      const exact = naiveParts(shard, model, direction, u);
      expect(parts.map(([column]) => column)).toEqual(exact.map(([column]) => column));
      parts.forEach(([, amount], at) => {
        expect(amount).toBeCloseTo(exact[at][1], 8);
      });
    });
  });

  test.prop([anyWeightedUsers, anyWeightedUsers, fc.nat(99)])(
    "sum to the dot product with the user's point",
    (fitted, users, seed) => {
      const shard = shardOf(users);
      const model = fitImplicitAls(shardOf(fitted), 64, 1);
      const direction = randomPoints(1, model.dimensions, seed);

      const { vectors, dimensions: D } = embedUsersByAls(shard, model);

      shard.ids.forEach((_, u) => {
        const sum = sumOf(alsFeatureParts(shard, model, direction, u), ([, amount]) => amount);
        expect(sum).toBeCloseTo(
          sumOf(direction, (x, d) => x * vectors[u * D + d]),
          5,
        );
      });
    },
  );

  it('name the features by the columns of the shard, known ones only', () => {
    const model = fitImplicitAls(crowd, 8, 1);
    const shard = shardOf([{ id: 'u', features: ['a:new', 'f:3', 'g:new', 'f:30'] }]);

    const parts = alsFeatureParts(shard, model, new Float64Array(8).fill(1), 0);

    expect(parts.map(([column]) => shard.features[column])).toEqual(['f:3', 'f:30']);
  });

  it('are none where the user is nowhere', () => {
    const shard = shardOf([{ id: 'u', features: ['new'] }]);

    expect(alsFeatureParts(shard, fitImplicitAls(crowd, 8, 1), new Float64Array(8).fill(1), 0)).toEqual([]);
  });
});

function crowdOf(userCount: number, featureCount: number, kinds: number): Shard {
  const random = seededRandom(64);
  return shardOf(
    Array.from({ length: userCount }, (_, u) => {
      const start = ((u % kinds) * featureCount) / kinds;
      const own = Array.from({ length: 5 }, () => start + (featureCount * random() ** 2) / kinds);
      const features = [...new Set([...own, featureCount * random()].map((f) => `f:${Math.floor(f)}`))];
      return { id: `u${u}`, features, weights: features.map(() => Math.ceil(3 * random())) };
    }),
  );
}

interface Problem {
  /** With c − 1 for weights. */
  readonly rows: SparseMatrix;
  readonly penalty: number;
  readonly D: number;
}

/** What is to be minimised for a shard, by the formulas of the header. */
function problemOf(shard: Shard, regularization: number): Problem {
  const users = shard.ids.map((_, u) => weightsByFeature(userAt(shard, u)));
  const idf = shard.features.map((name) => Math.log((users.length + 1) / (holders(users, name) + 1)));
  const added = (own: ReadonlyMap<string, number>, f: number) =>
    ALS_SETTINGS.confidence * idf[f] * bitsOf(own.get(shard.features[f]) ?? 0);
  const columns = users.map((own) => [...shard.features.keys()].filter((f) => own.has(shard.features[f])));
  return {
    rows: matrixOf(
      columns,
      shard.features.length,
      columns.map((row, u) => row.map((f) => added(users[u], f))),
    ),
    penalty: regularization * Math.sqrt(users.length),
    D: Math.max(1, Math.floor(shard.features.length / 2)),
  };
}

function holders(users: readonly ReadonlyMap<string, number>[], name: string): number {
  return users.filter((own) => own.has(name)).length;
}

function bitsOf(weight: number): number {
  return Math.min(128, Math.log2(1 + weight));
}

function randomPoints(count: number, D: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: count * D }, () => random() - 1 / 2);
}

/** c by column for what a row has. */
function confidencesIn({ offsets, columns, weights }: SparseMatrix, row: number): Map<number, number> {
  const entries = [...columns.keys()].slice(offsets[row], offsets[row + 1]);
  return new Map(entries.map((at) => [columns[at], 1 + (weights?.[at] ?? 1)]));
}

function columnsByRow({ offsets, columns }: SparseMatrix): number[][] {
  return [...offsets.keys()].slice(1).map((u) => [...columns.subarray(offsets[u - 1], offsets[u])]);
}

function weightsByRow({ offsets, weights }: SparseMatrix): number[][] {
  return [...offsets.keys()].slice(1).map((u) => [...(weights?.subarray(offsets[u - 1], offsets[u]) ?? [])]);
}

/** Y, by undoing the change of coordinates. */
function featurePoints({ dimensions: D, whitened, triangle }: FactorModel): Float64Array {
  return whitened.map((_, at) => {
    const [from, d] = [at - (at % D), at % D];
    return sumOf(whitened.subarray(from, from + d + 1), (x, e) => x * triangle[e * D + d]);
  });
}

/** Σ c·(p − x·y)² + λ·(Σ‖x‖² + Σ‖y‖²) over all pairs. */
function objective({ rows, penalty, D }: Problem, x: Float64Array, y: Float64Array): number {
  let sum = penalty * (sumOf(x, (value) => value * value) + sumOf(y, (value) => value * value));
  for (let u = 0; u + 1 < rows.offsets.length; u++) {
    const confidences = confidencesIn(rows, u);
    for (let f = 0; f < rows.columnCount; f++) {
      const product = sumOf(y.subarray(f * D, f * D + D), (value, d) => value * x[u * D + d]);
      sum += (confidences.get(f) ?? 1) * ((confidences.has(f) ? 1 : 0) - product) ** 2;
    }
  }
  return sum;
}

/** With the best X for a Y. */
function objectiveOf(problem: Problem, y: Float64Array): number {
  return objective(problem, naiveHalfStep(problem.rows, y, problem.D, problem.penalty), y);
}

/** The objective after each of so many half steps. */
function descent(problem: Problem, start: Float64Array, halfSteps: number): number[] {
  const { rows, penalty, D } = problem;
  let x: Float64Array = new Float64Array((rows.offsets.length - 1) * D);
  let y = start;
  return Array.from({ length: halfSteps }, (_, step) => {
    if (step % 2 === 0) x = bestPoints(rows, y, D, penalty);
    else y = bestPoints(transpose(rows), x, D, penalty);
    return objective(problem, x, y);
  });
}

function naiveFit({ rows, penalty, D }: Problem, seed: number, iterations: number): Float64Array {
  let y: Float64Array = randomPoints(rows.columnCount, D, seed).map(
    (value) => value * Math.sqrt((12 * 0.01 * penalty) / rows.columnCount),
  );
  for (let t = 0; t < iterations; t++) {
    y = naiveHalfStep(transpose(rows), naiveHalfStep(rows, y, D, penalty), D, penalty);
  }
  return y;
}

function naiveHalfStep(rows: SparseMatrix, y: Float64Array, D: number, penalty: number): Float64Array {
  const rowCount = rows.offsets.length - 1;
  return Float64Array.from(
    Array.from({ length: rowCount }, (_, u) => naivePoint(confidencesIn(rows, u), y, D, penalty)).flat(),
  );
}

/** (Σ c·yyᵀ + λI)⁻¹·Σ c·y, with c = 1 and p = 0 for what the row lacks. */
function naivePoint(confidences: ReadonlyMap<number, number>, y: Float64Array, D: number, penalty: number): number[] {
  const pull = Array.from({ length: D }, (_, d) => sumOf([...confidences], ([f, c]) => c * y[f * D + d]));
  return solved(normalMatrix(confidences, y, D, penalty), pull);
}

function normalMatrix(confidences: ReadonlyMap<number, number>, y: Float64Array, D: number, penalty: number) {
  return Array.from({ length: D }, (_, i) =>
    Array.from({ length: D }, (__, j) => {
      let sum = i === j ? penalty : 0;
      for (let f = 0; f * D < y.length; f++) sum += (confidences.get(f) ?? 1) * y[f * D + i] * y[f * D + j];
      return sum;
    }),
  );
}

/** Gaussian elimination with pivots. */
function solved(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    const pivot = rows.slice(i).reduce((best, row) => (Math.abs(row[i]) > Math.abs(best[i]) ? row : best));
    rows.splice(rows.indexOf(pivot, i), 1, rows[i]);
    rows[i] = pivot;
    for (let below = i + 1; below < n; below++) {
      const factor = rows[below][i] / pivot[i];
      rows[below] = rows[below].map((x, j) => x - factor * pivot[j]);
    }
  }
  const x = Array.from({ length: n }, () => 0);
  for (let i = n - 1; i >= 0; i--) x[i] = (rows[i][n] - sumOf(x, (value, j) => rows[i][j] * value)) / rows[i][i];
  return x;
}

/** A user's confidences by the model's columns. */
function knownOf(shard: Shard, { idf }: FactorModel, row: number) {
  const own = weightsByFeature(userAt(shard, row));
  const confidences = new Map<number, number>();
  idf.features.forEach((name, f) => {
    const weight = own.get(name);
    if (weight === undefined) return;
    confidences.set(f, 1 + Math.fround(ALS_SETTINGS.confidence * idf.values[f] * bitsOf(weight)));
  });
  return confidences;
}

/** RᵀR is YᵀY + λI, so the penalty need not be known. */
function penaltyOf(model: FactorModel): number {
  const y = featurePoints(model);
  const D = model.dimensions;
  return model.triangle[0] ** 2 - sumOf(y, (value, at) => (at % D === 0 ? value * value : 0));
}

/** A user's point; zero if it explains nothing of what he has but rounding. */
function exactPoint(shard: Shard, model: FactorModel, row: number): number[] {
  const confidences = knownOf(shard, model, row);
  const [y, D] = [featurePoints(model), model.dimensions];
  const x = naivePoint(confidences, y, D, penaltyOf(model));
  const explained = sumOf(confidences, ([f, c]) => c * sumOf(x, (value, d) => value * y[f * D + d]));
  return explained > 1e-12 * sumOf(confidences.values(), (c) => c) ? x : x.fill(0);
}

function naiveParts(shard: Shard, model: FactorModel, direction: Float64Array, row: number): [number, number][] {
  const D = model.dimensions;
  const y = featurePoints(model);
  const length = Math.sqrt(sumOf(exactPoint(shard, model, row), (x) => x * x));
  if (length === 0) return [];
  const confidences = knownOf(shard, model, row);
  const matrix = normalMatrix(confidences, y, D, penaltyOf(model));
  return [...confidences].map(([f, c]) => {
    const share = solved(matrix, [...y.subarray(f * D, f * D + D)]);
    const amount = (c * sumOf(share, (x, d) => x * direction[d])) / length;
    return [shard.features.indexOf(model.idf.features[f]), amount];
  });
}

function expectSound(shard: Shard, model: FactorModel): void {
  const { vectors, lengths, dimensions: D } = embedUsersByAls(shard, model);
  for (const numbers of [model.whitened, model.triangle, model.idf.values, vectors, lengths]) {
    expect(numbers.every(Number.isFinite)).toBe(true);
  }
  shard.ids.forEach((id, u) => {
    const length = Math.sqrt(sumOf(vectors.subarray(u * D, u * D + D), (x) => x * x));
    expect(length === 0 || Math.abs(length - 1) < 1e-6, `${id} has length ${length}`).toBe(true);
    expect(length === 0).toBe(lengths[u] === 0);
  });
}

function pointsById(shards: readonly Shard[], model: FactorModel): Map<string, number[]> {
  return new Map(
    shards.flatMap((shard) => {
      const { vectors, dimensions: D } = embedUsersByAls(shard, model);
      return shard.ids.map((id, u) => [id, [...vectors.subarray(u * D, u * D + D)]] as const);
    }),
  );
}

function sumOf<T>(values: Iterable<T>, amountOf: (value: T, at: number) => number): number {
  let [sum, at] = [0, 0];
  for (const value of values) sum += amountOf(value, at++);
  return sum;
}

function mean(values: readonly number[]): number {
  return sumOf(values, (value) => value) / values.length;
}

function cosinesTo(points: ReadonlyMap<string, number[]>, id: string, community: string): number[] {
  const own = points.get(id) ?? [];
  return [...points].flatMap(([other, point]) =>
    other.startsWith(community) ? sumOf(own, (x, d) => x * point[d]) : [],
  );
}
