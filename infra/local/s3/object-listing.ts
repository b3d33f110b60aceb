/** The answer to who lists a bucket: ListObjectsV2. */
import { AwsFault, notKnown, type ServiceResponse } from '../aws-service.ts';
import type { BucketFolder } from './bucket-folder.ts';
import { pageOf } from './listing-page.ts';
import { xmlDocument, xmlElement, xmlText } from './s3-xml.ts';

/** What S3 gives at most, whatever is asked for. */
const MAX_KEYS = 1000;

export function listingOf(name: string, bucket: BucketFolder, query: URLSearchParams): ServiceResponse {
  if (query.get('list-type') !== '2') throw notKnown(`S3 lists of type ${query.get('list-type')}`);
  const encoding = encodingOf(query.get('encoding-type'));
  const prefix = query.get('prefix') ?? '';
  const maxKeys = maxKeysOf(query.get('max-keys'));
  const page = pageOf(bucket.keys(), {
    prefix,
    delimiter: query.get('delimiter') ?? '',
    startAfter: query.get('start-after') ?? '',
    continuation: query.get('continuation-token') ?? undefined,
    maxKeys,
  });
  const body = xmlDocument('ListBucketResult', [
    xmlText('Name', name),
    xmlText('Prefix', encoding(prefix)),
    ...given('Delimiter', query.get('delimiter'), encoding),
    ...given('StartAfter', query.get('start-after'), encoding),
    ...given('ContinuationToken', query.get('continuation-token')),
    ...given('EncodingType', query.get('encoding-type')),
    xmlText('MaxKeys', maxKeys),
    xmlText('KeyCount', page.keys.length + page.prefixes.length),
    xmlText('IsTruncated', page.continuation !== undefined),
    ...given('NextContinuationToken', page.continuation),
    ...page.keys.map((key) => contentsOf(bucket, key, encoding)),
    ...page.prefixes.map((each) => xmlElement('CommonPrefixes', [xmlText('Prefix', encoding(each))])),
  ]);
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

function contentsOf(bucket: BucketFolder, key: string, encoding: (text: string) => string): string {
  const object = bucket.find(key);
  if (object === undefined) throw new Error(`expected an object of the listed key ${key}, got none`);
  return xmlElement('Contents', [
    xmlText('Key', encoding(key)),
    xmlText('LastModified', new Date(object.modified).toISOString()),
    xmlText('ETag', `"${object.etag}"`),
    xmlText('Size', object.size),
    xmlText('StorageClass', 'STANDARD'),
  ]);
}

/** XML has no way to write some characters that a key may hold, so that a reader can ask for percent signs. */
function encodingOf(type: string | null): (text: string) => string {
  if (type === null) return (text) => text;
  if (type !== 'url') throw new AwsFault(400, 'InvalidArgument', `expected the encoding type url, got ${type}`);
  return (text) => encodeURIComponent(text).replaceAll('%2F', '/');
}

function maxKeysOf(text: string | null): number {
  if (text === null) return MAX_KEYS;
  if (/^\d{1,9}$/.test(text)) return Math.min(MAX_KEYS, Number(text));
  throw new AwsFault(400, 'InvalidArgument', `expected a number of keys from 0 in max-keys, got ${text}`);
}

function given(name: string, text: string | null | undefined, encoding = (plain: string) => plain): string[] {
  return text === null || text === undefined ? [] : [xmlText(name, encoding(text))];
}
