/**
 * A long gzipped file of users as plain pieces, each of which can be read as a file of its own: cut at the ends of lines,
 * of CSV only at those that end a record, and then with the header at the top of every piece.
 *
 * Memory: one piece.
 */
import { Invalid } from '#application/errors.ts';
import type { Source } from '#application/ports.ts';
import { columnOf } from './csv-header.ts';
import { explainedZlib, plainBytesOf } from './input-file.ts';
import { placeOf } from './json-line.ts';

const LINE_FEED = 10;
const QUOTE = 34;
/** Spaces, line ends, and the bytes of a byte order mark. */
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, LINE_FEED, 0xef, 0xbb, 0xbf]);
/** `{` and `[`, as JSON begins. */
const JSON_BEGINS: ReadonlySet<number> = new Set([0x7b, 0x5b]);

/** A header longer than this is a file without line ends. */
const MAX_HEADER_BYTES = 1 << 20;

/** No line and no record is longer where it is read. */
const MAX_RECORD_BYTES = 16 * 2 ** 20;

export async function* textPieces(name: string, source: Source, bytes: number): AsyncGenerator<Uint8Array> {
  const cutter = new Cutter(name, bytes);
  try {
    for await (const chunk of plainBytesOf(name, buffersOf(await source()))) yield* cutter.take(chunk);
  } catch (error) {
    throw explainedZlib(error, name, cutter.lines) ?? error;
  }
  yield* cutter.rest();
}

async function* buffersOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

class Cutter {
  readonly #name: string;
  readonly #bytes: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  /** Undefined until the first line that is not blank was seen. */
  #header: Uint8Array | undefined;
  /** Undefined until something was seen that is not blank. */
  #isCsv: boolean | undefined;
  #isQuoted = false;
  /** Lines that ended, and how many of them had when the last record did. */
  lines = 0;
  #linesOfRecords = 0;

  constructor(name: string, bytes: number) {
    this.#name = name;
    this.#bytes = bytes;
  }

  *take(chunk: Uint8Array): Generator<Uint8Array> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (this.#isCsv === undefined && !BLANK.has(chunk[at])) this.#isCsv = !JSON_BEGINS.has(chunk[at]);
      if (chunk[at] === QUOTE && this.#isCsv) this.#isQuoted = !this.#isQuoted;
      if (chunk[at] !== LINE_FEED) continue;
      this.lines++;
      if (this.#isQuoted) continue;
      this.#linesOfRecords = this.lines;
      if (this.#header !== undefined && this.#length + (at + 1 - from) < this.#bytes) continue;
      this.#keep(chunk.slice(from, at + 1));
      from = at + 1;
      if (this.#header === undefined) this.#readHeader();
      else yield this.#cut();
    }
    this.#keep(chunk.slice(from));
    this.#refuseEndless();
  }

  *rest(): Generator<Uint8Array> {
    if (this.#isCsv === undefined) {
      throw new Invalid(`${this.#name}: expected at least one user, got none`);
    }
    if (this.#length > (this.#header?.length ?? 0)) yield this.#cut();
  }

  /** What is kept beyond a piece is a record that does not end. */
  #refuseEndless(): void {
    if (this.#header === undefined && this.#isCsv && this.#length > MAX_HEADER_BYTES) {
      throw new Invalid(`${this.#name}: expected a first line of at most 1 MiB, got a longer one`);
    }
    if (this.#length <= this.#bytes + MAX_RECORD_BYTES) return;
    const where = placeOf(this.#name, this.#linesOfRecords + 1);
    const why = this.#isQuoted ? ' (is a quote not closed?)' : '';
    throw new Invalid(`${where}: expected a line of at most 16 MiB, got a longer one${why}`);
  }

  #keep(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }

  #cut(): Uint8Array {
    const piece = Buffer.concat(this.#parts);
    this.#parts = this.#header ? [this.#header] : [];
    this.#length = this.#header?.length ?? 0;
    return piece;
  }

  /** Above every further piece of CSV stands the header; of NDJSON a blank line, below which no byte order mark is one. */
  #readHeader(): void {
    if (this.#isCsv === undefined) {
      // One of the blank lines stays: a byte order mark further down is none.
      [this.#parts, this.#length] = [[Uint8Array.of(LINE_FEED)], 1];
      return;
    }
    this.#header = this.#isCsv ? Buffer.concat(this.#parts) : Uint8Array.of(LINE_FEED);
    const text = new TextDecoder().decode(this.#header);
    const cells = text.replaceAll('"', '').split(/[,;\t]/);
    if (columnOf(cells, 'feature') >= 0 && columnOf(cells, 'features') < 0) {
      throw new Invalid(
        `${this.#name}: expected users that stand in one row each in a gzipped file of this size, got one feature a row; split it into smaller files, or leave it plain`,
      );
    }
  }
}
