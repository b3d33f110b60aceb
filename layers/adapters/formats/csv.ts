/** CSV as RFC 4180 has it (and with semicolons or tabs): records with the line on which they end. */
import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { Invalid } from '#application/errors.ts';
import { systemCodeOf } from '../system-faults.ts';
import type { InputFile, Line } from './input-file.ts';

export interface CsvRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A record may hold a user's whole list of features, but not a file in which somebody forgot to close a quote. */
export const MAX_RECORD_CHARACTERS = 4 * 2 ** 20;

const QUOTED = /"[^"]*"/g;

/** Every record of the file, the header first; all have as many cells as the first. */
export async function* csvRecordsOf({
  path,
  lines: all,
}: Pick<InputFile, 'path' | 'lines'>): AsyncGenerator<CsvRecord> {
  const lines = all[Symbol.asyncIterator]();
  const first = await firstLineOf(lines);
  if (first === undefined) return;
  const header = unquoted(first.text);
  if (header.includes('\r')) {
    throw new Invalid(`${path}, line ${first.number}: expected lines that end in LF or CRLF, got CR alone`);
  }
  const counter = lineCounter(first.number);
  const parser = parse({
    delimiter: delimiterOf(first.text),
    record_delimiter: ['\r\n', '\n'],
    max_record_size: MAX_RECORD_CHARACTERS,
    skip_empty_lines: true,
    on_record: (cells, info) => counter.count(cells, info),
  });
  // A failure of the source arrives through the parser's iteration; there is nothing left to do in the callback.
  pipeline(Readable.from(blocksOf(first, { [Symbol.asyncIterator]: () => lines })), parser, () => {});
  try {
    for await (const cells of recordsFrom(parser)) yield { cells, line: counter.lineOfNextRecord() };
  } catch (error) {
    throw explained(error, path, counter);
  }
}

/** What the parser is set to give. */
function recordsFrom(parser: AsyncIterable<string[]>) {
  return parser;
}

/** The first line that is not blank. */
async function firstLineOf(lines: AsyncIterator<Line>): Promise<Line | undefined> {
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    if (next.value.text.trim() !== '') return next.value;
  }
  return undefined;
}

/** The file's own line numbers: the parser counts from 1, and takes a carriage return in a cell for a line end. */
function lineCounter(firstLine: number) {
  let returns = 0;
  let last = firstLine - 1;
  const parsedAhead: number[] = [];
  const lineOf = (parsed: number) => firstLine - 1 + parsed - returns;
  return {
    count(cells: string[], { lines: parsed }: { readonly lines: number }): string[] {
      for (const cell of cells) if (cell.includes('\r')) returns += cell.split('\r').length - 1;
      last = lineOf(parsed);
      parsedAhead.push(last);
      return cells;
    },
    lineOf,
    /** The parser is some records ahead of whoever reads them. */
    lineOfNextRecord: () => parsedAhead.shift() ?? last,
    /** Where the record begins that the parser could not finish. */
    lineOfUnfinished: () => last + 1,
  };
}

/** Lines joined again in blocks: a write a line would cost more than the parsing. */
async function* blocksOf(first: Line, rest: AsyncIterable<Line>): AsyncGenerator<string> {
  let block = `${first.text}${first.end}`;
  for await (const { text, end } of rest) {
    block += text + end;
    if (block.length < 1 << 16) continue;
    yield block;
    block = '';
  }
  yield block;
}

function unquoted(line: string): string {
  return line.replace(QUOTED, '');
}

/** Whichever of comma, semicolon and tab stands most often in the first line outside quotes; a comma where none does. */
export function delimiterOf(firstLine: string): string {
  const header = unquoted(firstLine);
  const counted = [',', ';', '\t'].map((delimiter) => ({ delimiter, count: header.split(delimiter).length }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

/** Whether the file ends within quotes. */
export function isUnclosed(error: unknown): boolean {
  return error instanceof Invalid && systemCodeOf(error.cause) === 'CSV_QUOTE_NOT_CLOSED';
}

function explained(error: unknown, path: string, counter: ReturnType<typeof lineCounter>): unknown {
  const parsed = error instanceof Error && 'lines' in error ? Number(error.lines) : 1;
  const where = `${path}, line ${counter.lineOf(parsed)}`;
  const begin = `${path}, line ${counter.lineOfUnfinished()}`;
  switch (systemCodeOf(error)) {
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH': {
      const [expected, got] = error instanceof Error ? [.../\d+/g[Symbol.matchAll](error.message)].map(String) : [];
      return new Invalid(`${where}: expected as many cells as in the first line (${expected}), got ${got}`, {
        cause: error,
      });
    }
    case 'CSV_QUOTE_NOT_CLOSED':
      return new Invalid(`${begin}: expected a closing quote, got the end of the file`, { cause: error });
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
        `${begin}: expected a record of at most ${MAX_RECORD_CHARACTERS / 2 ** 20} MiB, got a longer one (is a quote not closed?)`,
        { cause: error },
      );
    default:
      return error;
  }
}
