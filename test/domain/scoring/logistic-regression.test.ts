import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { fitLogisticRegression } from '#domain/scoring/logistic-regression.ts';
import { naiveObjective, naiveOptimum, type Problem, type Row, sumOf } from './naive-regression.ts';

const F = 4;
const anyRow: fc.Arbitrary<Row> = fc.record({
  has: fc.subarray([0, 1, 2, 3]),
  amounts: fc.array(fc.constantFrom(0.25, 1, 2, 5), { minLength: F, maxLength: F }),
  factor: fc.constantFrom(0, 0.5, 1, 1, 3),
  // A row of neither is one that nothing is known of.
  positives: fc.nat(3),
  others: fc.nat(3),
});
const anyProblem: fc.Arbitrary<Problem> = fc.record({
  rows: fc.array(anyRow, { maxLength: 12 }),
  columnFactors: fc.array(fc.constantFrom(0, 0.3, 1, 2), { minLength: F, maxLength: F }),
  isWeighted: fc.boolean(),
  strength: fc.constantFrom(0.01, 1, 10),
});
const anyWeights = fc
  .array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: F + 1, maxLength: F + 1 })
  .map((weights) => Float64Array.from(weights));
const row = (has: number[], positives: number, others: number): Row => ({
  has,
  amounts: [1, 1, 1, 1],
  factor: 1,
  positives,
  others,
});

