import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { readIds } from '#adapters/formats/id-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { audienceCsv } from '#application/audience-files.ts';
import type { IdList } from '#application/id-list.ts';
import { temporaryFile } from '../temporary-folder.ts';

async function listIn(content: string | Uint8Array): Promise<IdList> {
  return readIds(await openInput(temporaryFile(content)));
}

describe('id file', () => {
  it.each([
    ['one id a line', 'u1\nu2\nu3\n'],
    ['CRLF, a byte order mark and no line end at the end', '\ufeffu1\r\nu2\r\nu3'],
    ['blank lines', '\n\nu1\n\nu2\n\r\nu3\n\n'],
    ['quotes', '"u1"\n"u2"\nu3\n'],
    ['a header of one column', 'id\nu1\nu2\nu3\n'],
    ['a header in capitals', 'USER_ID\nu1\nu2\nu3\n'],
    ['a header between spaces', ' id \nu1\nu2\nu3\n'],
    ['an audience of akin’s', 'rank,user_id,score\n1,u1,0.9\n2,u2,0.8\n3,u3,0.7\n'],
    ['semicolons', 'name;id\na;u1\nb;u2\nc;u3\n'],
    ['tabs', 'name\tid\na\tu1\nb\tu2\nc\tu3\n'],
    ['NDJSON with id', '{"id":"u1"}\n\n{"id":"u2","features":[]}\n{"id":"u3"}'],
    ['NDJSON with user_id', '{"user_id":"u1"}\n{"user_id":"u2"}\n{"user_id":"u3"}\n'],
    ['gzip', gzipSync('u1\nu2\nu3\n')],
    ['gzipped NDJSON', gzipSync('{"id":"u1"}\n{"id":"u2"}\n{"id":"u3"}\n')],
  ])('reads %s', async (_, content) => {
    expect((await listIn(content)).ids).toEqual(['u1', 'u2', 'u3']);
  });

  it('says whence the list came, what it was, and how many ids came again', async () => {
    const path = temporaryFile('u1\nu2\nu1\nu1\n');

    expect(await readIds(await openInput(path))).toEqual({
      source: path,
      sha256: createHash('sha256').update('u1\nu2\nu1\nu1\n').digest('hex'),
      ids: ['u1', 'u2'],
      duplicates: 2,
    });
  });

  it('takes ids as they are, spaces and all', async () => {
    expect((await listIn('u 1 \n 2\n')).ids).toEqual(['u 1 ', ' 2']);
  });

  it.each([
    ['', ': expected at least one id, got none'],
    ['\n\n', ': expected at least one id, got none'],
    ['id\n', ': expected at least one id, got none'],
    ['name,age\na,5\n', ', line 1: expected one id a line, or a column id or user_id in the header, got "name,age"'],
    ['u1\nu2,u3\n', ', line 2: expected as many cells as in the first line (1), got 2'],
    ['id,age\nu1,5\n,6\n', ', line 3: expected id to be a text that is not empty, got ""'],
    ['{"id":"u1"}\n{"id":2}\n', ', line 2: expected id to be a text that is not empty, got 2'],
    ['{"id":"u1"}\n{"name":"u2"}\n', ', line 2: expected id to be a text that is not empty, got nothing'],
    ['{"id":"u1"}\nu2\n', ', line 2: expected a JSON object, got "u2"'],
    [`u1\n${'x'.repeat(1025)}\n`, ', line 2: expected an id of at most 1024 characters, got 1025'],
    ['id,user_id,ID\na,b,c\n', ', line 1: expected one column id, got two'],
  ])('refuses %j', async (content, fault) => {
    const path = temporaryFile(content);

    await expect(openInput(path).then(readIds)).rejects.toThrow(`${path}${fault}`);
  });

  test.prop(
    [
      fc.uniqueArray(
        fc.oneof(
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
          fc.constantFrom('a,b', '"', '""', 'a\nb', 'a\r\nb', '\r', '\n', ' ', ' x ', '\ufeffx', '__proto__', '../x'),
          fc.constantFrom('😀', 'user_id', 'id', '{x}', '=1+1', '\0', '\u001b[2J', '\u2028', ';', '\t'),
        ),
        { minLength: 1, maxLength: 12 },
      ),
    ],
    { seed: 1 },
  )('reads back any audience that akin wrote', async (ids) => {
    const members = ids.map((userId, n) => ({ rank: n + 1, userId, score: 1 / (n + 1) }));

    expect((await listIn([...audienceCsv(members)].join(''))).ids).toEqual(ids);
  });
});
