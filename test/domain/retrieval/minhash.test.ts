import { readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { type Random, seededRandom } from '#domain/random.ts';
import {
  circulantStarts,
  estimateJaccard,
  featureWeightedSignatures,
  setSignatures,
  userWeightedSignatures,
} from '#domain/retrieval/minhash.ts';

/** A set as its features' names, or how much a user has of each. */
type Weights = ReadonlyMap<string, number>;

const H = 128;
const names = fc.uniqueArray(
  fc.nat(400).map((n) => `area:${n}`),
  { maxLength: 60 },
);

describe('minhash', () => {
  it('finds a set in itself and nothing of it in another', () => {
    const signatures = signaturesOf([['a', 'b', 'c'], ['a', 'b', 'c'], ['x', 'y', 'z'], []], H);

    expect([1, 2, 3].map((other) => estimateJaccard(signatures, H, 0, other))).toEqual([1, 0, 0]);
  });

  it('signs as it ever did, so that signatures of all times compare', () => {
    const { features, weights, set, featureWeighted, userWeighted } = JSON.parse(
      readFileSync('test/fixtures/minhash-v1.json', 'utf8'),
    );
    const row = matrixOf([[...features.keys()]], features.length);
    const starts = circulantStarts(features);

    expect([...setSignatures(row, starts, 16)]).toEqual(set);
    expect([...featureWeightedSignatures(row, starts, Float64Array.from(weights), 16)]).toEqual(featureWeighted);
    expect([...userWeightedSignatures({ ...row, weights: Float32Array.from(weights) }, starts, 16)]).toEqual(
      userWeighted,
    );
  });

  test.prop([names, fc.infiniteStream(fc.nat())])('ignores the order of the features', (set, keys) => {
    const keyed = set.map((name) => ({ name, key: keys.next().value ?? 0 }));

    const shuffled = keyed.sort((left, right) => left.key - right.key).map(({ name }) => name);

    expect(signaturesOf([shuffled], H)).toEqual(signaturesOf([set], H));
  });

  test.prop([names, names])('signs a union as the element-wise minimum', (left, right) => {
    const union = [...new Set([...left, ...right])];

    const [a, b] = [signaturesOf([left], H), signaturesOf([right], H)];

    expect(signaturesOf([union], H)).toEqual(a.map((rank, h) => Math.min(rank, b[h])));
  });

  test.prop([names, names])('begins a longer signature with the shorter one', (left, right) => {
    const long = signaturesOf([left, right], 64);

    const short = signaturesOf([left, right], 16);

    expect([...short]).toEqual([...long.subarray(0, 16), ...long.subarray(64, 80)]);
  });

  // Hoeffding's inequality at H = 512: fewer than one pair in 10¹⁷ misses by more than 0.2.
  test.prop([names, names])('estimates Jaccard similarity within 0.2', (left, right) => {
    const signatures = signaturesOf([left, right], 512);

    // Features that share a start are one to a signature.
    const [a, b] = [left, right].map((set) => new Set(circulantStarts(set)));
    const exact = a.size + b.size === 0 ? 1 : a.intersection(b).size / a.union(b).size;
    expect(Math.abs(estimateJaccard(signatures, 512, 0, 1) - exact)).toBeLessThan(0.2);
  });

  // Of 400 pairs each: the mean error has a standard deviation of σ/20, the root mean square one of 3.5 %.
  it.each([0.1, 0.3, 0.5, 0.7, 0.9])('errs at similarity %f as theory says, on neither side', (jaccard) => {
    const random = seededRandom(1997);
    const sets = Array.from({ length: 400 }, () => pairOfSets(random, 40, jaccard)).flat();

    const errors = errorsOf(signaturesOf(sets, H), () => jaccard);

    const sigma = Math.sqrt((jaccard * (1 - jaccard)) / H);
    expect(Math.abs(meanOf(errors))).toBeLessThan((5 * sigma) / 20);
    expect(rootMeanSquare(errors) / sigma).toBeLessThan(1.18);
    expect(rootMeanSquare(errors) / sigma).toBeGreaterThan(0.7);
    // By Hoeffding's inequality one pair in 10¹⁰ errs so much.
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.31);
  });
});

