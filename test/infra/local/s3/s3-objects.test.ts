import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { BUCKET, faultOf, localBucket } from './local-bucket.ts';

const HELLO = { Bucket: BUCKET, Key: 'hello.txt' };

describe('objects', () => {
  it('are kept as files that anybody can read', async () => {
    const { put, folder } = await localBucket();

    await put('audiences/shop/b1.csv', 'ada\n');

    expect(readFileSync(join(folder, BUCKET, 'audiences/shop/b1.csv'), 'utf8')).toBe('ada\n');
  });

  it('come back as they were put, with their type, their encoding and what the caller noted on them', async () => {
    const { client } = await localBucket();
    const described = {
      ContentType: 'text/csv',
      ContentEncoding: 'gzip',
      CacheControl: 'no-store',
      Metadata: { note: 'from a test' },
    };

    const put = await client.send(new PutObjectCommand({ ...HELLO, Body: 'hello', ...described }));
    const { Body, ...got } = await client.send(new GetObjectCommand(HELLO));

    expect(await Body?.transformToString()).toBe('hello');
    expect(got).toMatchObject({ ...described, ETag: put.ETag, ContentLength: 5 });
    expect(put).toMatchObject({ ETag: '"5d41402abc4b2a76b9719d911017c592"', ChecksumCRC32: 'NhCmhg==' });
  });

  it('come in streams, packed and checked at their end', async () => {
    const { client, get } = await localBucket();
    const chunks = Array.from({ length: 50 }, (_, i) => Buffer.alloc(1_000, i));

    const Body = Readable.from(chunks);
    const put = await client.send(new PutObjectCommand({ ...HELLO, Body, ContentLength: 50_000 }));

    expect(await get(HELLO.Key)).toBe(Buffer.concat(chunks).toString());
    expect(put.ChecksumCRC32).toBeDefined();
    expect((await client.send(new HeadObjectCommand(HELLO))).ContentEncoding).toBeUndefined();
  });

  it('may be empty', async () => {
    const { put, get, client } = await localBucket();

    await put(HELLO.Key, Uint8Array.of());

    expect(await get(HELLO.Key)).toBe('');
    expect((await client.send(new HeadObjectCommand(HELLO))).ContentLength).toBe(0);
  });

  it.each(['CRC32', 'SHA1', 'SHA256'] as const)(
    'keep the %s that they came with, and give it back when it is asked for',
    async (ChecksumAlgorithm) => {
      const { client } = await localBucket();
      const field = `Checksum${ChecksumAlgorithm}` as const;

      const put = await client.send(new PutObjectCommand({ ...HELLO, Body: 'hello', ChecksumAlgorithm }));
      const head = await client.send(new HeadObjectCommand({ ...HELLO, ChecksumMode: 'ENABLED' }));

      expect(put[field]).toBeDefined();
      expect(head[field]).toBe(put[field]);
    },
  );

  it('are refused if they are not what their checksum says', async () => {
    const { client } = await localBucket();
    const wrong = [
      { ChecksumCRC32: 'AAAAAA==' },
      { ChecksumSHA256: 'AAAA' },
      { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' },
    ];

    for (const checksum of wrong) {
      expect(await faultOf(client.send(new PutObjectCommand({ ...HELLO, Body: 'hello', ...checksum })))).toBe(
        'BadDigest 400',
      );
    }
    expect(await faultOf(client.send(new GetObjectCommand(HELLO)))).toBe('NoSuchKey 404');
  });

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-4', '6789', 'bytes 6-9/10'],
    ['bytes=-40', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-400', '89', 'bytes 8-9/10'],
    ['bytes=9-9', '9', 'bytes 9-9/10'],
    ['bytes=5-2', '0123456789', undefined],
    ['lines=1-2', '0123456789', undefined],
  ])('are read in part: %s is %s', async (Range, part, ContentRange) => {
    const { client, put } = await localBucket();
    await put(HELLO.Key, '0123456789');

    const got = await client.send(new GetObjectCommand({ ...HELLO, Range }));

    expect(await got.Body?.transformToString()).toBe(part);
    expect(got.ContentRange).toBe(ContentRange);
    expect(got.ContentLength).toBe(part.length);
    expect(got.$metadata.httpStatusCode).toBe(ContentRange ? 206 : 200);
  });

  it.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('end before %s begins, which is refused', async (Range) => {
    const { client, put } = await localBucket();
    await put(HELLO.Key, '0123456789');

    expect(await faultOf(client.send(new GetObjectCommand({ ...HELLO, Range })))).toBe('InvalidRange 416');
  });

  it('are read to the end as they were when the reader began, whatever is written meanwhile', async () => {
    const { client, put, get } = await localBucket();
    const old = 'old '.repeat(1_000_000);
    await put(HELLO.Key, old);

    const { Body } = await client.send(new GetObjectCommand(HELLO));
    await put(HELLO.Key, 'new');

    expect((await Body?.transformToString()) === old).toBe(true);
    expect(await get(HELLO.Key)).toBe('new');
  });

  it('are gone when they are deleted, as often as that is asked', async () => {
    const { client, put, events } = await localBucket();
    await put(HELLO.Key, 'hello');

    await client.send(new DeleteObjectCommand(HELLO));
    await client.send(new DeleteObjectCommand(HELLO));

    expect(await faultOf(client.send(new GetObjectCommand(HELLO)))).toBe('NoSuchKey 404');
    expect(await faultOf(client.send(new HeadObjectCommand(HELLO)))).toBe('NotFound 404');
    expect(events.map(({ kind }) => kind)).toEqual(['Object Created', 'Object Deleted']);
  });

  it('are deleted many at a time, whatever their keys', async () => {
    const { client, put, events } = await localBucket();
    const keys = ['a', 'a/b', `<&>"'`, 'new\r\nline', 'é/😀', '\u0001'];
    for (const key of keys) await put(key, key);
    await put('kept', 'kept');

    const Objects = [...keys, 'never there'].map((Key) => ({ Key }));
    const { Deleted } = await client.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));

    expect(Deleted?.map(({ Key }) => Key)).toEqual([...keys, 'never there']);
    expect(events.filter(({ kind }) => kind === 'Object Deleted').map(({ key }) => key)).toEqual(keys);
    for (const Key of keys)
      expect(await faultOf(client.send(new HeadObjectCommand({ Bucket: BUCKET, Key })))).toBe('NotFound 404');
  });

  it('are copied with what is known of them, or under a new description', async () => {
    const { client, get, put } = await localBucket();
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a b/é', Body: 'hello', ContentType: 'text/csv' }));
    const CopySource = `${BUCKET}/${encodeURIComponent('a b/é')}`;

    await client.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'plain', CopySource }));
    await client.send(
      new CopyObjectCommand({
        Bucket: BUCKET,
        Key: 'new',
        CopySource,
        MetadataDirective: 'REPLACE',
        ContentType: 'text/plain',
      }),
    );
    await put('a b/é', 'changed');

    const types = ['plain', 'new'].map(
      async (Key) => (await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }))).ContentType,
    );
    expect(await Promise.all(types)).toEqual(['text/csv', 'text/plain']);
    expect([await get('plain'), await get('new')]).toEqual(['hello', 'hello']);
  });

  it('are not copied from nowhere, nor to themselves', async () => {
    const { client, put } = await localBucket();
    await put(HELLO.Key, 'hello');
    const copy = (Key: string) => client.send(new CopyObjectCommand({ ...HELLO, CopySource: `/${BUCKET}/${Key}` }));

    expect(await faultOf(copy('nowhere'))).toBe('NoSuchKey 404');
    expect(await faultOf(copy(HELLO.Key))).toBe('InvalidRequest 400');
  });

  it('tell of each change, in order', async () => {
    const { client, put, events } = await localBucket();

    await put('a', 'hello');
    await client.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'b', CopySource: `${BUCKET}/a` }));
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'a' }));

    const of = { bucket: BUCKET, size: 5, etag: '5d41402abc4b2a76b9719d911017c592' };
    expect(events).toMatchObject([
      { ...of, key: 'a', kind: 'Object Created', reason: 'PutObject' },
      { ...of, key: 'b', kind: 'Object Created', reason: 'CopyObject' },
      { ...of, key: 'a', kind: 'Object Deleted', reason: 'DeleteObject' },
    ]);
    const sequencers = events.map(({ sequencer }) => sequencer);
    expect(sequencers).toEqual(sequencers.toSorted());
    expect(new Set(sequencers).size).toBe(3);
    expect(sequencers.join('')).toMatch(/^[0-9A-F]{48}$/);
  });
});

describe('buckets', () => {
  it('are made once, listed, and missed by name', async () => {
    const { client } = await localBucket();

    await client.send(new CreateBucketCommand({ Bucket: 'another' }));
    await client.send(new CreateBucketCommand({ Bucket: 'another' }));
    await client.send(new HeadBucketCommand({ Bucket: 'another' }));
    const { Buckets } = await client.send(new ListBucketsCommand({}));

    expect(Buckets?.map(({ Name }) => Name)).toEqual(['another', BUCKET]);
    expect(await faultOf(client.send(new HeadBucketCommand({ Bucket: 'missing' })))).toBe('NotFound 404');
    expect(await faultOf(client.send(new PutObjectCommand({ Bucket: 'missing', Key: 'a', Body: 'a' })))).toBe(
      'NoSuchBucket 404',
    );
  });

  it.each(['.s3', 'UPPER', 'a', '..', 'a..b'])('cannot be called %s', async (name) => {
    const { service } = await localBucket();

    expect(() => service.createBucket(name)).toThrow(`expected the name of a bucket, got ${name}`);
  });
});
