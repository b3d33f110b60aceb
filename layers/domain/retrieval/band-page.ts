/**
 * Band pages: all buckets of one band of one shard whose hashes share a prefix, in one small record for any store.
 *
 * Format 1: version (1 byte) · parts of the page in all (varint) · checksum of the rest (4 bytes, little endian) · rest.
 * The rest, in varints: number of buckets, then for each, in rising order, the step from the hash before (its bits below
 * the prefix), the number of rows, the first row, and the steps from row to row. A page beyond `MAX_PART_BYTES` goes on
 * in further parts, each complete in itself; a bucket that is cut stands in both.
 *
 * Shapes: hashes (U) bucket hashes of one band; a page's key is (band, prefix, part).
 * Cost:   one sort a band to build; decoding is one pass.
 */
import { mix32 } from '../random.ts';

/** Below DynamoDB's read unit of 4 KiB, with room for the key and attribute names. */
export const MAX_PART_BYTES = 3_900;

const VERSION = 1;

/** Pages are planned to be this full, so that few need a second part. */
const PLANNED_BYTES = 2_400;

/** Bytes of a bucket of one user: step, count and row. Measured on the public sets: 5 to 7. */
const BYTES_A_USER = 6;

export interface BandPage {
  readonly band: number;
  readonly prefix: number;
  readonly part: number;
  readonly bytes: Uint8Array;
}

/** The rows of one bucket within a page. */
export interface Bucket {
  readonly hash: number;
  readonly rows: Uint32Array;
}

/** How many leading bits of a bucket's hash name its page, so that a page of a shard of this size is well filled. */
export function prefixBitsFor(userCount: number): number {
  const pages = (userCount * BYTES_A_USER) / PLANNED_BYTES;
  return Math.min(24, Math.max(0, Math.ceil(Math.log2(Math.max(1, pages)))));
}

export function prefixOf(hash: number, prefixBits: number): number {
  return prefixBits === 0 ? 0 : hash >>> (32 - prefixBits);
}

/** The pages of one band for the given rows, which must rise. */
export function encodeBandPages(hashes: Uint32Array, rows: Uint32Array, band: number, prefixBits: number): BandPage[] {
  const pages: BandPage[] = [];
  let buckets: Bucket[] = [];
  let prefix = 0;
  for (const bucket of bucketsOf(hashes, rows)) {
    const next = prefixOf(bucket.hash, prefixBits);
    if (next !== prefix && buckets.length > 0) {
      pages.push(...encodePage(buckets, band, prefix, prefixBits));
      buckets = [];
    }
    prefix = next;
    buckets.push(bucket);
  }
  if (buckets.length > 0) pages.push(...encodePage(buckets, band, prefix, prefixBits));
  return pages;
}

/** Rows by bucket, buckets by hash, rows rising. */
function* bucketsOf(hashes: Uint32Array, rows: Uint32Array): Generator<Bucket> {
  const sorted = sortedByHash(hashes, rows);
  for (let start = 0; start < sorted.length; ) {
    const hash = hashes[sorted[start]];
    let end = start + 1;
    while (end < sorted.length && hashes[sorted[end]] === hash) end++;
    yield { hash, rows: sorted.subarray(start, end) };
    start = end;
  }
}

/** Two digits of 16 bits: a stable radix sort, some five times faster than the engine's sort on a shard's rows. */
const DIGIT_BITS = 16;

function sortedByHash(hashes: Uint32Array, rows: Uint32Array): Uint32Array {
  let from = rows.slice();
  let to = new Uint32Array(rows.length);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const starts = new Uint32Array(2 ** DIGIT_BITS + 1);
    for (const row of from) starts[((hashes[row] >>> shift) & 0xffff) + 1]++;
    for (let digit = 0; digit < 2 ** DIGIT_BITS; digit++) starts[digit + 1] += starts[digit];
    for (const row of from) to[starts[(hashes[row] >>> shift) & 0xffff]++] = row;
    [from, to] = [to, from];
  }
  return from;
}

function encodePage(buckets: readonly Bucket[], band: number, prefix: number, prefixBits: number): BandPage[] {
  const bodies: Uint8Array[] = [];
  let body = new PartWriter(prefixBits);
  for (const { hash, rows } of buckets) {
    for (let from = 0; from < rows.length; ) {
      const room = body.roomFor(rows.subarray(from));
      if (room === 0) {
        bodies.push(body.finish());
        body = new PartWriter(prefixBits);
        continue;
      }
      body.add(hash, rows.subarray(from, from + room));
      from += room;
    }
  }
  bodies.push(body.finish());
  return bodies.map((rest, part) => ({ band, prefix, part, bytes: sealed(rest, bodies.length) }));
}

