import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { BUCKET, faultOf, localBucket } from './local-bucket.ts';

/** What a list says, over all of its pages: its keys and, as they are told, its common prefixes. */
async function listedBy(client: S3Client, query: Omit<ListObjectsV2CommandInput, 'Bucket'>) {
  const keys: string[] = [];
  const prefixes: string[] = [];
  const pages: number[] = [];
  const decoded = query.EncodingType === 'url' ? decodeURIComponent : (text: string) => text;
  for await (const page of paginateListObjectsV2({ client }, { Bucket: BUCKET, ...query })) {
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => decoded(Key)));
    prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => decoded(Prefix)));
    pages.push(page.KeyCount ?? 0);
  }
  return { keys, prefixes, pages };
}

/** The same by its definition. */
function modelOf(
  all: readonly string[],
  { Prefix = '', Delimiter = '', StartAfter = '' }: Partial<ListObjectsV2CommandInput>,
) {
  const compare = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));
  const found = all.filter((key) => key.startsWith(Prefix) && compare(key, StartAfter) > 0);
  const groupOf = (key: string) => {
    const cut = Delimiter === '' ? -1 : key.indexOf(Delimiter, Prefix.length);
    return cut < 0 ? undefined : key.slice(0, cut + Delimiter.length);
  };
  return {
    keys: found.filter((key) => groupOf(key) === undefined).toSorted(compare),
    prefixes: [...new Set(found.map(groupOf).filter((group) => group !== undefined))].toSorted(compare),
  };
}

/** Few letters, so that keys begin alike; U+FF5E and the emoji are in another order in UTF-16 than in UTF-8. */
const letter = fc.constantFrom(
  'a',
  'b',
  '/',
  '/',
  '.',
  '..',
  ' ',
  '+',
  '%',
  '&',
  '<',
  'é',
  '\uff5e',
  '😀',
  '\n',
  '\r',
  '\u0001',
  '\\',
);
const key = fc.array(letter, { minLength: 1, maxLength: 6 }).map((letters) => letters.join(''));
const text = fc.oneof(
  fc.constant(''),
  fc.array(letter, { maxLength: 2 }).map((letters) => letters.join('')),
);

describe('lists', () => {
  it('tell what they are asked for, page by page, for any keys', async () => {
    const { client, put, get } = await localBucket();
    const stored = new Set<string>();

    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { minLength: 1, maxLength: 5 }),
        fc.record({
          Prefix: text,
          Delimiter: fc.constantFrom('', '/', '/', '..', '😀'),
          StartAfter: text,
          MaxKeys: fc.integer({ min: 1, max: 12 }),
        }),
        async (keys, query) => {
          for (const each of keys) await put(each, each);
          for (const each of keys) stored.add(each);

          const { keys: found, prefixes, pages } = await listedBy(client, { ...query, EncodingType: 'url' });

          expect({ keys: found, prefixes }).toEqual(modelOf([...stored], query));
          expect(pages.slice(0, -1).every((count) => count === query.MaxKeys)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
    for (const each of stored) expect(await get(each)).toBe(each);
    expect(stored.size).toBeGreaterThan(100);
  });

  it('tell size, tag and time of each object', async () => {
    const { client, put } = await localBucket();
    const before = Math.floor(Date.now() / 1000) * 1000;
    const ETag = await put('a/1', 'hello');

    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'a/' }));

    expect(Contents).toMatchObject([{ Key: 'a/1', Size: 5, ETag }]);
    expect(Contents[0].LastModified?.getTime()).toBeGreaterThanOrEqual(before);
    expect(Contents[0].LastModified?.getMilliseconds()).toBe(0);
  });

  it('write keys so that XML gives them back without an encoding', async () => {
    const { client, put } = await localBucket();
    const keys = ['<&>"\'', 'a b', 'a\t\n\rb', 'é😀\u2028'].toSorted();
    for (const each of keys) await put(each, each);

    expect((await listedBy(client, {})).keys).toEqual(keys);
  });

  it('end where nothing more is, and have a thousand keys a page at most', async () => {
    const { client, service } = await localBucket();
    const keys = Array.from({ length: 1_001 }, (_, i) => `k${i}`);
    for (const each of keys) {
      const url = new URL(`http://localhost/${BUCKET}/${each}`);
      await service.answer({ method: 'PUT', url, headers: {}, body: Buffer.of() });
    }

    expect((await listedBy(client, { MaxKeys: 2_000 })).pages).toEqual([1_000, 1]);
    const whole = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, MaxKeys: 0 }));
    expect([whole.IsTruncated, whole.KeyCount]).toEqual([false, 0]);
  });

  it('are refused with a token that nobody gave, a number that is none, and in other forms', async () => {
    const { client } = await localBucket();
    const list = (query: object) => faultOf(client.send(new ListObjectsV2Command({ Bucket: BUCKET, ...query })));

    expect(await list({ ContinuationToken: 'not one' })).toBe('InvalidArgument 400');
    expect(await list({ MaxKeys: -1 })).toBe('InvalidArgument 400');
    expect(await list({ FetchOwner: true })).toBe('NotImplemented 501');
  });
});
