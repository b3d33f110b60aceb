/**
 * Users from CSV, by its header (csv-header.ts says how it is read):
 *   - a column `features` holds the list, separated by `|`, `;` or `,`, or a JSON array; `weights` likewise, optional;
 *   - a column `feature` (and `weight`, optional) holds one feature a row; the rows of a user stand together;
 *   - otherwise each further column is a field: `25-34` under `age` is the feature `age:25-34`, an empty cell is none.
 *
 * The kernel cuts records into cells and makes rows of them. Cells that it makes no row of become texts and are looked at
 * here; a record that it cannot cut goes through the parser of csv.ts, below the header.
 */
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import type { User, UserRows } from '#domain/features/shard.ts';
import { LAYOUT, STATUS } from '#domain/kernels/reader.ts';
import { type CsvRecord, csvRecordsOf, delimiterOf } from './csv.ts';
import { type UserColumns, userColumnsOf } from './csv-header.ts';
import { closedEnd, type Follows, recordEnd } from './csv-record-end.ts';
import { endOfLine, type InputFile, lineOf, linesIn, type TextBlock } from './input-file.ts';
import { placeOf } from './json-line.ts';
import { listOf, numberOf } from './list-cell.ts';
import { RowReader } from './row-reader.ts';
import { checkFeature, checkFeatureCount, checkId, checkUser, checkWeight, givenTwice } from './user-record.ts';
import { WaitingText } from './waiting-text.ts';

const LINE_FEED = 10;

/** So many records are given to the parser at once, at most. */
const MOST_PARSED = 1024;

export async function* csvUsers({ path, blocks }: InputFile): AsyncGenerator<UserRows> {
  const waiting = new WaitingText();
  let top: TextBlock | undefined;
  let sheet: CsvSheet | undefined;
  try {
    for await (const block of blocks) {
      top ??= block;
      const text = waiting.with(block.bytes);
      if (!text) continue;
      sheet ??= await sheetOf(path, { ...top, bytes: text }, 'more');
      waiting.keep(sheet ? text.subarray(yield* sheet.read(text, 'more')) : text);
    }
    if (!top) return;
    const text = waiting.all();
    sheet ??= await sheetOf(path, { ...top, bytes: text }, 'nothing');
    if (sheet) yield* sheet.read(text, 'nothing');
    if (sheet) yield* sheet.rest();
  } finally {
    sheet?.close();
  }
}

/** By the header that a text begins with; undefined where more is to come first. */
async function sheetOf(path: string, top: TextBlock, follows: Follows): Promise<CsvSheet | undefined> {
  const recordsOf = (bytes: Buffer) => csvRecordsOf({ path, lines: linesIn(oneOf({ ...top, bytes })) });
  const end = await recordEnd(top.bytes, 0, follows, recordsOf);
  if (end === undefined) return undefined;
  const bytes = top.bytes.subarray(0, end);
  for await (const { cells, line } of recordsOf(bytes)) {
    return new CsvSheet(path, userColumnsOf(cells, placeOf(path, line)), { ...top, bytes });
  }
  return undefined;
}

async function* oneOf<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** Users out of the records of one file. */
class CsvSheet {
  readonly #path: string;
  readonly #columns: UserColumns;
  /** The header as it stands there. */
  readonly #top: TextBlock;
  readonly #reader: RowReader;
  /** Who had one feature a row. */
  readonly #finished = new Set<string>();
  #isBegun = false;
  /** How many records were parsed at once the last time, and the line on which they ended. */
  #parsedCount = 0;
  #parsedUpTo = -1;

  constructor(path: string, columns: UserColumns, top: TextBlock) {
    this.#path = path;
    this.#columns = columns;
    this.#top = top;
    this.#reader = columns.layout === 'paired' ? new RowReader('open', this.#finish.bind(this)) : new RowReader();
    this.#begin();
  }

  /** Reads a text, the first one behind the header; returns where the records that have an end in it end. */
  async *read(text: Buffer, follows: Follows): AsyncGenerator<UserRows, number> {
    const { kernel } = this.#reader;
    let from = this.#isBegun ? 0 : this.#top.bytes.length;
    this.#isBegun = true;
    while (from < text.length) {
      const end = this.#reader.load(text, from);
      const moved = kernel.INPUT.value - from;
      if (end !== undefined) from = (yield* this.#readLoaded(from + moved, end)) - moved;
      this.#reader.readIds();
      if (end !== undefined && kernel.status.value === STATUS.done) continue;
      const isCutOff =
        end !== undefined && kernel.status.value === STATUS.unfinished && from + moved > kernel.INPUT.value;
      if (isCutOff && end - moved < text.length) continue;
      const stop = await recordEnd(text, from, follows, (bytes) => this.#recordsOf(bytes));
      if (stop === undefined) return from;
      const { records, bytes } = await this.#parsed(text.subarray(from), stop - from);
      for (const record of records) {
        yield* this.#reader.room();
        this.#add(record);
      }
      this.#passLines(bytes);
      from += bytes.length;
    }
    return text.length;
  }

  /** Reads what is loaded up to its end, or to a record that the kernel cannot cut. */
  *#readLoaded(start: number, end: number): Generator<UserRows, number> {
    const { kernel } = this.#reader;
    let at = start;
    for (;;) {
      at = yield* this.#reader.read(kernel.readCsv, at, end);
      if (kernel.status.value !== STATUS.unusualRow) return at;
      this.#reader.readIds();
      this.#add({ cells: this.#cells(), line: kernel.recordLine.value });
    }
  }

  #begin(): void {
    const { kernel } = this.#reader;
    const { layout, names, id, feature, weight } = this.#columns;
    const { bytes, number } = this.#top;
    const delimiter = delimiterOf(lineOf(bytes.subarray(0, endOfLine(bytes, 0)), number).text);
    kernel.beginCsv(LAYOUT[layout], delimiter.charCodeAt(0), names.length, id, feature, weight);
    kernel.line.value = number - 1;
    this.#passLines(bytes);
    if (layout !== 'wide') return;
    names.forEach((name, column) => {
      const text = `${name}:`;
      const prefix = Buffer.from(text);
      const at = kernel.allocate(prefix.length);
      const { memory } = this.#reader;
      memory.set(prefix, at);
      memory.writeUInt32LE(at, kernel.prefixes.value + 8 * column);
      memory.writeUInt32LE(prefix.length, kernel.prefixes.value + 8 * column + 4);
    });
  }

