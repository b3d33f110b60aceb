import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { shown } from '#application/shown.ts';

describe('a value as a message shows it', () => {
  it.each([
    [undefined, 'nothing'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['a\nb', '"a\\nb"'],
    ['\u009b31m\u202e', '"\\u{9b}31m\\u{202e}"'],
    [{ a: [1], b: 2 }, '{"a":"…","b":2}'],
    ['x'.repeat(61), `"${'x'.repeat(56)}…`],
  ])('%j is %s', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  it('does not end in half a letter', () => {
    expect(shown(`${'x'.repeat(55)}😀😀😀`)).toBe(`"${'x'.repeat(55)}\\u{d83d}…`);
  });

  it('stays short of what is deeper than the stack is high', () => {
    expect(shown(JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`))).toBe('["…"]');
  });

  test.prop([fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue())])('is one line without commands', (value) => {
    expect(shown(value)).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]{1,500}$/u);
  });
});
