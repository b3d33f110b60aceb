import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { topK } from '#domain/ranking/top-k.ts';

const tied = fc.constantFrom(0, -0, 1, -1, 0.5, -0.5, 1e-45, -1e-45);
const score = fc.oneof(tied, fc.float({ noNaN: true, noDefaultInfinity: true }));
const scores = fc.array(score, { maxLength: 60 }).map((list) => Float32Array.from(list));

describe('top k', () => {
  it('gives the best rows, best first, equal scores by row', () => {
    expect([...topK(Float32Array.of(0.5, 2, -1, 2, 0.5), 3)]).toEqual([1, 3, 0]);
  });

  it('takes 0 and −0 for one score, between the positive and the negative', () => {
    expect([...topK(Float32Array.of(-0, -1, 0, 1e-45, -0, -1e-45), 6)]).toEqual([3, 0, 2, 4, 5, 1]);
  });

  it.each([
    ['k of 0', [3, 1], 0, []],
    ['nobody', [], 5, []],
    ['k above the number of rows', [1, 3], 9, [1, 0]],
    ['k without bound', [1, 3], Number.MAX_SAFE_INTEGER, [1, 0]],
  ])('takes %s', (_, list, k, best) => {
    expect([...topK(Float32Array.from(list), k)]).toEqual(best);
  });

  test.prop([scores, fc.nat(70)])('is the head of a full stable sort', (list, k) => {
    expect([...topK(list, k)]).toEqual(sortedRows(list).slice(0, k));
  });

  test.prop([scores, fc.nat(70)])('reads the scores where they stand in a larger buffer', (list, k) => {
    const buffer = Float32Array.of(9, ...list, 9);

    expect(topK(buffer.subarray(1, 1 + list.length), k)).toEqual(topK(list, k));
  });

  // Longer than the room for candidates, which is then pruned again and again.
  it.each([1, 7, 500, 511, 512, 513, 4000, 9999, 10_000])('prunes a long stream to its best %i', (k) => {
    const random = seededRandom(k);
    const coarse = Float32Array.from({ length: 10_000 }, () => Math.floor(random() * 300) / 100 - 1.5);
    const rising = Float32Array.from({ length: 10_000 }, (_, n) => n);
    const falling = rising.map((n) => -n);

    for (const list of [coarse, rising, falling]) expect([...topK(list, k)]).toEqual(sortedRows(list).slice(0, k));
  });

  it('refuses more rows than their numbers have bits', () => {
    const atTheLimit = new Float32Array(2 ** 21);
    atTheLimit[2 ** 21 - 1] = 1;

    expect([...topK(atTheLimit, 2)]).toEqual([2 ** 21 - 1, 0]);
    expect(() => topK(new Float32Array(2 ** 21 + 1), 2)).toThrow('expected at most 2097152 scores, got 2097153');
  });
});

function sortedRows(list: Float32Array): number[] {
  return [...list.keys()].sort((left, right) => list[right] - list[left] || left - right);
}