/** A varint of a 32-bit number takes at most this many bytes. */
const MAX_VARINT = 5;
const HEADER_BYTES = 1 + MAX_VARINT + 4 + MAX_VARINT;

/** Gathers buckets until a part is full. */
class PartWriter {
  readonly #mask: number;
  readonly #bytes: number[] = [];
  #buckets = 0;
  #last = 0;

  constructor(prefixBits: number) {
    this.#mask = prefixBits === 0 ? 0xffffffff : 2 ** (32 - prefixBits) - 1;
  }

  /** How many of a bucket's rows still fit, so that a bucket is cut only where a part ends. */
  roomFor(rows: Uint32Array): number {
    let size = HEADER_BYTES + this.#bytes.length + 2 * MAX_VARINT;
    let count = 0;
    for (let before = 0; count < rows.length; before = rows[count++]) {
      size += varintBytes(rows[count] - before);
      if (size > MAX_PART_BYTES) break;
    }
    return count;
  }

  add(hash: number, rows: Uint32Array): void {
    const below = (hash & this.#mask) >>> 0;
    pushVarint(this.#bytes, below - this.#last);
    pushVarint(this.#bytes, rows.length);
    let before = 0;
    for (const row of rows) {
      pushVarint(this.#bytes, row - before);
      before = row;
    }
    this.#last = below;
    this.#buckets++;
  }

  finish(): Uint8Array {
    const count: number[] = [];
    pushVarint(count, this.#buckets);
    return Uint8Array.from([...count, ...this.#bytes]);
  }
}

function sealed(rest: Uint8Array, parts: number): Uint8Array {
  const head = [VERSION];
  pushVarint(head, parts);
  const bytes = new Uint8Array(head.length + 4 + rest.length);
  bytes.set(head);
  new DataView(bytes.buffer).setUint32(head.length, checksum(rest, parts), true);
  bytes.set(rest, head.length + 4);
  return bytes;
}

export interface DecodedPage {
  /** How many parts the page has in all. */
  readonly parts: number;
  readonly buckets: readonly Bucket[];
}

/** Reads one part of a page; RangeError for bytes that are not one, whatever is wrong with them. */
export function decodeBandPage(bytes: Uint8Array, prefix: number, prefixBits: number): DecodedPage {
  const reader = new Reader(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw new RangeError(`expected a band page of version ${VERSION}, got version ${version}`);
  const parts = reader.varint();
  const expected = reader.uint32();
  if (checksum(bytes.subarray(reader.at), parts) !== expected)
    throw new RangeError('expected a sound band page, got a damaged one');
  const base = prefixBits === 0 ? 0 : prefix * 2 ** (32 - prefixBits);
  const buckets: Bucket[] = [];
  let below = 0;
  for (let count = reader.varint(); count > 0; count--) {
    below += reader.varint();
    const rowCount = reader.varint();
    if (rowCount > reader.left) throw new RangeError(`expected rows of a band page, got the number ${rowCount} alone`);
    const rows = new Uint32Array(rowCount);
    let row = 0;
    for (let r = 0; r < rows.length; r++) {
      row += reader.varint();
      rows[r] = row;
    }
    buckets.push({ hash: base + below, rows });
  }
  return { parts, buckets };
}

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bytes are still to be read: no count of anything can be above it. */
  get left(): number {
    return this.#bytes.length - this.at;
  }

  byte(): number {
    if (this.at >= this.#bytes.length) throw new RangeError('expected more bytes of a band page, got its end');
    return this.#bytes[this.at++];
  }

  uint32(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 7 * MAX_VARINT; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`expected a number of at most ${MAX_VARINT} bytes in a band page, got a longer one`);
  }
}

function varintBytes(value: number): number {
  return Math.max(1, Math.ceil((32 - Math.clz32(value)) / 7));
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

/** Enough to tell a damaged page from a sound one: four bytes at a time through the 32-bit mixer. */
function checksum(bytes: Uint8Array, seed: number): number {
  let hash = mix32(mix32(seed) ^ bytes.length);
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes[at] | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    hash = (mix32(hash ^ word) + 0x9e3779b1) >>> 0;
  }
  return hash;
}
