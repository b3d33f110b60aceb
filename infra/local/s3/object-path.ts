/** Under which name the bytes of a key are kept: as a file of that path where the key is one, else under a name made from it. */
import { createHash } from 'node:crypto';

/** File systems count a name's bytes, and none of note allows more. */
const MAX_NAME_BYTES = 255;

/** So many that the name says which key it is of, and leaves room for the hash. */
const READABLE_CHARACTERS = 100;

/** Whether a key is a path that stays within its folder on every file system. */
export function isPath(key: string): boolean {
  return !/[\p{Cc}\\]/u.test(key) && key.split('/').every(isFileName);
}

/** A file name for any key at all, another one for each. */
export function escapedName(key: string): string {
  const readable = key
    .replace(/[^\w.-]/g, '_')
    .replace(/^\./, '_')
    .slice(0, READABLE_CHARACTERS);
  return `${readable}-${createHash('sha256').update(key).digest('hex')}`;
}

function isFileName(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= MAX_NAME_BYTES;
}
