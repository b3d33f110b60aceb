/**
 * A file as lines of text, streamed, in blocks or one by one: gzip is recognised by its first bytes, never by the name, and so
 * is what cannot be read.
 *
 * Memory: some chunks, and one line; a longer line than `MAX_LINE_BYTES` is refused.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream, open, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { Invalid } from '#application/errors.ts';
import { explainedFault, systemCodeOf } from '../system-faults.ts';

export interface Line {
  readonly text: string;
  /** What ended it; the last line of a file may lack an end, and then has the usual one. */
  readonly end: '\n' | '\r\n';
  /** Counted from 1. */
  readonly number: number;
}

/** Whole lines in UTF-8 as they stand there, of which the last one of a file may lack its end. */
export interface TextBlock {
  readonly bytes: Buffer;
  /** Of the first line, counted from 1. */
  readonly number: number;
}

/** Told how many bytes of the file as it lies on the disk were read so far. */
export type ReadWatch = (bytes: number) => void;

/** A user of 10,000 features of 1,000 letters is far below; a file without line ends is not. */
const MAX_LINE_BYTES = 16 * 2 ** 20;

const CHUNK_BYTES = 1 << 18;

/** So much is unpacked at once, in another thread, while what came before is read. */
const UNPACKED_BYTES = 1 << 20;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** A byte order mark. */
const MARK = Buffer.of(0xef, 0xbb, 0xbf);

/** What no text begins with: letters alone, such as `PAR1`, may be somebody's id. */
const UNREADABLE = [
  { start: 0, magic: [0x50, 0x4b, 0x03, 0x04], what: 'a zip archive or a spreadsheet' },
  { start: 0, magic: [0x50, 0x41, 0x52, 0x31, 0x15], what: 'a Parquet file' },
  { start: 0, magic: [0x28, 0xb5, 0x2f, 0xfd], what: 'a zstd archive' },
  { start: 4, magic: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59], what: 'a bzip2 archive' },
  { start: 0, magic: [0xff, 0xfe], what: 'UTF-16 text' },
  { start: 0, magic: [0xfe, 0xff], what: 'UTF-16 text' },
];

/** Enough to recognise all of them. */
const HEAD_BYTES = 10;

/** A file that is read once, from its beginning to its end, by lines or by blocks: pipes are files too. */
export interface InputFile {
  readonly path: string;
  /** Whether the first line that is not blank begins as JSON does. */
  readonly isJson: boolean;
  /** From the first that is not blank. */
  readonly lines: AsyncIterable<Line>;
  /** The same lines. */
  readonly blocks: AsyncIterable<TextBlock>;
  /** SHA-256 of what was read so far, as it lies on the disk; call it at the end. */
  sha256(): string;
}

export function openInput(path: string, watch: ReadWatch = () => {}): Promise<InputFile> {
  return inputOf(path, () => bytesOf(path), watch);
}

/** Bytes from wherever they are as a file; messages call it `path`. Those from midway of one have no byte order mark to leave out. */
export async function inputOf(
  path: string,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  watch: ReadWatch = () => {},
  from: 'the start' | 'midway' = 'the start',
): Promise<InputFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  const blocks = blocksOf(
    path,
    tapped(open, (chunk) => {
      bytes += chunk.length;
      hash.update(chunk);
      watch(bytes);
    }),
    from === 'the start',
  );
  const head: TextBlock[] = [];
  let isJson = false;
  for (let next = await blocks.next(); !next.done; next = await blocks.next()) {
    const first = firstNotBlank(next.value);
    if (first === undefined) continue;
    head.push(first);
    isJson = beginsAsJson(textOf(first.bytes, endOfLine(first.bytes, 0)));
    break;
  }
  const whole = prepend(head, blocks);
  return { path, isJson, blocks: whole, lines: linesIn(whole), sha256: () => hash.digest('hex') };
}

/** The lines without their ends (LF or CRLF). */
export async function* linesIn(blocks: AsyncIterable<TextBlock>): AsyncGenerator<Line> {
  for await (const { bytes, number: first } of blocks) {
    let number = first;
    for (let start = 0; start < bytes.length; number++) {
      const end = endOfLine(bytes, start);
      yield lineOf(bytes.subarray(start, end), number);
      start = end + 1;
    }
  }
}

/** A line of a block, without its line feed. */
export function lineOf(bytes: Buffer, number: number): Line {
  const end = bytes.at(-1) === CARRIAGE_RETURN ? '\r\n' : '\n';
  return { text: textOf(bytes, bytes.length + 1 - end.length), end, number };
}

/** Where the line feed stands that ends the line of that place; the end of the block where there is none. */
export function endOfLine(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(LINE_FEED, from);
  return end < 0 ? bytes.length : end;
}

function textOf(bytes: Buffer, end: number): string {
  return bytes.toString('utf8', 0, end);
}

/** From the first line on that is not blank; undefined where all are. */
function firstNotBlank({ bytes, number: first }: TextBlock): TextBlock | undefined {
  let number = first;
  for (let start = 0; start < bytes.length; number++) {
    const end = endOfLine(bytes, start);
    if (bytes.toString('utf8', start, end).trim() !== '') return { bytes: bytes.subarray(start), number };
    start = end + 1;
  }
  return undefined;
}

