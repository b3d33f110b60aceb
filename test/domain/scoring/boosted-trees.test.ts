import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import {
  type BoostedTrees,
  fitBoostedTrees,
  lossSlopesInPlace,
  type TreeInputs,
  type TreeSettings,
  treeParts,
  treeScores,
  treeScoresAfter,
} from '#domain/scoring/boosted-trees.ts';

const SETTINGS: TreeSettings = {
  treeCount: 5,
  depth: 3,
  learningRate: 0.5,
  minLeafHessian: 0.1,
  l2: 1,
  binCount: 64,
};

interface Row {
  readonly has: readonly number[];
  readonly numbers: readonly number[];
  readonly label: number;
  readonly weight: number;
}

const F = 4;
const P = 2;
/** Numbers of few values, some of them far out, tie and repeat; weights too. */
const anyRow: fc.Arbitrary<Row> = fc.record({
  has: fc.subarray([0, 1, 2, 3]),
  numbers: fc.array(fc.constantFrom(-0, 0, 1, 2, 2.5, 7, -3, 1e30), { minLength: P, maxLength: P }),
  label: fc.nat(1),
  weight: fc.constantFrom(1, 1, 2, 3),
});
const anyRows = fc.array(anyRow, { maxLength: 40 });
const anySettings: fc.Arbitrary<TreeSettings> = fc.record({
  treeCount: fc.nat(4),
  depth: fc.nat(3),
  learningRate: fc.constantFrom(0.1, 0.5, 1),
  minLeafHessian: fc.constantFrom(0, 0.2, 1),
  l2: fc.constantFrom(0, 0.5, 1),
  // There are 7 values.
  binCount: fc.constantFrom(7, 64),
});

