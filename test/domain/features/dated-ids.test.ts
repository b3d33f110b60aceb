import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type DatedIds, mergeDatedIds } from '#domain/features/dated-ids.ts';

const anyIds = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', '\u00e9'), fc.integer({ min: 0, max: 5 })), { maxLength: 8 })
  .map((pairs): DatedIds => {
    const byId = new Map(pairs);
    return { ids: [...byId.keys()], moments: Float64Array.from(byId.values()) };
  });
const limits = fc.integer({ min: 1, max: 7 });

function asMap({ ids, moments }: DatedIds): Map<string, number> {
  expect(moments).toHaveLength(ids.length);
  return new Map(ids.map((id, n) => [id, moments[n]]));
}

/** All pairs in one list, sorted: the obvious way. */
function naive(parts: readonly DatedIds[], limit: number): Map<string, number> {
  const pairs = parts.flatMap(({ ids, moments }) => ids.map((id, n) => ({ id, moment: moments[n] })));
  const sorted = pairs.sort((left, right) => right.moment - left.moment || (left.id < right.id ? -1 : 1));
  return new Map(
    [...new Set(sorted.map(({ id }) => id))]
      .slice(0, limit)
      .map((id) => [id, sorted.find((pair) => pair.id === id)?.moment ?? 0]),
  );
}

describe('dated ids', () => {
  it('keep the latest moment of each, and of too many the latest', () => {
    const first = { ids: ['a', 'b', 'c'], moments: Float64Array.of(1, 1, 1) };
    const second = { ids: ['c', 'd'], moments: Float64Array.of(2, 2) };

    expect(asMap(mergeDatedIds([first, second], 3))).toEqual(
      new Map([
        ['a', 1],
        ['c', 2],
        ['d', 2],
      ]),
    );
  });

  test.prop([fc.array(anyIds, { maxLength: 4 }), limits])('are what sorting all of them gives', (parts, limit) => {
    expect(asMap(mergeDatedIds(parts, limit))).toEqual(naive(parts, limit));
  });

  test.prop([anyIds, anyIds, anyIds, limits])('merge in any order, in pieces, and twice', (a, b, c, limit) => {
    const whole = asMap(mergeDatedIds([a, b, c], limit));

    expect(asMap(mergeDatedIds([c, a, b], limit))).toEqual(whole);
    expect(asMap(mergeDatedIds([mergeDatedIds([a, b], limit), c], limit))).toEqual(whole);
    expect(asMap(mergeDatedIds([mergeDatedIds([a, b, c], limit), b, a], limit))).toEqual(whole);
  });
});
