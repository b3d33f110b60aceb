/**
 * Which parts of pages a shard has, as a few bytes: for each, in rising order, its band, prefix and part as steps from
 * the one before (modulo 2³², 4 bytes each, little endian), gzipped. Most steps are 0 or 1, so that a hundred thousand
 * parts take some ten thousand bytes.
 */
import { gunzipSync, gzipSync } from 'node:zlib';

/** Where a part of a page stands in its shard. */
export interface PartKey {
  readonly band: number;
  readonly prefix: number;
  readonly part: number;
}

const BYTES_A_PART = 12;

export function compareParts(left: PartKey, right: PartKey): number {
  return left.band - right.band || left.prefix - right.prefix || left.part - right.part;
}

export function encodeDirectory(parts: readonly PartKey[]): Uint8Array {
  const steps = new DataView(new ArrayBuffer(BYTES_A_PART * parts.length));
  let last: PartKey = { band: 0, prefix: 0, part: 0 };
  for (const [p, key] of parts.toSorted(compareParts).entries()) {
    steps.setUint32(BYTES_A_PART * p, key.band - last.band, true);
    steps.setUint32(BYTES_A_PART * p + 4, key.prefix - last.prefix, true);
    steps.setUint32(BYTES_A_PART * p + 8, key.part - last.part, true);
    last = key;
  }
  return gzipSync(new Uint8Array(steps.buffer));
}

/** The parts in rising order; RangeError or zlib's own error for bytes that are no directory. */
export function decodeDirectory(bytes: Uint8Array): PartKey[] {
  const content = gunzipSync(bytes);
  if (content.length % BYTES_A_PART !== 0) throw new RangeError(`expected whole parts, got ${content.length} bytes`);
  const steps = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const parts: PartKey[] = [];
  let [band, prefix, part] = [0, 0, 0];
  for (let at = 0; at < content.length; at += BYTES_A_PART) {
    band = (band + steps.getUint32(at, true)) >>> 0;
    prefix = (prefix + steps.getUint32(at + 4, true)) >>> 0;
    part = (part + steps.getUint32(at + 8, true)) >>> 0;
    parts.push({ band, prefix, part });
  }
  return parts;
}