describe('logistic regression', () => {
  it('is what a hand computes', () => {
    // Two positives who have the feature, three others who do not: odds of 3 to 1 and 1 to 3 leave the penalty
    // 2·ln 3 = C·2·(1 − ¾) to pay for the feature, and ln 3 = C·(3·¼ − 2·¼) for the bias.
    const counts = { positives: Float64Array.of(2, 0), others: Float64Array.of(0, 3) };
    const rows = scaledRows([[0], []], [1], [1, 1]);

    const { weights } = fitLogisticRegression(rows, counts, settingsOf(4 * Math.log(3), 1e-9));

    expect([...weights]).toEqual([expect.closeTo(2 * Math.log(3), 6), expect.closeTo(-Math.log(3), 6)]);
  });

  it('pays the penalty for the bias as for any other weight', () => {
    const counts = { positives: Float64Array.of(4), others: Float64Array.of(0) };

    const { weights } = fitLogisticRegression(scaledRows([[0]], [1], [1]), counts, settingsOf(Math.log(3) / 2, 1e-9));

    expect([...weights]).toEqual([expect.closeTo(Math.log(3) / 2, 6), expect.closeTo(Math.log(3) / 2, 6)]);
  });

  test.prop([anyProblem])("finds the optimum that Newton's method finds on the rows written out", (problem) => {
    expectClose(fitProblem(problem, 1e-6).weights, naiveOptimum(problem), 1e-4);
  });

  test.prop([anyProblem, anyWeights])(
    'first goes down the gradient by the diagonal of the Hessian, as finite differences find them',
    (problem, start) => {
      const { gradient, curvatures } = differencesOf(naiveObjective(problem), start);
      fc.pre(Math.hypot(...gradient) > 1e-3);

      // Ends after the first step, unless that makes the gradient longer.
      const { weights, steps } = fitProblem(problem, shareOfIgnorance(problem, gradient) * (1 - 1e-5), start);
      fc.pre(steps === 1);

      const step = weights.map((w, i) => w - start[i]);
      const whole = gradient.map((g, i) => -g / curvatures[i]);
      const widest = whole.reduce((best, x, i) => (Math.abs(x) > Math.abs(whole[best]) ? i : best), 0);
      const length = 2 ** Math.round(Math.log2(step[widest] / whole[widest]));
      expect(length).toBeLessThanOrEqual(1);
      expectClose(
        step,
        whole.map((x) => length * x),
        1e-4 * Math.max(1, length * Math.abs(whole[widest])),
      );
    },
  );

  test.prop([anyProblem, anyWeights])(
    'goes no step where the gradient is below its share of that at the base rate, and else does',
    (problem, start) => {
      const { gradient } = differencesOf(naiveObjective(problem), start);
      const share = shareOfIgnorance(problem, gradient);
      fc.pre(Math.hypot(...gradient) > 1e-3 && Number.isFinite(share));

      const stepsAt = (tolerance: number) => fitProblem(problem, tolerance, start).steps;

      expect([stepsAt(share * (1 - 1e-5)) > 0, stepsAt(share * (1 + 1e-5))]).toEqual([true, 0]);
    },
  );

  test.prop([anyProblem, anyWeights])('ends at the same weights wherever it begins', (problem, start) => {
    const before = start.slice();

    const { weights } = fitProblem(problem, 1e-7, start);

    expectClose(weights, fitProblem(problem, 1e-7).weights, 1e-4);
    expect(start).toEqual(before);
  });

  test.prop([anyProblem])('takes counts for so many equal rows, and rows of neither for none', (problem) => {
    const rows = problem.rows.flatMap((one) => [
      ...Array.from({ length: one.positives }, () => ({ ...one, positives: 1, others: 0 })),
      ...Array.from({ length: one.others }, () => ({ ...one, positives: 0, others: 1 })),
    ]);

    expectClose(fitProblem({ ...problem, rows }, 1e-7).weights, fitProblem(problem, 1e-7).weights, 1e-4);
  });

  test.prop([anyProblem])('sees factors as if the entries had been multiplied by them', (problem) => {
    const { columnFactors, isWeighted } = problem;
    const rows = problem.rows.map((one) => ({
      ...one,
      factor: 1,
      amounts: one.amounts.map((amount, f) => one.factor * columnFactors[f] * (isWeighted ? amount : 1)),
    }));

    const scaled = fitProblem({ ...problem, rows, columnFactors: [1, 1, 1, 1], isWeighted: true }, 1e-7);

    expectClose(scaled.weights, fitProblem(problem, 1e-7).weights, 1e-4);
  });

  test.prop([anyProblem, anyWeights])('is the same to the last bit each time', (problem, start) => {
    expect(fitProblem(problem, 1e-6, start)).toEqual(fitProblem(problem, 1e-6, start));
  });

  it('goes on from where another fit ended, and ends by itself where rounding leaves nothing to gain', () => {
    const problem = problemOf([row([0], 3, 0), row([1], 0, 2), row([0, 1], 1, 9), row([2, 3], 5, 4)]);
    const short = fitProblem(problem, 1e-1);
    const rest = fitProblem(problem, 1e-6, short.weights);
    const exact = fitProblem(problem, 0);

    expect(short.steps).toBeLessThan(rest.steps + short.steps);
    expect(rest.steps).toBeLessThan(20);
    expect(exact.steps).toBeLessThan(100);
    expectClose(rest.weights, naiveOptimum(problem), 1e-4);
    expectClose(exact.weights, naiveOptimum(problem), 1e-7);
  });

  it('counts a row that stands for many as it counts as many rows, also far from any doubt', () => {
    const rows = Array.from({ length: 3000 }, (_, n) => row([n % 4], n % 3 === 0 ? 1 : 0, n % 3 === 0 ? 0 : 1));
    const counted = [0, 1, 2, 3].map((f) => row([f], 250, 500));

    expectClose(fitProblem(problemOf(rows), 1e-9).weights, fitProblem(problemOf(counted), 1e-9).weights, 1e-6);
  });

  it.each<[string, readonly Row[]]>([
    ['no rows', []],
    ['no positives', [row([0], 0, 5), row([1], 0, 1)]],
    ['no others', [row([0], 5, 0), row([1], 1, 0)]],
    ['rows of which nothing is known', [row([0], 0, 0)]],
    ['rows of nothing', [row([], 1, 0), row([], 0, 1)]],
    ['rows that are all alike', Array.from({ length: 9 }, (_, n) => row([0, 2], n % 2, 1 - (n % 2)))],
    ['one row', [row([3], 1, 0)]],
    ['a positive in a million', [row([0], 1, 0), row([], 0, 1e6)]],
  ])('stays finite, and at the optimum, with %s', (_, rows) => {
    const { weights } = fitProblem(problemOf(rows), 1e-8);

    expectClose(weights, naiveOptimum(problemOf(rows)), 1e-4);
  });

  it('needs no columns', () => {
    const rows = {
      matrix: matrixOf([[], []], 0),
      rowFactors: Float64Array.of(1, 1),
      columnFactors: new Float64Array(0),
    };
    const counts = { positives: Float64Array.of(1, 3), others: Float64Array.of(0, 0) };

    const { weights } = fitLogisticRegression(rows, counts, settingsOf(Math.log(3), 1e-6));

    expect([...weights]).toEqual([expect.closeTo(Math.log(3), 6)]);
  });

  it('bears entries of any size under factors that tame them', () => {
    const sizes = [1e15, 1e-30, 3e38, 1e-45].map(Math.fround);
    const has = [[0, 1], [2], [3], [1, 2, 3], [0]];
    const counts = { positives: Float64Array.of(1, 1, 0, 0, 1), others: Float64Array.of(0, 1, 2, 1, 0) };
    const tamed = scaledRows(
      has,
      sizes.map((size) => 1 / size),
      [1, 1, 1, 1, 1],
      has.map((own) => own.map((f) => sizes[f])),
    );

    const { weights } = fitLogisticRegression(tamed, counts, settingsOf(1, 1e-7));

    const plain = fitLogisticRegression(scaledRows(has, [1, 1, 1, 1], [1, 1, 1, 1, 1]), counts, settingsOf(1, 1e-7));
    expectClose(weights, plain.weights, 1e-4);
  });

  it('comes back from a start so far off that every row is certain', () => {
    const problem = problemOf([row([0], 3, 0), row([1], 0, 2), row([0, 1], 1, 9)]);

    const { weights } = fitProblem(problem, 1e-7, Float64Array.of(-1e6, 1e6, 3e5, -1e4, 1e5));

    expectClose(weights, naiveOptimum(problem), 1e-4);
  });
});

