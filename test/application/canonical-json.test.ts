import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '#application/canonical-json.ts';

/** The same value with its names in the opposite order, at every depth. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, each]) => [name, reversed(each)]),
  );
}

describe('canonical JSON', () => {
  it('puts names in order, and leaves lists in theirs', () => {
    expect(canonicalJson({ b: [2, 1, { d: null, c: 'x' }], a: 1 })).toBe('{"a":1,"b":[2,1,{"c":"x","d":null}]}');
  });

  test.prop([fc.jsonValue()])('is one text for a value, in whatever order its names are', (value) => {
    const sent: unknown = JSON.parse(JSON.stringify(value));

    expect(canonicalJson(reversed(sent))).toBe(canonicalJson(sent));
    expect(JSON.parse(canonicalJson(sent))).toEqual(sent);
  });
});
