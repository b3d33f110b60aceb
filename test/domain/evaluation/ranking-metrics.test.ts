import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  areaUnderCurve,
  liftAt,
  precisionAt,
  qualityAt,
  rankingQuality,
  recallAt,
} from '#domain/evaluation/ranking-metrics.ts';

/** Best first, with many ties, and at least one positive and one other. */
const ranking = fc
  .array(fc.tuple(fc.constantFrom(-2, -0.5, -0, 0, 0, 1, 3), fc.constantFrom(0, 1)), { minLength: 2, maxLength: 40 })
  .filter((users) => new Set(users.map(([, positive]) => positive)).size === 2)
  .map((users) => users.sort(([left], [right]) => right - left))
  .map((users) => ({
    scores: Float32Array.from(users, ([score]) => score),
    positive: Uint8Array.from(users, ([, positive]) => positive),
  }));

/** Ten users, four of them positive: first, second, fourth and ninth. */
const scores = Float32Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
const positive = Uint8Array.of(1, 1, 0, 1, 0, 0, 0, 0, 1, 0);

describe('area under the curve', () => {
  it('is the share of pairs in the right order', () => {
    // Of 6 others the first two positives are above 6 each, the fourth user above 5, the ninth above 1.
    expect(areaUnderCurve(scores, positive)).toBe((6 + 6 + 5 + 1) / 24);
  });

  it.each([
    ['all positives first', [3, 2, 1, 0], [1, 1, 0, 0], 1],
    ['all positives last', [3, 2, 1, 0], [0, 0, 1, 1], 0],
    ['one score for all', [1, 1, 1, 1], [1, 0, 0, 0], 0.5],
    ['0 and −0', [0, -0, 0], [0, 1, 0], 0.5],
    ['a tie of two at the top', [2, 2, 1], [1, 0, 0], 0.75],
  ])('counts ties half: %s', (_, list, hits, area) => {
    expect(areaUnderCurve(Float32Array.from(list), Uint8Array.from(hits))).toBe(area);
  });

  test.prop([ranking])('is the mean over all pairs of a positive and another', (users) => {
    const pairs = pairsOf(users).map(([hit, other]) => (hit > other ? 1 : hit === other ? 0.5 : 0));

    const mean = pairs.reduce((sum: number, pair) => sum + pair, 0) / pairs.length;
    expect(areaUnderCurve(users.scores, users.positive)).toBeCloseTo(mean, 12);
  });

  test.prop([ranking])('is turned around when the ranking is', (users) => {
    const area = areaUnderCurve(users.scores, users.positive);

    const turned = areaUnderCurve(users.scores.map((score) => -score).reverse(), users.positive.toReversed());
    expect(turned).toBeCloseTo(1 - area, 12);
  });
});

describe('the first k', () => {
  it.each([
    { k: 1, precision: 1, recall: 1 / 4, lift: 1 / 0.4 },
    { k: 3, precision: 2 / 3, recall: 2 / 4, lift: 2 / 3 / 0.4 },
    { k: 4, precision: 3 / 4, recall: 3 / 4, lift: 3 / 4 / 0.4 },
    { k: 10, precision: 4 / 10, recall: 1, lift: 1 },
  ])('have the precision, recall and lift that a hand counts at $k', ({ k, precision, recall, lift }) => {
    expect(precisionAt(positive, k)).toBe(precision);
    expect(recallAt(positive, k)).toBe(recall);
    expect(liftAt(positive, k)).toBeCloseTo(lift, 12);
    expect(qualityAt(scores, positive, k)).toEqual({
      auc: 0.75,
      precision,
      recall,
      lift: expect.closeTo(lift, 12),
    });
  });

  it('are judged at K = the number of positives, and recall in the first tenth', () => {
    const many = new Uint8Array(29);
    many.set([1, 0, 1, 1]);

    // K = 3: two of the first three. A tenth of 29, rounded down: one of three positives in the first two.
    expect(rankingQuality(new Float32Array(29), many)).toEqual({
      auc: 0.5,
      precision: 2 / 3,
      recall: 1 / 3,
      lift: expect.closeTo(2 / 3 / (3 / 29), 12),
    });
  });

  it('are one at least, where a tenth is less', () => {
    expect(rankingQuality(Float32Array.of(2, 1), Uint8Array.of(1, 0))?.recall).toBe(1);
  });

  it.each([
    ['no positives', [0, 0]],
    ['nobody but positives', [1, 1]],
    ['nobody', []],
  ])('cannot be judged where there is nothing to tell apart: %s', (_, hits) => {
    const list = Uint8Array.from(hits);

    expect(rankingQuality(new Float32Array(list.length), list)).toBeUndefined();
    expect(qualityAt(new Float32Array(list.length), list, 1)).toBeUndefined();
  });

  test.prop([ranking, fc.integer({ min: 1, max: 40 })])('have hits that tie precision, recall and lift', (users, k) => {
    const { length } = users.positive;
    fc.pre(k <= length);

    const hits = users.positive.subarray(0, k).reduce((sum, hit) => sum + hit, 0);
    const all = users.positive.reduce((sum, hit) => sum + hit, 0);
    expect(precisionAt(users.positive, k)).toBe(hits / k);
    expect(recallAt(users.positive, k)).toBe(hits / all);
    expect(liftAt(users.positive, k)).toBeCloseTo(recallAt(users.positive, k) / (k / length), 10);
  });
});

/** The scores of every positive and every other. */
function pairsOf(users: { readonly scores: Float32Array; readonly positive: Uint8Array }): [number, number][] {
  const scoresOf = (mark: number) => users.scores.filter((_, n) => users.positive[n] === mark);
  return [...scoresOf(1)].flatMap((hit) => [...scoresOf(0)].map((other): [number, number] => [hit, other]));
}
