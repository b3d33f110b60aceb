/** Where a record of CSV ends in a text of bytes, told by its quotes alone. */
import { type CsvRecord, isUnclosed, MAX_RECORD_CHARACTERS } from './csv.ts';

const LINE_FEED = 10;
const QUOTE = 34;

/** Whether the text is all there is of the file from there on. */
export type Follows = 'more' | 'nothing';

/**
 * Where the record ends: behind the first line by whose end as many quotes have closed as opened; undefined where more is to
 * come first, which is not waited for beyond what the parser takes.
 */
export async function recordEnd(
  text: Buffer,
  start: number,
  follows: Follows,
  parsed: (record: Buffer) => AsyncIterable<CsvRecord>,
): Promise<number | undefined> {
  const end = closedEnd(text, start);
  if (end !== undefined) return end;
  if (follows === 'nothing') return text.length;
  if (text.length - start > MAX_RECORD_CHARACTERS) await refuseTooLong(parsed(text.subarray(start)));
  return undefined;
}

/** The same of a record that has its end there; undefined for any other. */
export function closedEnd(text: Buffer, start: number): number | undefined {
  let isQuoted = false;
  for (let at = start; at < text.length; at++) {
    if (text[at] === QUOTE) isQuoted = !isQuoted;
    else if (text[at] === LINE_FEED && !isQuoted) return at + 1;
  }
  return undefined;
}

/** Whoever lacks nothing but the end is let go. */
async function refuseTooLong(records: AsyncIterable<CsvRecord>): Promise<void> {
  try {
    for await (const _ of records);
  } catch (error) {
    if (!isUnclosed(error)) throw error;
  }
}
