/** A page of the keys of a bucket, those with a common beginning up to a delimiter as one. */
import { AwsFault } from '../aws-service.ts';

export interface ListingQuery {
  readonly prefix: string;
  /** Empty where keys stand for themselves. */
  readonly delimiter: string;
  /** Keys up to this one are left out. */
  readonly startAfter: string;
  /** Where the page before ended. */
  readonly continuation: string | undefined;
  readonly maxKeys: number;
}

export interface ListingPage {
  readonly keys: readonly string[];
  readonly prefixes: readonly string[];
  /** Where the next page begins, if there is one. */
  readonly continuation: string | undefined;
}

/** Cost: O(log n), and a step for each key on the page or behind one of its prefixes. `sorted` is in the order of UTF-8 bytes. */
export function pageOf(sorted: readonly string[], query: ListingQuery): ListingPage {
  const { prefix, delimiter, maxKeys } = query;
  const keys: string[] = [];
  const prefixes: string[] = [];
  let last = query.continuation === undefined ? undefined : entryOf(query.continuation);
  const start = Math.max(
    countWhile(sorted, (key) => compareBytes(key, prefix) < 0),
    countWhile(sorted, (key) => compareBytes(key, last ?? query.startAfter) <= 0),
  );
  for (let i = start; i < sorted.length && sorted[i].startsWith(prefix); i++) {
    const cut = delimiter === '' ? -1 : sorted[i].indexOf(delimiter, prefix.length);
    const entry = cut < 0 ? sorted[i] : sorted[i].slice(0, cut + delimiter.length);
    // A prefix stands for all of its keys.
    if (entry === last) continue;
    if (keys.length + prefixes.length === maxKeys) {
      return { keys, prefixes, continuation: maxKeys === 0 || last === undefined ? undefined : continuationOf(last) };
    }
    (cut < 0 ? keys : prefixes).push(entry);
    last = entry;
  }
  return { keys, prefixes, continuation: undefined };
}

/** How many keys in front hold to the claim; those behind must not. */
function countWhile(sorted: readonly string[], holds: (key: string) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function continuationOf(entry: string): string {
  return Buffer.from(entry).toString('base64url');
}

function entryOf(continuation: string): string {
  const entry = Buffer.from(continuation, 'base64url').toString();
  if (entry !== '' && continuationOf(entry) === continuation) return entry;
  throw new AwsFault(400, 'InvalidArgument', 'expected a continuation token of the page before, got another text');
}
