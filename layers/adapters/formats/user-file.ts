/**
 * Users from NDJSON or CSV, whichever the first line shows.
 *
 * NDJSON: `{"id":"u1","features":["age:25-34","item:12"],"weights":[1,5]}`, weights optional. A line of just this shape is
 *         read by the kernel; any other by JSON.parse.
 * CSV:    csv-users.ts.
 */
import { Invalid } from '#application/errors.ts';
import type { UserRows } from '#domain/features/shard.ts';
import { STATUS } from '#domain/kernels/reader.ts';
import { csvUsers } from './csv-users.ts';
import { endOfLine, type InputFile, lineOf, type TextBlock } from './input-file.ts';
import { jsonObjectOf, placeOf } from './json-line.ts';
import { RowReader } from './row-reader.ts';
import { checkUser } from './user-record.ts';

export async function* readUsers(input: InputFile): AsyncGenerator<UserRows> {
  let count = 0;
  for await (const rows of usersIn(input)) {
    count += rows.ids.length;
    yield rows;
  }
  if (count === 0) throw new Invalid(`${input.path}: expected at least one user, got none`);
}

/** The same where there may be none: in a part of a file, say. */
export function usersIn(input: InputFile): AsyncGenerator<UserRows> {
  return input.isJson ? ndjsonUsers(input) : csvUsers(input);
}

async function* ndjsonUsers({ path, blocks }: InputFile): AsyncGenerator<UserRows> {
  const reader = new RowReader();
  try {
    for await (const block of blocks) yield* usersOfLines(path, reader, block);
    if (!reader.isEmpty) yield reader.take();
  } finally {
    reader.close();
  }
}

function* usersOfLines(path: string, reader: RowReader, { bytes, number }: TextBlock): Generator<UserRows> {
  const { kernel } = reader;
  kernel.line.value = number - 1;
  for (let from = 0; from < bytes.length; ) {
    const end = reader.load(bytes, from);
    if (end === undefined) {
      if (!reader.isEmpty) yield reader.take();
      from = addSlowly(path, reader, bytes, from);
      continue;
    }
    const moved = kernel.INPUT.value - from;
    for (let at = from + moved; at < end; at = from + moved) {
      from = (yield* reader.read(kernel.readNdjson, at, end)) - moved;
      if (kernel.status.value === STATUS.unusual) from = addSlowly(path, reader, bytes, from);
    }
    reader.readIds();
  }
}

/** Adds the user of the line that begins there, if it is not blank; returns where the next one begins. */
function addSlowly(path: string, reader: RowReader, bytes: Buffer, from: number): number {
  const end = endOfLine(bytes, from);
  const line = lineOf(bytes.subarray(from, end), ++reader.kernel.line.value);
  if (line.text.trim() !== '') reader.add(checkUser(jsonObjectOf(line, path), placeOf(path, line.number)));
  return end + 1;
}
