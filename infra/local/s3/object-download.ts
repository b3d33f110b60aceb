/** The answer to who reads an object: its headers, and all or a part of its bytes as they come from the file. */
import { createReadStream } from 'node:fs';
import { AwsFault, type ServiceRequest, type ServiceResponse } from '../aws-service.ts';
import type { BucketFolder } from './bucket-folder.ts';
import { byteRangeOf } from './byte-range.ts';
import { checksumHeaders, objectHeaders } from './object-headers.ts';
import { isKnownToReader } from './preconditions.ts';
import { RESPONSE_HEADERS } from './s3-operation.ts';
import type { StoredObject } from './stored-object.ts';

export function downloadOf(request: ServiceRequest, bucket: BucketFolder, object: StoredObject): ServiceResponse {
  const { method, headers, url } = request;
  if (isKnownToReader(headers, object)) return { status: 304, headers: { etag: `"${object.etag}"` }, body: '' };
  const range = byteRangeOf(headers.range, object.size);
  const { start, end } = range ?? { start: 0, end: object.size };
  const isChecked = (headers['x-amz-checksum-mode'] ?? url.searchParams.get('x-amz-checksum-mode')) === 'ENABLED';
  return {
    status: range ? 206 : 200,
    headers: {
      ...objectHeaders(object),
      ...askedHeaders(url.searchParams),
      // They are of the whole object, and would be taken for those of the part.
      ...(isChecked && !range ? checksumHeaders(object) : {}),
      ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${object.size}` } : {}),
      'content-length': String(end - start),
    },
    body:
      method === 'HEAD' || start === end ? '' : createReadStream('', { fd: bucket.open(object), start, end: end - 1 }),
  };
}

function askedHeaders(query: URLSearchParams): Record<string, string> {
  const asked: Record<string, string> = {};
  for (const name of RESPONSE_HEADERS) {
    const value = query.get(`response-${name}`);
    if (value === null) continue;
    if (/[^ -ÿ]|\p{Cc}/u.test(value)) {
      throw new AwsFault(400, 'InvalidArgument', `expected a value for a header in response-${name}, got another text`);
    }
    asked[name] = value;
  }
  return asked;
}
