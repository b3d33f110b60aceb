/**
 * What was sent to be stored: unpacked if it came as `aws-chunked`, and compared with every checksum that came along.
 *
 * Reference: Amazon S3, "Checking object integrity" and "Transferring payload in multiple chunks" (unsigned, with trailers).
 */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { AwsFault, notKnown, type ServiceRequest } from '../aws-service.ts';

export interface S3Body {
  readonly bytes: Buffer;
  /** MD5, as hex digits: the ETag of an object that is put in one go. */
  readonly md5: string;
  /** Those that came along, by the name of their header; all are true. */
  readonly checksums: Readonly<Record<string, string>>;
}

export const CHECKSUMS: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  'x-amz-checksum-crc32': crc32Of,
  'x-amz-checksum-sha1': (bytes) => createHash('sha1').update(bytes).digest(),
  'x-amz-checksum-sha256': (bytes) => createHash('sha256').update(bytes).digest(),
};

/** The bytes to be stored; an AwsFault for a body that is incomplete or not what its checksums say. */
export function bodyOf({ headers, body }: Pick<ServiceRequest, 'headers' | 'body'>): S3Body {
  const { bytes, trailers } = isChunked(headers) ? unpacked(headers, body) : { bytes: body, trailers: {} };
  const digest = createHash('md5').update(bytes).digest();
  const declared = headers['content-md5'];
  if (declared !== undefined && declared !== digest.toString('base64')) throw badDigest('Content-MD5');
  return { bytes, md5: digest.toString('hex'), checksums: checksumsOf({ ...headers, ...trailers }, bytes) };
}

function isChunked(headers: IncomingHttpHeaders): boolean {
  const isStream = String(headers['x-amz-content-sha256']).startsWith('STREAMING-');
  return isStream || String(headers['content-encoding']).split(/, ?/).includes('aws-chunked');
}

function checksumsOf(headers: IncomingHttpHeaders, bytes: Uint8Array): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, digestOf] of Object.entries(CHECKSUMS)) {
    const declared = headers[name];
    if (typeof declared !== 'string') continue;
    if (declared !== digestOf(bytes).toString('base64')) throw badDigest(name);
    found[name] = declared;
  }
  return found;
}

/** `5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n` */
function unpacked(headers: IncomingHttpHeaders, packed: Buffer) {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = packed.indexOf('\r\n', at);
    const size = chunkSizeOf(packed.toString('latin1', at, Math.max(lineEnd, at)));
    at = lineEnd + 2;
    if (size === 0) break;
    chunks.push(packed.subarray(at, at + size));
    at += size;
    if (packed.toString('latin1', at, at + 2) !== '\r\n') throw incomplete('a line end after each chunk');
    at += 2;
  }
  const bytes = Buffer.concat(chunks);
  const length = String(headers['x-amz-decoded-content-length']);
  if (length !== String(bytes.length)) throw incomplete(`${length} bytes, as x-amz-decoded-content-length says`);
  return { bytes, trailers: trailersOf(headers, packed.toString('latin1', at)) };
}

function chunkSizeOf(line: string): number {
  if (line.includes(';')) throw notKnown('chunks that are signed one by one');
  if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw incomplete('the size of a chunk');
  return Number.parseInt(line, 16);
}

/** Exactly those that were announced. */
function trailersOf(headers: IncomingHttpHeaders, text: string): Record<string, string> {
  const announced = String(headers['x-amz-trailer'] ?? '')
    .split(',')
    .filter(Boolean);
  const unknown = announced.find((name) => !Object.hasOwn(CHECKSUMS, name));
  if (unknown !== undefined) throw notKnown(`the trailer ${unknown}`);
  const lines = text.split('\r\n').filter(Boolean);
  const trailers = Object.fromEntries(lines.map((line) => splitAtColon(line)));
  if (Object.keys(trailers).toSorted().join() === announced.toSorted().join()) return trailers;
  throw new AwsFault(
    400,
    'MalformedTrailerError',
    `expected the trailers that were announced, ${announced.join(', ')}`,
  );
}

function splitAtColon(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, Math.max(colon, 0)).toLowerCase(), line.slice(colon + 1).trim()];
}

function crc32Of(bytes: Uint8Array): Buffer {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(bytes));
  return digest;
}

function badDigest(name: string): AwsFault {
  return new AwsFault(400, 'BadDigest', `expected a body with the checksum of ${name}, got another one`);
}

function incomplete(expected: string): AwsFault {
  return new AwsFault(400, 'IncompleteBody', `expected ${expected}, got a body that ends before or after`);
}