/** The lines of a file, checked, without a byte order mark where it may have one. */
async function* blocksOf(path: string, chunks: AsyncIterable<Buffer>, mayHaveMark: boolean): AsyncGenerator<TextBlock> {
  const checker = new LineChecker(path, mayHaveMark);
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const chunk of plainBytesOf(path, chunks)) {
      let start = 0;
      if (restBytes > 0) {
        const end = chunk.indexOf(LINE_FEED);
        start = end + 1;
        if (end >= 0) yield* checker.checked(Buffer.concat([...rest, chunk.subarray(0, start)]));
        if (end >= 0) [rest, restBytes] = [[], 0];
      }
      const end = Math.max(start, chunk.lastIndexOf(LINE_FEED) + 1);
      if (end > start) yield* checker.checked(chunk.subarray(start, end));
      if (end < chunk.length) rest.push(chunk.subarray(end));
      restBytes += chunk.length - end;
      if (restBytes > MAX_LINE_BYTES) throw new Invalid(tooLong(path, checker.lineCount + 1));
    }
    if (restBytes > 0) yield* checker.checked(Buffer.concat(rest));
  } catch (error) {
    throw explainedZlib(error, path, checker.lineCount) ?? explainedFault(error, path);
  }
}

/** Counts lines, and refuses the first that is too long or no UTF-8 when those before it were given. */
class LineChecker {
  readonly #path: string;
  #mayHaveMark: boolean;
  /** Lines that were given. */
  lineCount = 0;

  constructor(path: string, mayHaveMark: boolean) {
    this.#path = path;
    this.#mayHaveMark = mayHaveMark;
  }

  *checked(bytes: Buffer): Generator<TextBlock> {
    if (isUtf8(bytes) && bytes.length <= MAX_LINE_BYTES) {
      yield this.#block(bytes);
      return;
    }
    for (let start = 0; start < bytes.length; ) {
      const end = endOfLine(bytes, start);
      const place = `${this.#path}, line ${this.lineCount + 1}`;
      if (end - start > MAX_LINE_BYTES) throw new Invalid(tooLong(this.#path, this.lineCount + 1));
      if (!isUtf8(bytes.subarray(start, end))) throw new Invalid(`${place}: expected UTF-8 text, got other bytes`);
      yield this.#block(bytes.subarray(start, end + 1));
      start = end + 1;
    }
  }

  #block(bytes: Buffer): TextBlock {
    const number = this.lineCount + 1;
    for (let at = 0; at < bytes.length; at = endOfLine(bytes, at) + 1) this.lineCount++;
    const hasMark = this.#mayHaveMark && bytes.subarray(0, MARK.length).equals(MARK);
    this.#mayHaveMark = false;
    return { bytes: hasMark ? bytes.subarray(MARK.length) : bytes, number };
  }
}

function tooLong(path: string, number: number): string {
  return `${path}, line ${number}: expected a line of at most ${MAX_LINE_BYTES / 2 ** 20} MiB, got a longer one`;
}

/** The bytes of a text file, unpacked where they were gzipped. */
export async function* plainBytesOf(path: string, blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = blocks[Symbol.asyncIterator]();
  const head = await headOf(source);
  refuseUnreadable(path, head);
  const whole = prepend([head], { [Symbol.asyncIterator]: () => source });
  if (!isGzip(head)) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip({ chunkSize: UNPACKED_BYTES });
  // A failure of the source arrives through the iteration of the last stream; nothing is left to do in the callback.
  yield* pipeline(Readable.from(whole, { objectMode: false }), gunzip, () => {});
}

/** Refuses, by its first bytes, what is no text and no gzip either. */
export function refuseUnreadable(path: string, head: Uint8Array): void {
  const unreadable = UNREADABLE.find(({ start, magic }) => magic.every((byte, at) => head[start + at] === byte));
  if (unreadable) {
    throw new Invalid(`${path}: expected NDJSON or CSV in UTF-8, gzipped or not, got ${unreadable.what}`);
  }
}

export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** Whether a line that is not blank begins as JSON does. */
export function beginsAsJson(text: string): boolean {
  return /^\s*[{[]/.test(text);
}

/** The first bytes: a pipe may give them one by one. */
async function headOf(source: AsyncIterator<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const next = await source.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* tapped(
  open: () => Promise<AsyncIterable<Uint8Array>>,
  tap: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  for await (const bytes of await open()) {
    const chunk = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    tap(chunk);
    yield chunk;
  }
}

/** A pipe is read as a socket: a file is read in a thread, and no process ends before its threads do. */
async function bytesOf(path: string): Promise<AsyncIterable<Buffer>> {
  if (!statSync(path).isFIFO()) return createReadStream(path, { highWaterMark: CHUNK_BYTES });
  return new Socket({ fd: await promisify(open)(path, 'r'), writable: false });
}

async function* prepend<T>(head: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* head;
  yield* rest;
}

/** A damaged or cut gzip file as Invalid; undefined for any other failure. */
export function explainedZlib(error: unknown, path: string, lineCount: number): Invalid | undefined {
  const code = systemCodeOf(error);
  if (code === 'Z_BUF_ERROR') {
    return new Invalid(`${path}: expected a whole gzip file, but it is cut off after line ${lineCount}`, {
      cause: error,
    });
  }
  if (!code?.startsWith('Z_')) return undefined;
  return new Invalid(`${path}: expected a sound gzip file, but it is damaged after line ${lineCount}`, {
    cause: error,
  });
}

/** The file's size on the disk; 0 for a pipe. */
export function sizeOfFile(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    throw explainedFault(error, path);
  }
}
