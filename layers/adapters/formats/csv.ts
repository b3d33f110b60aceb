/** CSV as RFC 4180 has it (and with semicolons or tabs): records with the line on which they end. */
import { pipeline, Readable } from 'node:stream';
import { type Info, parse } from 'csv-parse';
import { Invalid } from '#application/errors.ts';
import { systemCodeOf } from '../system-faults.ts';
import type { InputFile, Line } from './input-file.ts';

export interface CsvRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A record may hold a user's whole list of features, but not a file in which somebody forgot to close a quote. */
const MAX_RECORD_CHARACTERS = 4 * 2 ** 20;

/** Every record of the file, the header first; all have as many cells as the first. */
export async function* csvRecordsOf({ path, lines: all }: InputFile): AsyncGenerator<CsvRecord> {
  const lines = all[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) return;
  const parser = parse({
    delimiter: delimiterOf(first.value.text),
    info: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    skip_empty_lines: true,
  });
  // A failure of the source arrives through the parser's iteration; there is nothing left to do in the callback.
  pipeline(Readable.from(blocksOf(first.value, { [Symbol.asyncIterator]: () => lines })), parser, () => {});
  let line = 0;
  try {
    for await (const { record, info } of recordsFrom(parser)) {
      line = info.lines;
      yield { cells: record, line };
    }
  } catch (error) {
    throw explained(error, path, line + 1);
  }
}

/** What the parser is set to give: the cells and where they stood. */
function recordsFrom(parser: AsyncIterable<{ record: string[]; info: Info }>) {
  return parser;
}

/** Lines joined again in blocks: a write a line would cost more than the parsing. */
async function* blocksOf(first: Line, rest: AsyncIterable<Line>): AsyncGenerator<string> {
  let block = `${first.text}\n`;
  for await (const { text } of rest) {
    block += `${text}\n`;
    if (block.length < 1 << 16) continue;
    yield block;
    block = '';
  }
  yield block;
}

/** Whichever of comma, semicolon and tab stands most often in the header outside quotes; a comma where none does. */
function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  const counted = [',', ';', '\t'].map((delimiter) => ({ delimiter, count: bare.split(delimiter).length }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

function explained(error: unknown, path: string, line: number): unknown {
  const where = `${path}, line ${line}`;
  switch (systemCodeOf(error)) {
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH': {
      const [expected, got] = error instanceof Error ? [.../\d+/g[Symbol.matchAll](error.message)].map(String) : [];
      return new Invalid(`${where}: expected ${expected} cells as in the header, got ${got}`, { cause: error });
    }
    case 'CSV_QUOTE_NOT_CLOSED':
      return new Invalid(`${where}: expected a closing quote, got the end of the file`, { cause: error });
    case 'INVALID_OPENING_QUOTE':
      return new Invalid(
        `${where}: expected a quote only at the start of a cell (doubled inside one), got one in the middle`,
        {
          cause: error,
        },
      );
    case 'CSV_INVALID_CLOSING_QUOTE':
      return new Invalid(`${where}: expected the end of the cell after its closing quote, got more text`, {
        cause: error,
      });
    case 'CSV_MAX_RECORD_SIZE':
      return new Invalid(
        `${where}: expected a record of at most ${MAX_RECORD_CHARACTERS / 2 ** 20} MiB, got a longer one (is a quote not closed?)`,
        { cause: error },
      );
    default:
      return error;
  }
}
