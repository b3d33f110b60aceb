/** What a request demands of the object that is there before it is read or replaced. */
import type { IncomingHttpHeaders } from 'node:http';
import { AwsFault, notKnown } from '../aws-service.ts';

interface Tagged {
  readonly etag: string;
}

/** Throws an AwsFault where the object must not be replaced, or must be another one. */
export function assertReplaceable(headers: IncomingHttpHeaders, found: Tagged | undefined): void {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (noneMatch !== undefined && noneMatch !== '*') throw notKnown(`a write if none matches ${noneMatch}`);
  if (noneMatch === '*' && found !== undefined) throw failed('If-None-Match');
  if (match === undefined) return;
  if (found === undefined) throw noSuchKey();
  if (!names(match, found)) throw failed('If-Match');
}

/** Whether the reader has the object already; throws an AwsFault where it wants another one. */
export function isKnownToReader(headers: IncomingHttpHeaders, found: Tagged): boolean {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match !== undefined && !names(match, found)) throw failed('If-Match');
  return noneMatch !== undefined && names(noneMatch, found);
}

export function noSuchKey(): AwsFault {
  return new AwsFault(404, 'NoSuchKey', 'The specified key does not exist.');
}

/** `*`, or a list of ETags, each with or without quotes. */
function names(tags: string, { etag }: Tagged): boolean {
  return tags.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '').replaceAll('"', '')));
}

function failed(condition: string): AwsFault {
  return new AwsFault(412, 'PreconditionFailed', `expected an object for which ${condition} holds, got another one`);
}
