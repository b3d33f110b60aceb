/** Whatever a file holds: it is read as a slow, obvious reader reads it, or refused in one sentence; nothing hangs, nothing grows. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { readIds } from '#adapters/formats/id-file.ts';
import { inputOf } from '#adapters/formats/input-file.ts';
import { inputFormats } from '#adapters/formats/input-formats.ts';
import { readUsers } from '#adapters/formats/user-file.ts';
import { Invalid } from '#application/errors.ts';
import { CampaignOptions } from '#application/expansion/campaign.ts';
import type { ObjectStore } from '#application/ports.ts';
import { readOptions } from '#application/stored-json.ts';
import { UploadOptions } from '#application/upload/plan-upload.ts';
import { wholeLines } from '#application/upload/whole-lines.ts';
import type { User } from '#domain/features/shard.ts';
import { asInRows, usersOfRows } from '../../domain/rows-of-users.ts';
import { allOf } from '../all-of.ts';
import { type BrokenFile, brokenFile, brokenOptions, campaigns } from './broken-files.ts';
import { naiveIds, naiveUsers } from './naive-reader.ts';

/** So many files of each kind; docs/reliability.md tells of 100,000. */
const RUNS = Number(process.env.FILE_RUNS ?? 1_000);

const LONGEST_SENTENCE = 400;
const LONGEST_MS = 5_000;

function sourceOf({ bytes, chunkBytes }: BrokenFile) {
  return async () =>
    (async function* () {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
    })();
}

/** What was read; nothing where it was refused, by a sentence that helps. */
async function readOrRefused<T>(reading: Promise<T>): Promise<T | undefined> {
  const start = performance.now();
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    expect(error.message).toMatch(/^file(?:, line \d+)?: expected [^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+$/u);
    expect(error.message).toMatch(/, got |, but /);
    expect(error.message.length).toBeLessThan(LONGEST_SENTENCE);
    return undefined;
  } finally {
    expect(performance.now() - start).toBeLessThan(LONGEST_MS);
  }
}

const BUILT_IN = Reflect.ownKeys(Object.prototype);

/** Tries so many files, of which a good part is to be read and another to be refused; nothing is left behind in objects. */
async function tried<T>(
  files: fc.Arbitrary<T>,
  check: (file: T) => Promise<unknown>,
  examples: readonly T[] = [],
): Promise<void> {
  const counted = { read: 0, refused: 0 };
  const property = fc.asyncProperty(files, async (file) => {
    counted[(await check(file)) === undefined ? 'refused' : 'read']++;
  });
  await fc.assert(property, { numRuns: RUNS, examples: examples.map((file): [T] => [file]) });
  expect(Math.min(counted.read, counted.refused)).toBeGreaterThan(RUNS / 10);
  expect(Reflect.ownKeys(Object.prototype)).toEqual(BUILT_IN);
}

const fileOf = (text: string): BrokenFile => ({ bytes: Buffer.from(text), chunkBytes: 1 });

/** As a step of an upload reads a long gzipped file. */
async function usersOfPieces(file: BrokenFile, pieceBytes: number): Promise<User[]> {
  const users: User[] = [];
  const zipped = sourceOf({ bytes: gzipSync(file.bytes, { level: 1 }), chunkBytes: 64 });
  for await (const bytes of inputFormats.pieces('file', zipped, pieceBytes)) {
    const piece = sourceOf({ bytes: Buffer.from(bytes), chunkBytes: 64 });
    users.push(...usersOfRows(await allOf(inputFormats.users('file', piece))));
  }
  return users;
}

/** As steps of an upload read NDJSON side by side. */
async function usersOfRanges({ bytes, chunkBytes }: BrokenFile, step: number): Promise<User[]> {
  const users: User[] = [];
  for (let start = 0; start < bytes.length; start += step) {
    const from = Math.max(0, start - 1);
    const end = Math.min(bytes.length, start + step);
    const source = sourceOf({ bytes: bytes.subarray(from), chunkBytes });
    const lines = async () => wholeLines(await source(), start > 0, end - from);
    const midway = start > 0 ? 'later ndjson lines' : undefined;
    users.push(...usersOfRows(await allOf(inputFormats.users('file', lines, midway))));
  }
  return users;
}