function settingsOf(strength: number, tolerance: number) {
  return { strength, tolerance };
}

/** How long a gradient is beside that where nothing is known but the base rate. */
function shareOfIgnorance(problem: Problem, gradient: Float64Array): number {
  const [sum, rest] = [sumOf(problem, 'positives'), sumOf(problem, 'others')];
  const ignorant = Float64Array.of(0, 0, 0, 0, Math.log((sum + 1) / (rest + 1)));
  const there = Math.hypot(...differencesOf(naiveObjective(problem), ignorant).gradient);
  return there > 1e-3 ? Math.hypot(...gradient) / there : Number.POSITIVE_INFINITY;
}

function problemOf(rows: readonly Row[]): Problem {
  return { rows, columnFactors: [1, 1, 1, 1], isWeighted: false, strength: 1 };
}

function scaledRows(has: number[][], columnFactors: number[], rowFactors: number[], amounts?: number[][]) {
  return {
    matrix: matrixOf(has, columnFactors.length, amounts),
    rowFactors: Float64Array.from(rowFactors),
    columnFactors: Float64Array.from(columnFactors),
  };
}

function fitProblem({ rows, columnFactors, isWeighted, strength }: Problem, tolerance: number, start?: Float64Array) {
  const has = rows.map((one) => [...one.has]);
  const amounts = rows.map((one) => one.has.map((f) => one.amounts[f]));
  const scaled = scaledRows(
    has,
    [...columnFactors],
    rows.map(({ factor }) => factor),
    isWeighted ? amounts : undefined,
  );
  const countsOf = (kind: 'positives' | 'others') => Float64Array.from(rows, (one) => one[kind]);
  const counts = { positives: countsOf('positives'), others: countsOf('others') };
  return fitLogisticRegression(scaled, counts, settingsOf(strength, tolerance), start);
}

function differencesOf(objective: (w: Float64Array) => number, at: Float64Array) {
  const moved = (i: number, by: number) => objective(at.with(i, at[i] + by));
  const [near, far] = [1e-5, 1e-3];
  return {
    gradient: at.map((_, i) => (moved(i, near) - moved(i, -near)) / (2 * near)),
    curvatures: at.map((_, i) => (moved(i, far) - 2 * objective(at) + moved(i, -far)) / far ** 2),
  };
}

function expectClose(actual: Float64Array, expected: ArrayLike<number>, within: number) {
  expect(actual).toHaveLength(expected.length);
  expect(Math.max(...actual.map((x, i) => Math.abs(x - expected[i])))).toBeLessThan(within);
}
