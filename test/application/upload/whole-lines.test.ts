import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { wholeLines } from '#application/upload/whole-lines.ts';

/** The lines of one range of the text, its bytes coming in chunks of that size. */
async function linesOf(text: string, start: number, end: number, chunkBytes: number): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const from = Math.max(0, start - 1);
  async function* chunks() {
    for (let at = from; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const found: number[] = [];
  for await (const chunk of wholeLines(chunks(), start > 0, end - from)) found.push(...chunk);
  return new TextDecoder().decode(Uint8Array.from(found));
}

describe('whole lines', () => {
  it.each([
    [0, 3, 'ab\n'],
    [0, 4, 'ab\ncd\n'],
    [3, 6, 'cd\n'],
    [1, 3, ''],
    [2, 4, 'cd\n'],
    [4, 7, 'e'],
    [6, 7, 'e'],
  ])('from byte %d to %d of "ab, cd, e" are %j', async (start, end, expected) => {
    expect(await linesOf('ab\ncd\ne', start, end, 2)).toBe(expected);
  });

  test.prop([
    fc.array(fc.string({ maxLength: 6 }), { maxLength: 12 }),
    fc.boolean(),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 7 }),
  ])('of ranges that cover a file are the file, each line in one range', async (lines, isEnded, step, chunkBytes) => {
    const text = lines.map((line) => line.replaceAll('\n', '')).join('\n') + (isEnded ? '\n' : '');
    const length = new TextEncoder().encode(text).length;

    const parts: string[] = [];
    for (let start = 0; start < length; start += step) {
      parts.push(await linesOf(text, start, Math.min(length, start + step), chunkBytes));
    }

    expect(parts.join('')).toBe(text);
    expect(parts.slice(0, -1).every((part) => part === '' || part.endsWith('\n') || !text.endsWith('\n'))).toBe(true);
  });

  it('reads no further than the end of the last line', async () => {
    let reads = 0;
    async function* chunks() {
      for (const text of ['ab\ncd', '\nef\n', 'gh\n']) {
        reads++;
        yield new TextEncoder().encode(text);
      }
    }

    for await (const _ of wholeLines(chunks(), false, 4));

    expect(reads).toBe(2);
  });
});