/** A size may be given as a number, and is a text from there on. */
function sizedByText({ size, ...options }: Record<string, unknown>) {
  return size === undefined ? options : { ...options, size: typeof size === 'number' ? `${size}` : size };
}

const step = fc.constantFrom(7, 40, 200);
const isGzip = ({ bytes }: BrokenFile) => bytes[0] === 0x1f && bytes[1] === 0x8b;

describe('any file', { timeout: 3_600_000 }, () => {
  it('of users gives the users that are in it, or is refused', async () => {
    await tried(brokenFile('users'), async (file) => {
      const rows = await readOrRefused(inputOf('file', sourceOf(file)).then((input) => allOf(readUsers(input))));
      const users = rows && usersOfRows(rows);
      expect(users).toEqual(naiveUsers(file.bytes)?.map(asInRows));
      return users;
    });
  });

  it('of ids gives the ids that are in it, or is refused', async () => {
    await tried(
      brokenFile('ids'),
      async (file) => {
        const list = await readOrRefused(inputOf('file', sourceOf(file)).then(readIds));
        const ids = naiveIds(file.bytes);
        expect(list?.ids).toEqual(ids && [...new Set(ids)]);
        expect(list?.duplicates).toBe(ids && ids.length - new Set(ids).size);
        return list;
      },
      [fileOf('u0\r\n\r\r\n')],
    );
  });

  it('of users gives the same in pieces', async () => {
    await tried<[BrokenFile, number]>(
      fc.tuple(
        brokenFile('users').filter((file) => !isGzip(file)),
        step,
      ),
      async ([file, bytes]) => {
        const users = await readOrRefused(usersOfPieces(file, bytes));
        const expected = naiveUsers(file.bytes)?.map(asInRows);
        // One feature a row cannot be cut, and is not.
        if (users === undefined && /\bfeature\b/i.test(file.bytes.toString().trim().split('\n')[0])) return undefined;
        expect(users?.length === 0 ? undefined : users).toEqual(expected);
        return users;
      },
      [
        [fileOf('\r\n \n\ufeff"id","age"\n"u0","5"\n'), 7],
        [fileOf('{"id":"u0","features":[]}\n{"id":"u1","features":[]}\n\ufeff{"id":"u2","features":[]}\n'), 7],
      ],
    );
  });

  it('of users as NDJSON gives the same by ranges of bytes', async () => {
    const ndjson = brokenFile('users').filter((file) => inputFormats.kindOf('file', file.bytes) === 'ndjson');
    await tried<[BrokenFile, number]>(
      fc.tuple(ndjson, step),
      async ([file, bytes]) => {
        const users = await readOrRefused(usersOfRanges(file, bytes));
        expect(users?.length === 0 ? undefined : users).toEqual(naiveUsers(file.bytes)?.map(asInRows));
        return users;
      },
      [[fileOf('\ufeff{"id":"u0","features":[]}\n\ufeff{"id":"u1","features":[]}'), 7]],
    );
  });

  it('of campaigns gives them as they stand there, or is refused', async () => {
    await tried(campaigns, async (file) => {
      const read = await readOrRefused(inputOf('file', sourceOf(file)).then(readCampaigns));
      const lines = () =>
        file.bytes
          .toString()
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => JSON.parse(line));
      if (read) expect(read).toEqual(lines().map((line) => expect.objectContaining({ seeds: line.seeds })));
      return read;
    });
  });

  it.each<[string, z.ZodType]>([
    ['an upload', UploadOptions],
    ['a campaign', CampaignOptions],
  ])('of options of %s is taken as it stands there, or is refused', async (_, schema) => {
    await tried(brokenOptions, async (bytes) => {
      const objects = {
        entries: async () => [{ name: 'file', bytes: bytes.length }],
        read: async () => bytes,
      } as unknown as ObjectStore;
      const options = await readOrRefused(readOptions(objects, 'file', schema));
      if (options) expect(options).toMatchObject(sizedByText(JSON.parse(bytes.toString().replace(/^\ufeff/, ''))));
      return options;
    });
  });
});

