/** The part of an object that a reader asks for. */
import { AwsFault, notKnown } from '../aws-service.ts';

export interface ByteRange {
  readonly start: number;
  /** The first byte that is not part of it. */
  readonly end: number;
}

/** Undefined where the whole object is meant: a range that is not well-formed is none. */
export function byteRangeOf(header: string | undefined, size: number): ByteRange | undefined {
  if (header?.includes(',')) throw notKnown(`S3 GetObject with several ranges, ${header}`);
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start < end) return { start, end };
  throw new AwsFault(416, 'InvalidRange', `expected a range within ${size} bytes, got ${header}`);
}