describe('minhash by the weights of features', () => {
  it('estimates the weight of what both have in that of what either has', () => {
    const random = seededRandom(2008);
    const sets = Array.from({ length: 400 }, () => pairOfSets(random, 24, 0.25 + random() / 2)).flat();
    const features = [...new Set(sets.flat())];
    const weights = Float64Array.from(features, () => 0.1 + 5 * random() ** 3);
    const weightOf = (chosen: Iterable<string>) =>
      [...chosen].reduce((sum, name) => sum + weights[features.indexOf(name)], 0);

    const signatures = featureWeightedSignatures(rowsOf(sets, features), circulantStarts(features), weights, H);

    expectUnbiased(signatures, (left, right) => {
      const [a, b] = [new Set(sets[left]), new Set(sets[right])];
      return weightOf(a.intersection(b)) / weightOf(a.union(b));
    });
  });

  it('estimates Jaccard similarity where all weights are equal', () => {
    const random = seededRandom(3);
    const sets = Array.from({ length: 400 }, () => pairOfSets(random, 30, 0.4)).flat();
    const features = [...new Set(sets.flat())];
    const equal = new Float64Array(features.length).fill(3);

    const signatures = featureWeightedSignatures(rowsOf(sets, features), circulantStarts(features), equal, H);

    expectUnbiased(signatures, () => 0.4);
  });

  test.prop([names, fc.array(fc.double({ min: 0.01, max: 9, noNaN: true }), { minLength: 60, maxLength: 60 })])(
    'reads weights against each other: twice of all is the same',
    (set, weights) => {
      const signed = (factor: number) =>
        featureWeightedSignatures(
          rowsOf([set], set),
          circulantStarts(set),
          Float64Array.from(set, (_, f) => factor * weights[f]),
          16,
        );

      expect(signed(2)).toEqual(signed(1));
    },
  );

  it('does not see a feature without weight', () => {
    const features = ['a', 'b'];
    const rows = rowsOf([['a', 'b'], ['a'], ['b'], []], features);

    const signatures = featureWeightedSignatures(rows, circulantStarts(features), Float64Array.of(1, 0), H);

    expect(signatures.subarray(0, H)).toEqual(signatures.subarray(H, 2 * H));
    expect(signatures.subarray(2 * H, 3 * H)).toEqual(signatures.subarray(3 * H));
  });
});

describe("minhash by users' own weights", () => {
  const random = seededRandom(2010);
  const pairs = Array.from({ length: 400 }, () => pairOfUsers(random)).flat();

  it.each([1, 2, 1e-3])('estimates Σmin / Σmax, weights times %d', (factor) => {
    const scaled = pairs.map((user) => new Map([...user].map(([name, weight]) => [name, factor * weight] as const)));

    const signatures = signaturesOfUsers(scaled, 64);

    expectUnbiased(signatures, (left, right) => weightedJaccard(pairs[left], pairs[right]), 64);
  });

  it('estimates Jaccard similarity where all weights are equal', () => {
    const sets = Array.from({ length: 400 }, () => pairOfSets(random, 20, 0.6)).flat();

    const signatures = signaturesOfUsers(
      sets.map((set) => new Map(set.map((name) => [name, 7] as const))),
      64,
    );

    expectUnbiased(signatures, () => 0.6, 64);
  });

  test.prop([names])('takes no weights for weights of 1', (set) => {
    const bare = userWeightedSignatures(rowsOf([set], set), circulantStarts(set), 8);

    expect(bare).toEqual(signaturesOfUsers([new Map(set.map((name) => [name, 1] as const))], 8));
  });

  it('ignores the order of the features, and tells a weight from a much larger one', () => {
    const [user, reversed, heavy] = [
      pairs[0],
      new Map([...pairs[0]].reverse()),
      new Map([...pairs[0]].map(([name, weight]) => [name, 1e6 * weight] as const)),
    ];

    const signatures = signaturesOfUsers([user, reversed, heavy, new Map()], H);

    expect(estimateJaccard(signatures, H, 0, 1)).toBe(1);
    expect(estimateJaccard(signatures, H, 0, 2)).toBeLessThan(0.02);
    expect(estimateJaccard(signatures, H, 0, 3)).toBeLessThan(0.02);
  });
});

