/**
 * Who signed a request: AWS Signature Version 4, in a header or in the query of a presigned address.
 *
 * Reference: AWS, "Signature Version 4 signing process"; Amazon S3, "Authenticating Requests".
 * S3 signs a path that is percent-encoded once, the other services one that is tidied and encoded twice.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { compareTexts } from '#domain/features/text-order.ts';
import { AwsFault, notKnown, REGION } from './aws-service.ts';

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came: what is signed is what was sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface Caller {
  readonly accessKeyId: string;
  readonly service: string;
}

/** What a request says about its signature, before anything of it is believed. */
interface Claim extends Caller {
  readonly day: string;
  readonly date: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly payloadHash: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** How far the clocks of caller and service may be apart. */
const MAX_SKEW_MS = 15 * 60_000;

/** AWS presigns for a week at most. */
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600;

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const UNSIGNED_STREAM = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

/** The access key whose secret signed the request, and the service it was signed for; an AwsFault for any other request. */
export function callerOf(
  request: SignedRequest,
  secretOf: (accessKeyId: string) => string | undefined,
  now: Date,
): Caller {
  const [path, search] = splitTarget(request.url);
  const query = new URLSearchParams(search);
  const claim = query.has('X-Amz-Signature') ? claimOfQuery(request, query, now) : claimOfHeader(request, now);
  assertAllSigned(request.headers, claim.signedHeaders);
  const secret = secretOf(claim.accessKeyId);
  if (secret === undefined) {
    throw new AwsFault(403, 'InvalidAccessKeyId', `expected a known access key, got ${claim.accessKeyId}`);
  }
  if (!isSame(claim.signature, signatureOf(claim, canonicalRequest(request, path, query, claim), secret))) {
    throw new AwsFault(403, 'SignatureDoesNotMatch', 'expected a signature by the secret of that access key');
  }
  assertBody(request.body, claim);
  return { accessKeyId: claim.accessKeyId, service: claim.service };
}

function claimOfHeader(request: SignedRequest, now: Date): Claim {
  const { authorization } = request.headers;
  if (authorization === undefined) throw denied('a signature', 'none');
  const parts = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(.+)$/.exec(authorization);
  if (!parts) throw denied(`an authorization of ${ALGORITHM}`, 'another one');
  const date = headerOf(request.headers, 'x-amz-date');
  const skew = now.getTime() - timeOf(date);
  if (Math.abs(skew) > MAX_SKEW_MS) {
    throw new AwsFault(403, 'RequestTimeTooSkewed', `expected a request signed within 15 minutes, got ${date}`);
  }
  const scope = scopeOf(parts[1], date);
  const declared = headerOf(request.headers, 'x-amz-content-sha256');
  if (declared === '' && scope.service === 's3') {
    throw new AwsFault(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const payloadHash = declared === '' ? sha256(request.body) : declared;
  return { ...scope, date, signedHeaders: parts[2].split(';'), signature: parts[3], payloadHash };
}

function claimOfQuery(request: SignedRequest, query: URLSearchParams, now: Date): Claim {
  if (request.headers.authorization !== undefined)
    throw denied('one signature', 'one in the query and one in a header');
  const of = (name: string) => query.get(name) ?? '';
  if (of('X-Amz-Algorithm') !== ALGORITHM) throw denied(ALGORITHM, of('X-Amz-Algorithm'));
  const date = of('X-Amz-Date');
  const expires = Number(of('X-Amz-Expires'));
  if (!(Number.isInteger(expires) && expires > 0 && expires <= MAX_EXPIRES_SECONDS)) {
    throw denied(`1 to ${MAX_EXPIRES_SECONDS} seconds in X-Amz-Expires`, of('X-Amz-Expires'));
  }
  const age = now.getTime() - timeOf(date);
  if (age > expires * 1000) throw new AwsFault(403, 'AccessDenied', 'Request has expired');
  if (age < -MAX_SKEW_MS) throw new AwsFault(403, 'AccessDenied', 'Request is not valid yet');
  const scope = scopeOf(of('X-Amz-Credential'), date);
  const declared = of('X-Amz-Content-Sha256') || headerOf(request.headers, 'x-amz-content-sha256');
  const payloadHash = declared || (scope.service === 's3' ? UNSIGNED : sha256(request.body));
  const signedHeaders = of('X-Amz-SignedHeaders').split(';');
  return { ...scope, date, signedHeaders, signature: of('X-Amz-Signature'), payloadHash };
}

/** `key/20130524/us-east-1/s3/aws4_request`; the key itself may hold slashes. */
function scopeOf(credential: string, date: string) {
  const parts = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential);
  if (!parts) throw denied('a credential of five parts', credential);
  const [, accessKeyId, day, region, service] = parts;
  if (region !== REGION) throw denied(`a credential for ${REGION}`, region);
  if (!date.startsWith(day)) throw denied(`a credential for the day of ${date}`, day);
  return { accessKeyId, day, service };
}

function timeOf(date: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!parts) throw denied('a date such as 20130524T000000Z', date);
  const [year, month, day, hours, minutes, seconds] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hours, minutes, seconds);
}