describe('boosted trees', () => {
  it('begin with the stump that a hand computes', () => {
    // All start at even odds, so slopes are ±1/2 and curvatures 1/4. The gains with an L2 of 1/2 are 0.4 for feature 0,
    // 1 + 2/3 for feature 1 (of its two owners Σg = −1, Σh = 1/2; of the others 1 and 1), 0.476 for feature 2.
    const inputs = { presence: matrixOf([[0, 1, 2], [0, 1], [], [0], [], []], 3), numbers: [] };
    const labels = Uint8Array.of(1, 1, 1, 0, 0, 0);

    const model = fitBoostedTrees(inputs, labels, undefined, { ...SETTINGS, treeCount: 1, depth: 1, l2: 0.5 });

    // Steps of 1 and −2/3, half of each, whose mean over six is −1/18.
    expect(shapeOf(model)).toEqual([{ input: 1, threshold: 0, no: 'leaf', yes: 'leaf' }]);
    expectClose(model.bases, [0, -1 / 18]);
    expectClose(
      treeScores(model, inputs),
      [5, 5, -2.5, -2.5, -2.5, -2.5].map((ninths) => ninths / 9),
    );
  });

  test.prop([fc.double({ min: -30, max: 30, noNaN: true }), fc.nat(1), fc.double({ min: 0, max: 9, noNaN: true })])(
    'follow the slope and curvature that finite differences find',
    (score, label, weight) => {
      const slopesAt = (s: number) => {
        const slopes = new Float64Array(2);
        lossSlopesInPlace(slopes, Float64Array.of(s), Uint8Array.of(label), Float64Array.of(weight));
        return slopes;
      };
      const loss = (s: number) => weight * (Math.log1p(Math.exp(-Math.abs(s))) + Math.max(s, 0) - label * s);
      const step = 1e-4;

      const [slope, curvature] = slopesAt(score);

      expect(Math.abs(slope - (loss(score + step) - loss(score - step)) / (2 * step))).toBeLessThan(1e-6);
      const slopeOfSlope = (slopesAt(score + step)[0] - slopesAt(score - step)[0]) / (2 * step);
      expect(Math.abs(curvature - slopeOfSlope)).toBeLessThan(1e-6);
    },
  );

  test.prop([anyRows, anySettings], { numRuns: 300 })(
    'are those that come of asking every row at every split',
    (rows, settings) => {
      const { model, inputs } = fitRows(rows, settings);

      const naive = naiveFit(rows, settings);
      expect(shapeOf(model)).toEqual(naive.shapes);
      expectClose(model.bases, naive.bases);
      expectClose(treeScores(model, inputs), naive.scores);
    },
  );

  it('learn at depth 2 what no sum over features can say, and not at depth 1', () => {
    const cells = [[], [], [], [0], [0], [1], [1], [0, 1], [0, 1]];
    const inputs = { presence: matrixOf(cells, 2), numbers: [] };
    const labels = Uint8Array.from(cells, (has) => has.length % 2);
    const parted = (depth: number) => {
      const settings = { ...SETTINGS, treeCount: 50, depth };
      const scores = treeScores(fitBoostedTrees(inputs, labels, undefined, settings), inputs);
      const of = (label: number) => [...scores].filter((_, n) => labels[n] === label);
      return Math.min(...of(1)) - Math.max(...of(0));
    };

    expect(parted(2)).toBeGreaterThan(3);
    expect(parted(1)).toBeLessThan(0);
  });

  test.prop([anyRows, anySettings])('say of each score what it is made of', (rows, settings) => {
    const { model, inputs } = fitRows(rows, settings);

    treeScores(model, inputs, 2).forEach((score, n) => {
      const parts = treeParts(model, inputs, n, 2);
      expect(parts.reduce((sum, [, amount]) => sum + amount, 0)).toBeCloseTo(score, 9);
      expect(parts.every(([input], i) => input < F + P && (i === 0 || parts[i - 1][0] < input))).toBe(true);
    });
  });

  it('credit the number, and only the number, that decides', () => {
    const inputs = { presence: matrixOf([[0], [], [0], []], 1), numbers: [Float32Array.of(1, 2, 3, 4)] };

    const model = fitBoostedTrees(inputs, Uint8Array.of(0, 0, 1, 1), undefined, SETTINGS);

    expect(treeParts(model, inputs, 3)).toEqual([[1, treeScores(model, inputs)[3]]]);
  });

  test.prop([anyRows, anySettings])('leave the mean of the fitted rows at 0', (rows, settings) => {
    const { model, inputs } = fitRows(rows, settings);

    const sum = treeScores(model, inputs).reduce((total, score, n) => total + score * rows[n].weight, 0);
    expect(sum).toBeCloseTo(0, 8);
  });

  test.prop([anyRows, anySettings])('cut after some trees are those of a fit with so many', (rows, settings) => {
    const { model, inputs } = fitRows(rows, settings);

    const stages = treeScoresAfter(model, inputs, [0, 1, 3, 99]);

    [0, 1, 3, 99].forEach((treeCount, i) => {
      const shorter = fitRows(rows, { ...settings, treeCount: Math.min(treeCount, settings.treeCount) }).model;
      expect(stages[i]).toEqual(treeScores(model, inputs, treeCount));
      expect(stages[i]).toEqual(treeScores(shorter, inputs));
      expect(model.bases.subarray(0, treeCount + 1)).toEqual(shorter.bases);
    });
  });

  test.prop([anyRows, anySettings])('are the same each time, and after a copy', (rows, settings) => {
    const { model, inputs } = fitRows(rows, settings);

    expect(fitRows(rows, settings).model).toEqual(model);
    expect(structuredClone(model)).toEqual(model);
    expect(treeScores(structuredClone(model), inputs)).toEqual(treeScores(model, inputs));
  });

  test.prop([anyRows, anySettings])('take a weight of 2 for two equal rows', (rows, settings) => {
    const repeated = rows.flatMap((row) => Array.from({ length: row.weight }, () => ({ ...row, weight: 1 })));
    const weighted = fitRows(rows, settings);
    const { model } = fitRows(repeated, settings);

    expect(shapeOf(model)).toEqual(shapeOf(weighted.model));
    expectClose(treeScores(model, weighted.inputs), treeScores(weighted.model, weighted.inputs));
  });

  test.prop([anyRows, anySettings, fc.nat(1000)])(
    'are the same where weights, L2 and the least of a leaf grow alike, however much',
    (rows, settings, exponent) => {
      const grown = rows.map((row) => ({ ...row, weight: row.weight * 2 ** exponent }));
      const { l2, minLeafHessian } = settings;

      const { model } = fitRows(grown, {
        ...settings,
        l2: l2 * 2 ** exponent,
        minLeafHessian: minLeafHessian * 2 ** exponent,
      });

      expect(model).toEqual(fitRows(rows, settings).model);
    },
  );

  it('ask of equal columns the first, presences before numbers, and a number for what lies above a value of its own', () => {
    const [presence, number] = [matrixOf([[1, 2], [1, 2], [], []], 3), Float32Array.of(9, 8, 2, 1)];
    const labels = Uint8Array.of(1, 1, 0, 0);
    const settings = { ...SETTINGS, treeCount: 1, depth: 1 };
    const rootOf = (inputs: TreeInputs) => shapeOf(fitBoostedTrees(inputs, labels, undefined, settings))[0];

    expect(rootOf({ presence, numbers: [number] })).toMatchObject({ input: 1, threshold: 0 });
    expect(rootOf({ presence: matrixOf([[], [], [], []], 3), numbers: [number, number] })).toMatchObject({
      input: 3,
      threshold: 2,
    });
  });

  it('score new rows by their own numbers, equal to a threshold as below it', () => {
    const [labels, empty] = [Uint8Array.of(0, 0, 1, 1), (count: number) => matrixOf(Array(count).fill([]), 0)];
    const fitted = { presence: empty(4), numbers: [Float32Array.of(1, 2, 3, 4)] };
    const model = fitBoostedTrees(fitted, labels, undefined, SETTINGS);
    const numbers = [Float32Array.of(-Infinity, -5, 2, 2.1, 3, Infinity)];

    const scores = treeScores(model, { presence: empty(6), numbers });

    const [low, , , high] = treeScores(model, fitted);
    expect([...scores]).toEqual([low, low, low, high, high, high]);
  });

  it('give a value that half of the rows have one bin, and share the other rows among the other bins', () => {
    const column = Float32Array.from({ length: 1400 }, (_, n) => Math.max(0, n - 699) ** 3);
    // Hundreds of like label by turns, so that a deep tree asks for every threshold there is.
    const labels = Uint8Array.from(column, (_, n) => (n < 700 ? 0 : Math.floor(n / 100) % 2));
    const inputs = { presence: matrixOf(Array(1400).fill([]), 0), numbers: [column] };

    const model = fitBoostedTrees(inputs, labels, undefined, { ...SETTINGS, depth: 8, l2: 0, binCount: 8 });

    const thresholds = [...new Set(model.thresholds.filter((_, m) => model.children[m] > 0))].sort((a, b) => a - b);
    const countsUpTo = thresholds.map((threshold) => column.filter((value) => value <= threshold).length);
    expect(countsUpTo).toEqual([700, 800, 900, 1000, 1100, 1200, 1300]);
  });

  it('tell columns apart whose numbers need more than 16 bits', () => {
    const [column, lookalike] = [70_000, 70_000 - 2 ** 16];
    const inputs = { presence: matrixOf([[column], [column], [lookalike], [lookalike], [], []], 80_000), numbers: [] };

    const settings = { ...SETTINGS, treeCount: 1, depth: 1 };
    const model = fitBoostedTrees(inputs, Uint8Array.of(1, 1, 0, 1, 0, 0), undefined, settings);

    expect(shapeOf(model)).toMatchObject([{ input: column }]);
  });

  it.each<[string, readonly Partial<Row>[], number]>([
    ['no rows', [], 0],
    ['rows of nothing', [{}, { label: 1 }], 0],
    ['labels that are all 1', [{ label: 1, has: [0] }, { label: 1 }, { label: 1, numbers: [5, 5] }], 0],
    ['labels that are all 0', [{ has: [0] }, {}, { numbers: [5, 5] }], 0],
    [
      'columns that all have',
      [
        { has: [0, 1], numbers: [7, 7] },
        { has: [0, 1], numbers: [7, 7], label: 1 },
      ],
      0,
    ],
    ['numbers at the ends', [{ numbers: [1e308, -1e308] }, { label: 1, numbers: [-1e308, 1e308] }], 5],
    [
      'weights that are all 0',
      [
        { weight: 0, has: [0] },
        { weight: 0, label: 1 },
      ],
      0,
    ],
    [
      'next to no weight',
      [
        { weight: 5e-324, has: [0] },
        { weight: 1e-310, label: 1 },
      ],
      0,
    ],
    ['a row next to which sums lose the others', [{ weight: 1e14, has: [0] }, { label: 1 }, { has: [1], label: 1 }], 0],
    ['a row that outweighs', [{ weight: 1e300, has: [0] }, { label: 1 }, { has: [1], label: 1 }], 0],
    ['all the weight there is', [{ weight: 1e308, has: [0] }, { weight: 1e308, label: 1 }, { weight: 1e308 }], 5],
    ['a rare label', [{ label: 1, has: [0] }, ...Array.from({ length: 5000 }, () => ({}))], 5],
  ])('stay finite with %s', (_, partial, treeCount) => {
    const rows = partial.map((row) => ({ has: [], numbers: [0, 0], label: 0, weight: 1, ...row }));
    const settings = { ...SETTINGS, learningRate: 1, minLeafHessian: 0, l2: 0 };

    const { model, inputs } = fitRows(rows, settings);

    const scores = treeScores(model, inputs);
    expect(scores).toHaveLength(rows.length);
    expect([...model.bases, ...model.values, ...scores].every(Number.isFinite)).toBe(true);
    expect(model.roots).toHaveLength(treeCount);
  });

  it('need neither columns nor trees', () => {
    const inputs = { presence: matrixOf([[], []], 0), numbers: [] };
    const labels = Uint8Array.of(0, 1);

    for (const few of [{}, { treeCount: 0 }, { depth: 0 }, { binCount: 1 }]) {
      const model = fitBoostedTrees(inputs, labels, undefined, { ...SETTINGS, ...few });
      expect([...treeScores(model, inputs)]).toEqual([0, 0]);
      expect(treeParts(model, inputs, 0)).toEqual([]);
    }
  });
});

