import { describe, expect, it } from 'vitest';
import { giveBack, type Reader, STATUS, takeReader } from '#domain/kernels/reader.ts';

const LINES = '{"id":"u1","features":["a","b"]}\n{"id":"ü","features":["b","c"],"weights":[0,2.5]}\n';

/** Reads a text; says how many bytes of it. */
function read(reader: Reader, text: string): number {
  const bytes = new TextEncoder().encode(text);
  const start = reader.INPUT.value;
  new Uint8Array(reader.memory.buffer).set(bytes, start);
  return reader.readNdjson(start, start + bytes.length) - start;
}

function columnsOf(reader: Reader): Uint32Array {
  return new Uint32Array(reader.memory.buffer, reader.COLUMNS.value, reader.columnCount.value).slice();
}

function textAt(reader: Reader, at: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(reader.memory.buffer, at, length));
}

describe('the kernel that reads rows', () => {
  it('numbers features as it meets them, and leaves out those of no weight', () => {
    const reader = takeReader();

    const end = read(reader, LINES);

    const weights = new Float32Array(reader.memory.buffer, reader.WEIGHTS.value, 3);
    expect([end, reader.status.value]).toEqual([new TextEncoder().encode(LINES).length, STATUS.done]);
    expect([reader.rowCount.value, reader.featureCount.value, reader.line.value]).toEqual([2, 3, 2]);
    expect([columnsOf(reader), weights]).toEqual([Uint32Array.of(0, 1, 2), Float32Array.of(1, 1, 2.5)]);
    giveBack(reader);
  });

  it.each([
    ['half a surrogate pair', '{"id":"u1","features":["\\ud83d\\u0061"]}\n'],
    ['what is no escape', '{"id":"u\\x","features":[]}\n'],
    ['another order', '{"features":[],"id":"u1"}\n'],
    ['a feature twice', '{"id":"u1","features":["a","a"]}\n'],
    ['too few weights', '{"id":"u1","features":["a","b"],"weights":[1]}\n'],
    ['a weight of more digits than fit', '{"id":"u1","features":["a"],"weights":[0.1234567890123456]}\n'],
    ['no JSON', 'u1,a\n'],
  ])('stops before a line of %s, and keeps nothing of its row', (_, line) => {
    const reader = takeReader();

    const end = read(reader, `{"id":"u0","features":["z"]}\n${line}`);

    expect([end, reader.status.value]).toEqual([29, STATUS.unusual]);
    expect([reader.rowCount.value, columnsOf(reader)]).toEqual([1, Uint32Array.of(0)]);
    giveBack(reader);
  });

  it('reads escapes as they are meant', () => {
    const reader = takeReader();

    read(reader, '{"id":"\\u00fc\\"\\\\\\n","features":["\\u0000\\b\\f\\r\\t\\/\\u00E9\\u4e2d\\ud83d\\uDE00x"]}\n');

    const [at, length] = new Uint32Array(reader.memory.buffer, reader.IDS.value, 2);
    expect([reader.status.value, textAt(reader, at, length)]).toEqual([STATUS.done, 'ü"\\\n']);
    expect(textAt(reader, reader.nameAt(0), reader.nameLength(0))).toBe('\u0000\b\f\r\t/é中😀x');
    giveBack(reader);
  });

  it.each([1_000, 1_019, 1_021, 1_023])('leaves nothing out of a text of an escape and %d letters', (count) => {
    const reader = takeReader();
    const name = `\n${'x'.repeat(count)}`;

    read(reader, `${JSON.stringify({ id: name, features: [name] })}\n`);

    const [at, length] = new Uint32Array(reader.memory.buffer, reader.IDS.value, 2);
    const texts = [textAt(reader, at, length), textAt(reader, reader.nameAt(0), reader.nameLength(0))];
    expect(reader.status.value === STATUS.unusual ? [name, name] : texts).toEqual([name, name]);
    expect(count > 1_000 || reader.status.value === STATUS.done).toBe(true);
    giveBack(reader);
  });

  it('is used again, with nothing of what it knew, unless it has grown large', () => {
    const first = takeReader();
    read(first, LINES);
    giveBack(first);
    const second = takeReader();
    const third = takeReader();
    third.allocate(2 ** 24);
    giveBack(third);

    expect([second === first, second.featureCount.value, second.rowCount.value]).toEqual([true, 0, 0]);
    expect(takeReader()).not.toBe(third);
  });

  it('knows a hundred thousand names apart', () => {
    const reader = takeReader();
    for (let n = 0; n < 100_000; n += 50) {
      const names = Array.from({ length: 50 }, (_, m) => `"${'long name '.repeat(n % 5)}${n + m}"`);
      read(reader, `{"id":"u","features":[${names.join()}]}\n{"id":"v","features":[${names.toReversed().join()}]}\n`);
      const columns = columnsOf(reader);
      expect(columns.subarray(0, 50)).toEqual(Uint32Array.from({ length: 50 }, (_, m) => n + m));
      expect(columns.subarray(50)).toEqual(columns.slice(0, 50).reverse());
      reader.takeRows();
    }

    expect(reader.featureCount.value).toBe(100_000);
    giveBack(reader);
  });
});