  /** The cells of the record that the kernel read last. */
  #cells(): string[] {
    const { kernel, memory } = this.#reader;
    return this.#columns.names.map((_, column) => {
      const [at, length] = [0, 4].map((place) => memory.readUInt32LE(kernel.cells.value + 8 * column + place));
      return memory.toString('utf8', at, at + length);
    });
  }

  /**
   * The record that a text begins with by the parser, where it ends, and, if the one before it was given to the parser too,
   * those that follow: twice as many as then. They are parsed one by one if one of them is wrong.
   */
  async #parsed(text: Buffer, firstEnd: number): Promise<{ records: CsvRecord[]; bytes: Buffer }> {
    const { line } = this.#reader.kernel;
    this.#parsedCount = this.#parsedUpTo === line.value ? Math.min(2 * this.#parsedCount, MOST_PARSED) : 1;
    let end = firstEnd;
    for (let n = 1, next = closedEnd(text, end); n < this.#parsedCount && next !== undefined; n++) {
      end = next;
      next = closedEnd(text, end);
    }
    const [first, all] = [text.subarray(0, firstEnd), text.subarray(0, end)];
    const records = await Array.fromAsync(this.#recordsOf(all)).catch(() => undefined);
    const bytes = records ? all : first;
    this.#parsedUpTo = line.value + lineCountOf(bytes);
    return { records: records ?? (await Array.fromAsync(this.#recordsOf(first))), bytes };
  }

  /** The records that begin there by the parser, in their own lines: above them stand the header, and the blank lines before them. */
  async *#recordsOf(bytes: Buffer): AsyncGenerator<CsvRecord> {
    const { kernel } = this.#reader;
    const blankCount = kernel.line.value - kernel.recordLine.value;
    const above = Buffer.concat([endedLine(this.#top.bytes), Buffer.alloc(blankCount, LINE_FEED)]);
    const number = kernel.line.value + 1 - lineCountOf(above);
    const records = csvRecordsOf({
      path: this.#path,
      lines: linesIn(oneOf({ bytes: Buffer.concat([above, bytes]), number })),
    });
    await records.next();
    yield* records;
  }

  #passLines(record: Buffer): void {
    const { kernel } = this.#reader;
    kernel.line.value += lineCountOf(record);
    kernel.recordLine.value = kernel.line.value;
  }

  #add({ cells, line }: CsvRecord): void {
    const where = placeOf(this.#path, line);
    const { layout } = this.#columns;
    if (layout === 'paired') this.#addPair(cells, where);
    else this.#reader.add(layout === 'wide' ? this.#wideUser(cells, where) : this.#listedUser(cells, where));
  }

  /** One row a user, one column a field. */
  #wideUser(cells: readonly string[], where: string): User {
    const { names, id } = this.#columns;
    const features = cells.flatMap((cell, at) => (at === id || cell === '' ? [] : [`${names[at]}:${cell}`]));
    return checkUser({ id: cells[id], features }, where);
  }

  /** One row a user, the features in one cell. */
  #listedUser(cells: readonly string[], where: string): User {
    const { id, feature, weight } = this.#columns;
    const weights =
      weight < 0 || cells[weight] === ''
        ? undefined
        : listOf(cells[weight], where).map((entry) => (typeof entry === 'string' ? numberOf(entry, where) : entry));
    return checkUser({ id: cells[id], features: listOf(cells[feature], where), weights }, where);
  }

  /** One row a user and feature. */
  #addPair(cells: readonly string[], where: string): void {
    const { id, feature, weight } = this.#columns;
    const { kernel } = this.#reader;
    if (!this.#reader.isOpen(cells[id])) {
      this.#refuseAgain(checkId(cells[id], where), where);
      this.#reader.open(cells[id]);
    }
    const name = checkFeature(cells[feature], where);
    if (this.#reader.has(name)) throw givenTwice(name, where);
    checkFeatureCount(kernel.openCount.value + 1, where);
    this.#reader.push(name, weight < 0 ? 1 : checkWeight(numberOf(cells[weight], where), where));
  }

  #finish(id: string, line: number): void {
    this.#refuseAgain(id, placeOf(this.#path, line));
  }

  #refuseAgain(id: string, where: string): void {
    if (!this.#finished.has(id)) {
      this.#finished.add(id);
      return;
    }
    const { names, id: column } = this.#columns;
    throw new Invalid(
      `${where}: expected the rows of a user to stand together, got ${shown(id)} again; sort the file by ${names[column]}`,
    );
  }

  /** The rows that wait when all is read. */
  *rest(): Generator<UserRows> {
    if (!this.#reader.isEmpty) yield this.#reader.take();
  }

  close(): void {
    this.#reader.close();
  }
}

function endedLine(bytes: Buffer): Buffer {
  return bytes.at(-1) === LINE_FEED ? bytes : Buffer.concat([bytes, Buffer.of(LINE_FEED)]);
}

function lineCountOf(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at = endOfLine(bytes, at) + 1) count++;
  return count;
}
