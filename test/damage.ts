/** What disks, networks and people do to files: bits turned over, ends cut off, bytes put in between. */
import type { Random } from '#domain/random.ts';

/** The bytes with one thing wrong with them, seldom with two. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const once = damagedOnce(bytes, random);
  return random() < 0.1 ? damagedOnce(once, random) : once;
}

function damagedOnce(bytes: Uint8Array, random: Random): Uint8Array {
  const at = Math.floor(random() * bytes.length);
  const kind = Math.floor(random() * 4);
  if (kind === 0) return bytes.slice(0, at);
  if (kind === 1) {
    const inserted = Uint8Array.from({ length: 1 + Math.floor(random() * 9) }, () => Math.floor(random() * 256));
    return Uint8Array.from(Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]));
  }
  const changed = bytes.slice();
  if (changed.length === 0) return changed;
  // A single bit, or four bytes such as a length or an offset is made of.
  if (kind === 2) changed[at] ^= 1 << Math.floor(random() * 8);
  else for (let i = at; i < Math.min(at + 4, changed.length); i++) changed[i] = Math.floor(random() * 256);
  return changed;
}
