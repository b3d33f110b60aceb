/** Files in parts by call: how they are cut, pages of addresses, and an end for files of the batch alone. */
import { describe, expect, it } from 'vitest';
import type { Transfers } from '#application/ports.ts';
import {
  beginTransfer,
  endTransfer,
  PartsQuery,
  partsOf,
  TransferEnd,
} from '#application/upload/requested-transfer.ts';

const MIB = 2 ** 20;
const FILE = { population: 'people', batch: 'b1', file: 'a.csv' };
const TAG = '0123456789abcdef0123456789abcdef';

function transfersTold() {
  const ended: unknown[] = [];
  const transfers: Transfers = {
    writeSeconds: 9,
    begin: async () => 't',
    toPart: async (name, transfer, part) => `${name} ${transfer} ${part}`,
    end: async (...asked) => {
      ended.push(asked);
    },
  };
  return { transfers, ended };
}

describe('a file in parts', () => {
  it.each([
    [32 * MIB + 1, 32 * MIB, 2],
    [320_000 * MIB, 32 * MIB, 10_000],
    [320_000 * MIB + 1, 32 * MIB + 1, 10_000],
    [5 * 2 ** 40, 549_755_814, 10_000],
  ])('of %d bytes is cut every %d bytes, into %d', async (bytes, partBytes, parts) => {
    const { transfers } = transfersTold();

    expect(await beginTransfer(transfers, 'x', bytes)).toEqual({ id: 't', partBytes, parts });
    expect(partBytes * parts).toBeGreaterThanOrEqual(bytes);
  });

  it.each([
    [{}, 1, 500],
    [{ from: '2', count: '3' }, 2, 4],
    [{ from: '9999' }, 9_999, 10_000],
  ])('has the addresses that %j asks for: %d to %d', async (query, first, last) => {
    const { transfers } = transfersTold();

    const { expires, parts } = await partsOf(transfers, FILE, PartsQuery.parse({ transfer: 't', ...query }));

    expect(expires).toBe(9);
    expect([parts[0], parts.at(-1)]).toEqual(
      [first, last].map((part) => ({ part, url: `populations/people/b1/a.csv t ${part}` })),
    );
    expect(parts).toHaveLength(last - first + 1);
  });

  it.each([{ count: 501 }, { count: 0 }, { from: 0 }, { from: 10_001 }, { transfer: '' }])(
    'has none for %j',
    (query) => {
      expect(PartsQuery.safeParse({ transfer: 't', ...query }).success).toBe(false);
    },
  );

  it('ends by the tags of its parts, with quotes or without', async () => {
    const { transfers, ended } = transfersTold();

    expect(await endTransfer(transfers, FILE, { transfer: 't', tags: [TAG, `"${TAG}"`] })).toEqual({ name: 'a.csv' });
    expect(ended).toEqual([['populations/people/b1/a.csv', 't', [TAG, TAG]]]);
    for (const tags of [[], ['x'], Array.from({ length: 10_001 }, () => TAG)])
      expect(TransferEnd.safeParse({ transfer: 't', tags }).success).toBe(false);
  });

  it.each([
    { ...FILE, population: '../x' },
    { ...FILE, batch: '..' },
    { ...FILE, file: '_SUCCESS' },
    { ...FILE, file: 'options.json' },
    { ...FILE, file: '../c/a.csv' },
  ])('is none for %j', async (file) => {
    const { transfers, ended } = transfersTold();

    await expect(endTransfer(transfers, file, { transfer: 't', tags: [TAG] })).rejects.toThrow('expected');
    await expect(partsOf(transfers, file, PartsQuery.parse({ transfer: 't' }))).rejects.toThrow('expected');
    expect(ended).toEqual([]);
  });
});
