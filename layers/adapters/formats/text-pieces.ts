/**
 * A long gzipped file of users as plain pieces, each of which can be read as a file of its own: cut at the ends of lines,
 * of CSV only at those that end a record, and then with the header at the top of every piece.
 *
 * Memory: one piece.
 */
import { Invalid } from '#application/errors.ts';
import type { Source } from '#application/ports.ts';
import { columnOf } from './csv-header.ts';
import { beginsAsJson, explainedZlib, plainBytesOf } from './input-file.ts';

const LINE_FEED = 10;
const QUOTE = 34;

/** A header longer than this is a file without line ends. */
const MAX_HEADER_BYTES = 1 << 20;

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
  #isQuoted = false;
  lines = 0;

  constructor(name: string, bytes: number) {
    this.#name = name;
    this.#bytes = bytes;
  }

  *take(chunk: Uint8Array): Generator<Uint8Array> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      // NDJSON has quotes in pairs as well, and no line end between them: escaped ones come in front of others.
      if (chunk[at] === QUOTE && this.#isCsv) this.#isQuoted = !this.#isQuoted;
      if (chunk[at] !== LINE_FEED || this.#isQuoted) continue;
      this.lines++;
      if (this.#header !== undefined && this.#length + (at + 1 - from) < this.#bytes) continue;
      this.#keep(chunk.slice(from, at + 1));
      from = at + 1;
      if (this.#header === undefined) this.#readHeader();
      else yield this.#cut();
    }
    this.#keep(chunk.slice(from));
    if (this.#header === undefined && this.#length > MAX_HEADER_BYTES) {
      throw new Invalid(`${this.#name}: expected a first line of at most 1 MiB, got a longer one`);
    }
  }

  *rest(): Generator<Uint8Array> {
    if (this.#header === undefined && this.#length === 0) {
      throw new Invalid(`${this.#name}: expected at least one user, got none`);
    }
    if (this.#length > (this.#header?.length ?? 0)) yield this.#cut();
  }

  /** Before the first line is known, quotes are counted as those of CSV: the first line of NDJSON has none that are odd. */
  get #isCsv(): boolean {
    return this.#header === undefined || this.#header.length > 0;
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

  /** Of CSV the header stands above every piece; of NDJSON nothing does. */
  #readHeader(): void {
    const head = Buffer.concat(this.#parts);
    const text = head.toString('utf8').replace(/^\ufeff/, '');
    if (text.trim() === '') return;
    this.#isQuoted = false;
    this.#header = beginsAsJson(text) ? new Uint8Array(0) : head;
    const cells = text.trim().split(/[,;\t]/);
    const isPaired = columnOf(cells, 'feature') >= 0 && columnOf(cells, 'features') < 0;
    if (this.#header.length > 0 && isPaired) {
      throw new Invalid(
        `${this.#name}: expected users that stand in one row each in a gzipped file of this size, got one feature a row; split it into smaller files, or leave it plain`,
      );
    }
  }
}