function rowsOf(sets: readonly (readonly string[])[], features: readonly string[]) {
  const columns = new Map(features.map((name, f) => [name, f]));
  return matrixOf(
    sets.map((set) => set.map((name) => columns.get(name) ?? 0)),
    features.length,
  );
}

function signaturesOf(sets: readonly (readonly string[])[], count: number): Uint16Array {
  const features = [...new Set(sets.flat())];
  return setSignatures(rowsOf(sets, features), circulantStarts(features), count);
}

function signaturesOfUsers(users: readonly Weights[], count: number): Uint16Array {
  const sets = users.map((user) => [...user.keys()]);
  const features = [...new Set(sets.flat())];
  const weights = Float32Array.from(users.flatMap((user) => [...user.values()]));
  return userWeightedSignatures({ ...rowsOf(sets, features), weights }, circulantStarts(features), count);
}

/** Two sets of fresh names with `unionSize` features in all and a given Jaccard similarity, as near as it gets. */
function pairOfSets(random: Random, unionSize: number, jaccard: number): [string[], string[]] {
  const fresh = (count: number) => Array.from({ length: count }, () => `f:${Math.floor(random() * 2 ** 32)}`);
  const both = Math.round(jaccard * unionSize);
  const left = Math.floor((unionSize - both) / 2);
  const common = fresh(both);
  return [
    [...common, ...fresh(left)],
    [...fresh(unionSize - both - left), ...common],
  ];
}

/** Two users with some of their features in common, but as a rule not as much of each. */
function pairOfUsers(random: Random): [Weights, Weights] {
  const weighted = (set: readonly string[]) => new Map(set.map((name) => [name, Math.fround(0.1 + 4 * random())]));
  const [left, right] = pairOfSets(random, 16, 0.3 + random() / 2);
  return [weighted(left), weighted(right)];
}

function weightedJaccard(left: Weights, right: Weights): number {
  const all = [...new Set([...left.keys(), ...right.keys()])].map((name) => [
    left.get(name) ?? 0,
    right.get(name) ?? 0,
  ]);
  const sumOf = (pick: (...pair: number[]) => number) => all.reduce((sum, pair) => sum + pick(...pair), 0);
  return sumOf(Math.min) / sumOf(Math.max);
}

/** By how much the estimates of the pairs (0, 1), (2, 3), … miss. */
function errorsOf(
  signatures: Uint16Array,
  exact: (left: number, right: number) => number,
  count: number = H,
): number[] {
  return Array.from({ length: signatures.length / count / 2 }, (_, pair) => {
    const [left, right] = [2 * pair, 2 * pair + 1];
    return estimateJaccard(signatures, count, left, right) - exact(left, right);
  });
}

/** Within five standard deviations of the mean error, and of the size of errors, over these pairs. */
function expectUnbiased(
  signatures: Uint16Array,
  exact: (left: number, right: number) => number,
  count: number = H,
): void {
  const errors = errorsOf(signatures, exact, count);
  const variances = errors.map((_, pair) => {
    const similarity = exact(2 * pair, 2 * pair + 1);
    return (similarity * (1 - similarity)) / count;
  });
  const sigma = Math.sqrt(meanOf(variances));
  expect(Math.abs(meanOf(errors))).toBeLessThan((5 * sigma) / Math.sqrt(errors.length));
  expect(rootMeanSquare(errors) / sigma).toBeLessThan(1 + 5 * Math.sqrt(1 / (2 * errors.length)));
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

function rootMeanSquare(numbers: readonly number[]): number {
  return Math.sqrt(meanOf(numbers.map((x) => x * x)));
}