function inputsOf(rows: readonly Row[]): TreeInputs {
  return {
    presence: matrixOf(
      rows.map(({ has }) => has),
      F,
    ),
    numbers: Array.from({ length: P }, (_, p) => Float32Array.from(rows, ({ numbers }) => numbers[p])),
  };
}

function fitRows(rows: readonly Row[], settings: TreeSettings) {
  const inputs = inputsOf(rows);
  const labels = Uint8Array.from(rows, ({ label }) => label);
  const weights = Float64Array.from(rows, ({ weight }) => weight);
  return { inputs, model: fitBoostedTrees(inputs, labels, weights, settings) };
}

function expectClose(actual: Float64Array, expected: ArrayLike<number>) {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 8);
  });
}

type Shape = 'leaf' | { readonly input: number; readonly threshold: number; readonly no: Shape; readonly yes: Shape };

function shapeOf({ roots, inputs, thresholds, children }: BoostedTrees): Shape[] {
  const from = (m: number): Shape =>
    children[m] === 0
      ? 'leaf'
      : { input: inputs[m], threshold: thresholds[m] + 0, no: from(children[m]), yes: from(children[m] + 1) };
  return Array.from(roots, from);
}

interface Example {
  readonly values: readonly number[];
  readonly label: number;
  readonly weight: number;
  score: number;
}

