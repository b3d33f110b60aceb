/**
 * All the chance there is in akin: a seeded generator and a hash of texts, the same on every machine.
 *
 * Reference: A. Appleby, MurmurHash3 (public domain); T. Ettinger, mulberry32 (public domain).
 */

/** A source of uniform numbers in [0, 1). */
export type Random = () => number;

/** A generator of 2³² steps; enough for sampling and starts, not for cryptography. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** MurmurHash3's 32-bit finalizer: a bijection in which every input bit moves every output bit. */
export function mix32(x: number): number {
  let z = x ^ (x >>> 16);
  z = Math.imul(z, 0x85ebca6b);
  z ^= z >>> 13;
  z = Math.imul(z, 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

const encoder = new TextEncoder();

/** MurmurHash3 x86_32 of the text's UTF-8 bytes, which other languages can compute as well. */
export function hashText(text: string, seed = 0): number {
  const { length } = text;
  const blockEnd = length - (length % 4);
  let hash = seed >>> 0;
  let letters = 0;
  for (let at = 0; at < blockEnd; at += 4) {
    const [a, b, c, d] = [
      text.charCodeAt(at),
      text.charCodeAt(at + 1),
      text.charCodeAt(at + 2),
      text.charCodeAt(at + 3),
    ];
    letters |= a | b | c | d;
    hash = withBlock(hash, a | (b << 8) | (c << 16) | (d << 24));
  }
  let tail = 0;
  for (let at = length - 1; at >= blockEnd; at--) {
    letters |= text.charCodeAt(at);
    tail = (tail << 8) | text.charCodeAt(at);
  }
  // Of ASCII, letters are bytes.
  return letters < 0x80 ? finished(hash, tail, length) : hashBytes(encoder.encode(text), seed);
}

function hashBytes(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blockEnd = bytes.length - (bytes.length % 4);
  let hash = seed >>> 0;
  for (let at = 0; at < blockEnd; at += 4) hash = withBlock(hash, view.getUint32(at, true));
  let tail = 0;
  for (let at = bytes.length - 1; at >= blockEnd; at--) tail = (tail << 8) | bytes[at];
  return finished(hash, tail, bytes.length);
}

function withBlock(hash: number, block: number): number {
  return (Math.imul(rotateLeft(hash ^ scramble(block), 13), 5) + 0xe6546b64) | 0;
}

function finished(hash: number, tail: number, length: number): number {
  return mix32(hash ^ scramble(tail) ^ length);
}

function scramble(block: number): number {
  return Math.imul(rotateLeft(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** The values in an order of chance. R. Durstenfeld 1964. */
export function shuffled(values: Uint32Array, random: Random): Uint32Array {
  const order = values.slice();
  for (let n = order.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}
