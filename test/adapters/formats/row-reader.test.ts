/** The reader by columns against an object a line: the same users or the same sentence, whatever the bytes and wherever they are cut. */
import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { inputOf } from '#adapters/formats/input-file.ts';
import { usersIn } from '#adapters/formats/user-file.ts';
import { Invalid } from '#application/errors.ts';
import { seededRandom } from '#domain/random.ts';
import { asInRows, usersOfRows } from '../../domain/rows-of-users.ts';
import { allOf } from '../all-of.ts';
import { csvFile, ndjsonFile } from './hostile-rows.ts';
import { slowUsers } from './slow-users.ts';

/** So many lines of each kind; docs/reliability.md tells of two million. */
const LINES = Number(process.env.LINE_RUNS ?? 20_000);
const LINES_A_FILE = 8;

/** Bytes in pieces. */
function cut(bytes: Buffer, pieces: readonly number[]) {
  return async () =>
    (async function* () {
      let at = 0;
      for (const length of pieces) {
        yield bytes.subarray(at, at + length);
        at += length;
      }
      yield bytes.subarray(at);
    })();
}

async function resultOf(reading: Promise<unknown[]>): Promise<unknown> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Invalid) return error.message;
    throw error;
  }
}

function fast(bytes: Buffer, pieces: readonly number[] = []): Promise<unknown> {
  return resultOf(inputOf('file', cut(bytes, pieces)).then(async (input) => usersOfRows(await allOf(usersIn(input)))));
}

function slow(bytes: Buffer): Promise<unknown> {
  return resultOf(inputOf('file', cut(bytes, [])).then(async (input) => (await allOf(slowUsers(input))).map(asInRows)));
}

/**
 * What is told of the file where nothing follows the fault: the parser of CSV runs ahead, and may tell a later one. It counts a
 * carriage return in the record that it refuses for a line.
 */
async function toldWithoutMore(bytes: Buffer, told: string): Promise<unknown> {
  const lines = bytes.toString('latin1').split('\n');
  let expected: unknown;
  for (let count = Number(/, line (\d+)/.exec(told)?.[1]); count > 0 && expected !== told; count--) {
    expected = await slow(Buffer.from(`${lines.slice(0, count).join('\n')}\n`, 'latin1'));
  }
  return expected;
}

async function expectSame(bytes: Buffer, pieces: readonly number[]): Promise<'read' | 'refused'> {
  const [found, expected] = [await fast(bytes, pieces), await slow(bytes)];
  const isEarlier = typeof found === 'string' && typeof expected === 'string' && found !== expected;
  expect(found, JSON.stringify(bytes.toString('latin1'))).toEqual(
    isEarlier ? await toldWithoutMore(bytes, found) : expected,
  );
  return typeof found === 'string' ? 'refused' : 'read';
}

describe.each([
  { kind: 'NDJSON', fileOf: ndjsonFile },
  { kind: 'CSV', fileOf: csvFile },
])('lines of $kind', { timeout: 3_600_000 }, ({ fileOf }) => {
  it('right, odd and broken ones give the same users or the same sentence', async () => {
    const counted = { read: 0, refused: 0 };
    const pieces = fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 8 }));
    const property = fc.asyncProperty(fc.nat(), pieces, async (seed, lengths) => {
      counted[await expectSame(fileOf(seededRandom(seed), LINES_A_FILE), lengths)]++;
    });
    const numRuns = Math.ceil(LINES / LINES_A_FILE);

    await fc.assert(property, { numRuns });

    expect(Math.min(counted.read, counted.refused)).toBeGreaterThan(numRuns / 10);
  });
});