describe('a file that grows when it is read', () => {
  const MEBIBYTE = 2 ** 20;

  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');

  /** What is held on to, whenever garbage happens to be collected. */
  function heldBytes(): number {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }

  /** What a source gives of one chunk, again and again, and how much memory was held at most meanwhile. */
  function repeated(head: string, chunk: Buffer, times: number) {
    const held = { bytes: 0 };
    const source = async () =>
      (async function* () {
        yield Buffer.from(head);
        for (let n = 0; n < times; n++) {
          held.bytes = Math.max(held.bytes, heldBytes());
          yield Buffer.from(chunk);
        }
      })();
    return { source, held };
  }

  async function refusalOf(reading: Promise<unknown>): Promise<string> {
    return reading.then(
      () => 'not refused',
      (error: Error) => error.message,
    );
  }

  const users = async (source: () => Promise<AsyncIterable<Uint8Array>>) => {
    let count = 0;
    for await (const { ids } of inputFormats.users('file', source)) count += ids.length;
    return count;
  };
  const pieces = async (source: () => Promise<AsyncIterable<Uint8Array>>) => {
    let bytes = 0;
    for await (const piece of inputFormats.pieces('file', source, MEBIBYTE)) bytes += piece.length;
    return bytes;
  };

  it('by blank lines is read line by line', async () => {
    const blank = Buffer.alloc(MEBIBYTE / 4, '\n');
    const before = heldBytes();
    for (const read of [users, pieces]) {
      const { source, held } = repeated('', blank, 12);
      await refusalOf(read(source));
      expect(held.bytes - before).toBeLessThan(60 * MEBIBYTE);
    }
  });

  it.each([
    ['NDJSON', '{"id":"u1","features":["a"]}\n', 'x', 2],
    ['CSV', 'id,age\n', 'x', 2],
    ['CSV whose quote is not closed', 'id,age\nu1,5\nu2,"', 'x\n', 3],
  ])('by a record without end is refused with its line: %s', async (_, head, text, line) => {
    const chunk = gzipSync(head + text.repeat(64 * MEBIBYTE), { level: 1 });
    for (const read of [users, pieces]) {
      const { source } = repeated('', chunk, 1);
      expect(await refusalOf(read(source))).toMatch(
        new RegExp(`^file, line ${line}: expected a (?:line|record) of at most \\d+ MiB, got a longer one`),
      );
    }
  });

  it('by the rows of one user is refused as soon as they are too many', async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => `u1,f${n}\n`).join('');
    const { source } = repeated('id,feature\n', Buffer.from(rows), 1);

    expect(await refusalOf(users(source))).toBe('file, line 10002: expected at most 10000 features, got 10001');
  });

  it.each([
    ['columns', `id,${Array.from({ length: 400_000 }, (_, n) => `c${n}`).join()}\n`],
    ['colons', `id,features\nu1,${':'.repeat(3 * MEBIBYTE)}\n`],
    ['words', `id,features\nu1,a:b${' x'.repeat(1.5 * MEBIBYTE)}\n`],
    ['quotes', `id,age\nu1,"${'""'.repeat(MEBIBYTE)}"\n`],
    ['brackets', `${'['.repeat(15 * MEBIBYTE)}\n`],
    ['keys', `{${Array.from({ length: 400_000 }, (_, n) => `"k${n}":{}`).join()}}\n`],
  ])('takes no longer than it is long: %s', async (_, text) => {
    const start = performance.now();
    const { source } = repeated(text, Buffer.alloc(0), 0);

    await refusalOf(users(source));

    expect(performance.now() - start).toBeLessThan(LONGEST_MS);
  });
});