/** Each split by asking all rows of the node for every value there is; the same words for gain, step and tie. */
function naiveFit(rows: readonly Row[], settings: TreeSettings) {
  const all: Example[] = rows.map(({ has, numbers, label, weight }) => {
    const flags = Array.from({ length: F }, (_, f) => (has.includes(f) ? 1 : 0));
    return { values: [...flags, ...numbers.map(Math.fround)], label, weight, score: 0 };
  });
  const weightOf = (own: readonly Example[]) => own.reduce((sum, { weight }) => sum + weight, 0);
  const meanOf = () => all.reduce((sum, { weight, score }) => sum + weight * score, 0) / Math.max(1, weightOf(all));
  const ones = weightOf(all.filter(({ label }) => label === 1));
  const start = all.length === 0 ? 0 : Math.max(-20, Math.min(20, Math.log(ones / (weightOf(all) - ones))));
  for (const row of all) row.score = start;
  const least = Math.max(settings.minLeafHessian, 1e-12 * weightOf(all));
  const thresholds = Array.from({ length: F + P }, (_, input) =>
    input < F ? [0] : [...new Set(all.map((row) => row.values[input]))].sort((a, b) => b - a),
  );
  const bases = [start];
  const shapes: Shape[] = [];
  while (shapes.length < settings.treeCount) {
    const { shape, steps } = naiveTree(all, thresholds, { ...settings, minLeafHessian: least }, 0);
    if (shape === 'leaf') break;
    for (const [row, step] of steps) row.score += step;
    shapes.push(shape);
    bases.push(meanOf());
  }
  return { shapes, bases, scores: all.map(({ score }) => score - meanOf()) };
}

