/** Which operation of S3 a request is, by its method, path and query; what is not known here is refused by its name. */
import { AwsFault, notKnown, type ServiceRequest } from '../aws-service.ts';

export type OperationName =
  | 'AbortMultipartUpload'
  | 'CompleteMultipartUpload'
  | 'CopyObject'
  | 'CreateBucket'
  | 'CreateMultipartUpload'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'GetObject'
  | 'HeadBucket'
  | 'HeadObject'
  | 'ListBuckets'
  | 'ListObjectsV2'
  | 'PutObject'
  | 'UploadPart';

export interface S3Operation {
  readonly name: OperationName;
  /** What a caller must be allowed. */
  readonly action: string;
  /** Empty where an operation has none. */
  readonly bucket: string;
  readonly key: string;
}

interface OperationShape {
  readonly name: OperationName;
  readonly action: string;
  readonly method: string;
  readonly on: 'account' | 'bucket' | 'object';
  /** The query parameters and headers that make a request this operation. */
  readonly marks?: readonly string[];
  /** Those that it may have besides; a name that ends in a dash stands for all that begin with it. */
  readonly options?: readonly string[];
}

/** Query parameters of a download that set headers of its answer. */
export const RESPONSE_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

const CHECKED = [
  'x-amz-checksum-crc32',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
  'x-amz-decoded-content-length',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-trailer',
];
const CONDITIONS = ['if-match', 'if-none-match'];
const READ = [...CONDITIONS, 'x-amz-checksum-mode', ...RESPONSE_HEADERS.map((name) => `response-${name}`)];
const LIST = ['prefix', 'delimiter', 'start-after', 'continuation-token', 'max-keys', 'encoding-type'];
const DESCRIPTION = ['x-amz-meta-'];

/** Of those that a request could be the first is meant: more marks come before fewer. */
const OPERATIONS: readonly OperationShape[] = [
  { name: 'ListBuckets', action: 's3:ListAllMyBuckets', method: 'GET', on: 'account' },
  { name: 'CreateBucket', action: 's3:CreateBucket', method: 'PUT', on: 'bucket' },
  { name: 'HeadBucket', action: 's3:ListBucket', method: 'HEAD', on: 'bucket' },
  { name: 'ListObjectsV2', action: 's3:ListBucket', method: 'GET', on: 'bucket', marks: ['list-type'], options: LIST },
  {
    name: 'DeleteObjects',
    action: 's3:DeleteObject',
    method: 'POST',
    on: 'bucket',
    marks: ['delete'],
    options: CHECKED,
  },
  { name: 'GetObject', action: 's3:GetObject', method: 'GET', on: 'object', options: READ },
  { name: 'HeadObject', action: 's3:GetObject', method: 'HEAD', on: 'object', options: READ },
  {
    name: 'UploadPart',
    action: 's3:PutObject',
    method: 'PUT',
    on: 'object',
    marks: ['uploadId', 'partNumber'],
    options: CHECKED,
  },
  {
    name: 'CopyObject',
    action: 's3:PutObject',
    method: 'PUT',
    on: 'object',
    marks: ['x-amz-copy-source'],
    options: ['x-amz-metadata-directive', ...DESCRIPTION],
  },
  {
    name: 'PutObject',
    action: 's3:PutObject',
    method: 'PUT',
    on: 'object',
    options: [...CHECKED, ...CONDITIONS, ...DESCRIPTION],
  },
  {
    name: 'CreateMultipartUpload',
    action: 's3:PutObject',
    method: 'POST',
    on: 'object',
    marks: ['uploads'],
    options: ['x-amz-checksum-algorithm', ...DESCRIPTION],
  },
  {
    name: 'CompleteMultipartUpload',
    action: 's3:PutObject',
    method: 'POST',
    on: 'object',
    marks: ['uploadId'],
    options: CONDITIONS,
  },
  {
    name: 'AbortMultipartUpload',
    action: 's3:AbortMultipartUpload',
    method: 'DELETE',
    on: 'object',
    marks: ['uploadId'],
  },
  { name: 'DeleteObject', action: 's3:DeleteObject', method: 'DELETE', on: 'object' },
];

/** Part of every request, and without a meaning here. */
const ALWAYS = ['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token', 'x-amz-user-agent', 'x-id'];
const PRESIGNED = [
  'X-Amz-Algorithm',
  'X-Amz-Content-Sha256',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
];

const MAX_KEY_BYTES = 1024;

/** An AwsFault 501 for a method, a query parameter or a header with a meaning that is not known. */
export function operationOf(request: ServiceRequest): S3Operation {
  const { bucket, key } = namesOf(request.rawPath ?? request.url.pathname);
  const on = bucket === '' ? 'account' : key === '' ? 'bucket' : 'object';
  const query = [...request.url.searchParams.keys()].filter((name) => !PRESIGNED.includes(name));
  const headers = Object.keys(request.headers).filter(isGuarded);
  // Some signers move headers into the query, where they would be overlooked.
  const moved = query.find((name) => isGuarded(name) && name !== 'x-amz-checksum-mode');
  if (moved !== undefined) throw notKnown(`S3 ${request.method} with the header ${moved} in its query`);
  const asked = [...query, ...headers];
  const found = OPERATIONS.find(
    ({ method, on: where, marks = [] }) =>
      method === request.method && where === on && marks.every((mark) => asked.includes(mark)),
  );
  if (found === undefined) throw notKnown(`S3 ${request.method} of ${[on, ...query].join(' ?')}`);
  const { name, action, marks = [], options = [] } = found;
  const stranger = asked.find((each) => ![...ALWAYS, ...marks, ...options].some((known) => isOf(known, each)));
  if (stranger !== undefined) throw notKnown(`S3 ${name} with ${stranger}`);
  return { name, action, bucket, key };
}

/** What a request to copy is to copy. */
export function copySourceOf({ headers }: Pick<ServiceRequest, 'headers'>): Pick<S3Operation, 'bucket' | 'key'> {
  const source = String(headers['x-amz-copy-source']);
  if (source.includes('?')) throw notKnown(`S3 CopyObject of a version, ${source}`);
  return namesOf(source);
}

function namesOf(path: string): Pick<S3Operation, 'bucket' | 'key'> {
  const [, bucket, key = ''] = /^\/?([^/]*)(?:\/(.*))?$/s.exec(path) ?? ['', ''];
  const names = { bucket: decoded(bucket), key: decoded(key) };
  if (Buffer.byteLength(names.key) <= MAX_KEY_BYTES) return names;
  throw new AwsFault(400, 'KeyTooLongError', `expected a key of at most ${MAX_KEY_BYTES} bytes, got a longer one`);
}

/** Headers of these names always mean something to S3. */
function isGuarded(header: string): boolean {
  return header.startsWith('x-amz-') || header.startsWith('if-');
}

function isOf(known: string, name: string): boolean {
  return known.endsWith('-') ? name.startsWith(known) : name === known;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new AwsFault(400, 'InvalidURI', `expected percent-encoded UTF-8, got ${text}`);
    throw error;
  }
}
