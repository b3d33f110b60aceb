import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { fitStack, stackScores, stackStrength } from '#domain/scoring/stacking.ts';
import { naiveObjective, naiveOptimum } from './naive-regression.ts';

const M = 4;
const anyColumns = fc
  .array(
    fc.record({
      values: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: M, maxLength: M }),
      isPositive: fc.nat(1),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((rows) => ({
    columns: Array.from({ length: M }, (_, m) => Float32Array.from(rows, ({ values }) => values[m])),
    isPositive: Uint8Array.from(rows, ({ isPositive }) => isPositive),
  }));
const anyStrength = fc.constantFrom(3e-4, 0.01, 0.1, 1);

describe('how far a stack may go from the mean of its columns', () => {
  it.each([
    [0, 3e-4],
    [30, 3e-4],
    [1000, 0.01],
    [10_000, 0.1],
    [1e7, 0.1],
  ])('with %i positives is %f', (count, strength) => {
    expect(stackStrength(count)).toBeCloseTo(strength, 12);
  });

  test.prop([fc.nat(100_000), fc.nat(100_000)])('is no less with more of them', (few, more) => {
    expect(stackStrength(few + more)).toBeGreaterThanOrEqual(stackStrength(few));
  });
});

describe('a stack', () => {
  // Three columns that tell by 1.5, 0.7 and nothing, and one that speaks against: all overlap a little.
  const planted = plantedColumns(3000, [1.5, 0.7, 0, -1]);

  it('finds what was planted, and gives nothing to a column that speaks against', () => {
    const weights = fitStack(planted.columns.slice(0, 3), everyRow(planted.isPositive), planted.isPositive, 1);
    const withForeign = fitStack(planted.columns, everyRow(planted.isPositive), planted.isPositive, 1);

    expect(weights[0]).toBeGreaterThan(1.3 * weights[1]);
    expect(weights[1]).toBeGreaterThan(3 * weights[2]);
    expect(withForeign[3]).toBe(0);
    // Begun from another point, and ended within the tolerance.
    expectClose(withForeign.subarray(0, 3), weights, 2e-4);
  });

  it('weighs by how high the positives stand where it may go no further', () => {
    const { columns, isPositive } = planted;
    const weights = fitStack(columns.slice(0, 2), everyRow(isPositive), isPositive, 1e-8);

    const standing = columns.map((column) => {
      const [own, all] = [column.filter((_, n) => isPositive[n] === 1), column].map(meanOf);
      return own - all;
    });
    expect(weights[0] / weights[1]).toBeCloseTo(standing[0] / standing[1], 2);
  });

  test.prop([anyColumns, anyStrength])(
    'has no weight below 0, and the best that there are of the columns that it keeps',
    ({ columns, isPositive }, strength) => {
      const weights = fitStack(columns, everyRow(isPositive), isPositive, strength);

      const kept = [...weights.keys()].filter((m) => weights[m] > 0);
      expect(weights.every((weight) => weight >= 0)).toBe(true);
      expectClose(weights, optimumOf(columns, isPositive, strength, kept).weights, 2e-3);
    },
  );

  // Columns that are taken out never come back, so it is no law.
  it.each([0.001, 0.1, 1])('is the best of all without weights below 0 where columns overlap (C = %f)', (strength) => {
    const { columns, isPositive } = plantedColumns(200, [1.5, 0.7, 0, -1, -0.1]);

    const weights = fitStack(columns, everyRow(isPositive), isPositive, strength);

    expectClose(weights, bruteForce(columns, isPositive, strength), 2e-3);
  });

  it('keeps a column that only beside its opposite, which goes, speaks against', () => {
    const { columns } = plantedColumns(3000, [0, 0]);
    const [left, right] = [columns[0], columns[0].map((x, n) => -x + 0.5 * columns[1][n])];
    const random = seededRandom(7);
    const isPositive = Uint8Array.from(left, (x, n) =>
      random() < 1 / (1 + Math.exp(1 + 0.5 * x + 1.2 * right[n])) ? 1 : 0,
    );

    const [kept, gone] = fitStack([left, right], everyRow(isPositive), isPositive, 0.1);

    expect(gone).toBe(0);
    expect(kept).toBeGreaterThan(0.2);
    expectClose(Float64Array.of(kept, gone), bruteForce([left, right], isPositive, 0.1), 2e-3);
  });

  test.prop([anyColumns, anyStrength])('learns from the given rows only', ({ columns, isPositive }, strength) => {
    const longer = columns.map((column) => Float32Array.of(NaN, ...column, NaN));
    const rows = everyRow(isPositive).map((row) => row + 1);

    const weights = fitStack(longer, rows, Uint8Array.of(1, ...isPositive, 0), strength);

    expect(weights).toEqual(fitStack(columns, everyRow(isPositive), isPositive, strength));
  });

  it('gives nothing to a column that is the same for all, and takes the others as if it were not there', () => {
    const { columns, isPositive } = planted;
    const constant = new Float32Array(isPositive.length);

    const weights = fitStack([columns[0], constant, columns[1]], everyRow(isPositive), isPositive, 0.1);

    expect(weights[1]).toBe(0);
    expectClose(
      weights.filter((_, m) => m !== 1),
      fitStack(columns.slice(0, 2), everyRow(isPositive), isPositive, 0.1),
      1e-9,
    );
  });

  it.each<[string, number[], number[]]>([
    ['no rows', [], []],
    ['one row', [1, 2], [1]],
    ['no positives', [2, 2, 1, 1, 3, 3], [0, 0, 0]],
    ['nobody but positives', [2, 2, 1, 1, 3, 3], [1, 1, 1]],
  ])('stays finite with %s', (_, values, labels) => {
    const columns = [0, 1].map((m) => Float32Array.from(values).filter((__, at) => at % 2 === m));

    const weights = fitStack(columns, everyRow(Uint8Array.from(labels)), Uint8Array.from(labels), 0.1);

    expect(weights).toHaveLength(2);
    expect([...weights].every((weight) => weight >= 0 && weight < 10)).toBe(true);
  });

  it('needs no columns', () => {
    expect(fitStack([], Uint32Array.of(0), Uint8Array.of(1), 1)).toEqual(new Float64Array(0));
    expect(stackScores([], new Float64Array(0))).toEqual(new Float32Array(0));
  });
});

describe('the scores of a stack', () => {
  it('are the sum of the columns by their weights, whatever stands in those that count for nothing', () => {
    const columns = [Float32Array.of(1, 2, -3), Float32Array.of(NaN, Infinity, 0), Float32Array.of(0, 4, 8)];

    expect([...stackScores(columns, Float64Array.of(2, 0, 0.25))]).toEqual([2, 5, -4]);
  });
});

/** Standard normal columns that share a part, and labels by the logistic of their weighted sum. */
function plantedColumns(count: number, weights: readonly number[]) {
  const random = seededRandom(96);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const columns = weights.map(() => new Float32Array(count));
  const isPositive = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const common = normal();
    columns.forEach((column) => {
      column[n] = 0.5 * common + Math.sqrt(0.75) * normal();
    });
    const odds = weights.reduce((sum, weight, m) => sum + weight * columns[m][n], -1);
    isPositive[n] = random() < 1 / (1 + Math.exp(-odds)) ? 1 : 0;
  }
  return { columns, isPositive };
}