interface NaiveTree {
  readonly shape: Shape;
  readonly steps: readonly (readonly [Example, number])[];
}

function naiveTree(own: readonly Example[], thresholds: number[][], settings: TreeSettings, depth: number): NaiveTree {
  const { l2, minLeafHessian, learningRate } = settings;
  const node = naiveSums(own, l2);
  let best = node.gain + 1e-10 * (node.gain + node.curvature);
  let split: { input: number; threshold: number } | undefined;
  const sideOf = (input: number, threshold: number, isAbove: boolean) =>
    own.filter(({ values }) => values[input] > threshold === isAbove);
  for (const [input, candidates] of thresholds.entries()) {
    for (const threshold of candidates) {
      const [no, yes] = [false, true].map((isAbove) => naiveSums(sideOf(input, threshold, isAbove), l2));
      if (Math.min(no.curvature, yes.curvature) < minLeafHessian || no.gain + yes.gain <= best) continue;
      best = (no.gain + yes.gain) * (1 + 1e-10);
      split = { input, threshold };
    }
  }
  if (!split || depth === settings.depth) {
    return { shape: 'leaf', steps: own.map((row) => [row, node.step * learningRate]) };
  }
  const { input, threshold } = split;
  const [no, yes] = [false, true].map((isAbove) =>
    naiveTree(sideOf(input, threshold, isAbove), thresholds, settings, depth + 1),
  );
  return { shape: { input, threshold, no: no.shape, yes: yes.shape }, steps: [...no.steps, ...yes.steps] };
}

function naiveSums(own: readonly Example[], l2: number) {
  let [slope, curvature] = [0, 0];
  for (const { score, label, weight } of own) {
    const probability = 1 / (1 + Math.exp(-score));
    slope += weight * (probability - label);
    curvature += weight * probability * (1 - probability);
  }
  const isNothing = curvature + l2 === 0;
  return {
    curvature,
    gain: isNothing ? 0 : slope ** 2 / (curvature + l2),
    step: isNothing ? 0 : Math.max(-20, Math.min(20, -slope / (curvature + l2))),
  };
}
