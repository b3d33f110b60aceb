import { gunzipSync, gzipSync } from 'node:zlib';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { inputFormats } from '#adapters/formats/input-formats.ts';
import { Invalid } from '#application/errors.ts';
import type { User } from '#domain/features/shard.ts';
import { usersOfRows } from '../../domain/rows-of-users.ts';

function sourceOf(bytes: Uint8Array, chunkBytes = 50) {
  return async () =>
    (async function* () {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
    })();
}

async function piecesOf(text: string, bytes: number): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of inputFormats.pieces('a.gz', sourceOf(gzipSync(text)), bytes)) {
    pieces.push(new TextDecoder().decode(piece));
  }
  return pieces;
}

async function usersIn(text: string): Promise<User[]> {
  return usersOfRows(await Array.fromAsync(inputFormats.users('a', sourceOf(new TextEncoder().encode(text)))));
}

const cell = fc.string({ unit: fc.constantFrom('a', '"', '\n', ',', ' ', 'é'), maxLength: 8 });

describe('pieces of a long gzipped file', () => {
  it('are whole lines of NDJSON, none lost and none twice', async () => {
    const lines = Array.from({ length: 50 }, (_, n) => `{"id":"u${n}","features":["a\\"b"]}\n`);

    const pieces = await piecesOf(lines.join(''), 200);

    expect(pieces.map((piece) => piece.trimStart()).join('')).toBe(lines.join(''));
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.every((piece) => piece.endsWith('\n'))).toBe(true);
  });

  test.prop([fc.array(cell, { minLength: 1, maxLength: 30 }), fc.integer({ min: 20, max: 200 })])(
    'of CSV hold the very records of the file, whatever stands in quotes',
    async (cells, bytes) => {
      const rows = cells.map((text, n) => `u${n},"${text.replaceAll('"', '""')}"\n`);
      const text = `id,city\n${rows.join('')}`;

      const pieces = await piecesOf(text, bytes);

      expect((await Promise.all(pieces.map(usersIn))).flat()).toEqual(await usersIn(text));
      expect(pieces.every((piece) => piece.startsWith('id,city\n'))).toBe(true);
    },
  );

  it('of one feature a row are refused, because a cut would part a user’s rows', async () => {
    for (const header of ['id,feature', '"id";"feature"', '\n\n\ufeffID\tFeature']) {
      await expect(piecesOf(`${header}\nu1,a\n`, 100)).rejects.toThrow(
        'a.gz: expected users that stand in one row each in a gzipped file of this size, got one feature a row; split it into smaller files, or leave it plain',
      );
    }
  });

  it('of NDJSON may begin with a line of an odd number of quotes, or with a long one', async () => {
    const inches = `{"id":"u0","features":["size:5\\""]}\n${'{"id":"u1","features":["a"]}\n'.repeat(50_000)}`;
    const long = `{"id":"u0","features":[${Array.from({ length: 9_999 }, (_, n) => `"${'x'.repeat(120)}${n}"`).join()}]}\n`;

    for (const text of [inches, long]) {
      const pieces = await piecesOf(text, 100_000);
      expect(pieces.map((piece) => piece.trimStart()).join('')).toBe(text);
    }
  });

  it('are refused where the file is cut, empty, or one line without end', async () => {
    const cut = gzipSync('{"id":"u1","features":[]}\n'.repeat(999)).subarray(0, 80);
    const pieces = inputFormats.pieces('a.gz', sourceOf(cut), 100);

    await expect(Array.fromAsync(pieces)).rejects.toThrow(Invalid);
    await expect(piecesOf('', 100)).rejects.toThrow('a.gz: expected at least one user, got none');
    await expect(piecesOf('x'.repeat(2 ** 20 + 99), 100)).rejects.toThrow(
      'a.gz: expected a first line of at most 1 MiB',
    );
    expect(() => gunzipSync(cut)).toThrow();
  });
});