/** A header that was not signed could have been put in by anybody on the way. */
function assertAllSigned(headers: IncomingHttpHeaders, signed: readonly string[]): void {
  const unsigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))].find(
    (name) => !signed.includes(name),
  );
  if (unsigned !== undefined) throw denied(`the header ${unsigned} to be signed`, `only ${signed.join(', ')}`);
}

function canonicalRequest(request: SignedRequest, path: string, query: URLSearchParams, claim: Claim): string {
  const headers = claim.signedHeaders.map(
    (name) => `${name}:${headerOf(request.headers, name).trim().replace(/\s+/g, ' ')}\n`,
  );
  return [
    request.method,
    claim.service === 's3' ? encodedOnce(path) : encodedTwice(path),
    canonicalQuery(query),
    headers.join(''),
    claim.signedHeaders.join(';'),
    claim.payloadHash,
  ].join('\n');
}

function encodedOnce(path: string): string {
  try {
    return path
      .split('/')
      .map((part) => encoded(decodeURIComponent(part)))
      .join('/');
  } catch (error) {
    if (error instanceof URIError)
      throw new AwsFault(400, 'InvalidURI', `expected a percent-encoded path, got ${path}`);
    throw error;
  }
}

function encodedTwice(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(encoded(part));
  }
  return `/${parts.join('/')}${parts.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

/** In the order of the encoded names, then values: `a-b=` comes after `a=`, which an order of whole pairs would turn round. */
function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort((a, b) => compareTexts(a[0], b[0]) || compareTexts(a[1], b[1]))
    .map((pair) => pair.join('='))
    .join('&');
}

function signatureOf(claim: Claim, canonical: string, secret: string): string {
  const scope = [claim.day, REGION, claim.service, 'aws4_request'];
  let key: string | Buffer = `AWS4${secret}`;
  for (const part of scope) key = createHmac('sha256', key).update(part).digest();
  // Node gives the bytes of a header as latin1: so they are hashed as they came.
  const hash = sha256(Buffer.from(canonical, 'latin1'));
  return createHmac('sha256', key)
    .update([ALGORITHM, claim.date, scope.join('/'), hash].join('\n'))
    .digest('hex');
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The hash is part of what was signed; that the body has it makes the body signed as well. */
function assertBody(body: Uint8Array, { payloadHash, service }: Claim): void {
  if (service === 's3' && (payloadHash === UNSIGNED || payloadHash === UNSIGNED_STREAM)) return;
  if (!/^[0-9a-f]{64}$/.test(payloadHash)) throw notKnown(`x-amz-content-sha256 ${payloadHash} for ${service}`);
  if (payloadHash === sha256(body)) return;
  throw new AwsFault(400, 'XAmzContentSHA256Mismatch', 'expected a body of the hash in x-amz-content-sha256');
}

function splitTarget(target: string): readonly [path: string, search: string] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  return [headers[name] ?? ''].flat().join(',');
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function denied(expected: string, got: string): AwsFault {
  return new AwsFault(403, 'AccessDenied', `expected ${expected}, got ${got === '' ? 'none' : got}`);
}