function everyRow(isPositive: Uint8Array): Uint32Array {
  return Uint32Array.from(isPositive.keys());
}

/** The best weights of the given columns, of whatever sign, (M). */
function optimumOf(
  columns: readonly Float32Array[],
  isPositive: Uint8Array,
  strength: number,
  kept: readonly number[],
): { readonly weights: number[]; readonly value: number } {
  const rows = Array.from(isPositive, (positive, n) => ({
    has: [...kept.keys()],
    amounts: kept.map((m) => columns[m][n]),
    factor: 1,
    positives: positive,
    others: 1 - positive,
  }));
  const problem = { rows, columnFactors: kept.map(() => 1), isWeighted: true, strength };
  const found = naiveOptimum(problem);
  const weights = columns.map((_, m) => (kept.includes(m) ? found[kept.indexOf(m)] : 0));
  return { weights, value: naiveObjective(problem)(found) };
}

/** Of the optima of all choices of columns the best that has no weight below 0. */
function bruteForce(columns: readonly Float32Array[], isPositive: Uint8Array, strength: number): number[] {
  const every = [...columns.keys()];
  return Array.from({ length: 2 ** columns.length }, (_, choice) => {
    const kept = every.filter((m) => Math.floor(choice / 2 ** m) % 2 === 1);
    return optimumOf(columns, isPositive, strength, kept);
  })
    .filter(({ weights }) => weights.every((weight) => weight >= 0))
    .reduce((best, one) => (one.value < best.value ? one : best)).weights;
}

function meanOf(column: Float32Array): number {
  return column.reduce((sum, x) => sum + x, 0) / column.length;
}

function expectClose(actual: Float64Array, expected: ArrayLike<number>, within: number) {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((weight, m) => {
    expect(Math.abs(weight - expected[m])).toBeLessThan(within);
  });
}
