import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { BUCKET, faultOf, localBucket } from './local-bucket.ts';

const LOCK = { Bucket: BUCKET, Key: 'lock' };
const OTHER_TAG = '"00000000000000000000000000000000"';

describe('conditions on writes', () => {
  it('let exactly one of twenty writers through that all want to be the first', async () => {
    const { client, get, events } = await localBucket();
    const write = (Body: string) => client.send(new PutObjectCommand({ ...LOCK, Body, IfNoneMatch: '*' }));
    const writers = Array.from({ length: 20 }, (_, i) => `writer ${i}`);

    const faults = await Promise.all(writers.map((writer) => faultOf(write(writer))));

    expect(faults.filter((fault) => fault === 'none')).toHaveLength(1);
    expect(faults.filter((fault) => fault === 'PreconditionFailed 412')).toHaveLength(19);
    expect(await get(LOCK.Key)).toBe(writers[faults.indexOf('none')]);
    expect(events).toHaveLength(1);
  });

  it('let exactly one of twenty writers through that all saw the same version', async () => {
    const { client, put, get } = await localBucket();
    const IfMatch = await put(LOCK.Key, 'seen by all');
    const write = (Body: string) => client.send(new PutObjectCommand({ ...LOCK, Body, IfMatch }));
    const writers = Array.from({ length: 20 }, (_, i) => `writer ${i}`);

    const faults = await Promise.all(writers.map((writer) => faultOf(write(writer))));

    expect(faults.filter((fault) => fault === 'none')).toHaveLength(1);
    expect(await get(LOCK.Key)).toBe(writers[faults.indexOf('none')]);
  });

  it('refuse to replace what is not there, and to guess at conditions that S3 does not have', async () => {
    const { client } = await localBucket();
    const write = (condition: object) =>
      faultOf(client.send(new PutObjectCommand({ ...LOCK, Body: 'x', ...condition })));

    expect(await write({ IfMatch: OTHER_TAG })).toBe('NoSuchKey 404');
    expect(await write({ IfNoneMatch: OTHER_TAG })).toBe('NotImplemented 501');
    expect(await faultOf(client.send(new HeadObjectCommand(LOCK)))).toBe('NotFound 404');
  });

  it('hold for uploads in parts as well, which can be completed later', async () => {
    const { client, put, get } = await localBucket();
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(LOCK));
    const { ETag } = await client.send(new UploadPartCommand({ ...LOCK, UploadId, PartNumber: 1, Body: 'parts' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const complete = (condition: object) =>
      faultOf(client.send(new CompleteMultipartUploadCommand({ ...LOCK, UploadId, MultipartUpload, ...condition })));
    const IfMatch = await put(LOCK.Key, 'whole');

    expect(await complete({ IfNoneMatch: '*' })).toBe('PreconditionFailed 412');
    expect(await complete({ IfMatch: OTHER_TAG })).toBe('PreconditionFailed 412');
    expect(await get(LOCK.Key)).toBe('whole');
    expect(await complete({ IfMatch })).toBe('none');
    expect(await get(LOCK.Key)).toBe('parts');
  });
});

describe('conditions on reads', () => {
  it('save who has an object from reading it again', async () => {
    const { client, put } = await localBucket();
    const IfNoneMatch = await put(LOCK.Key, 'hello');

    for (const Command of [GetObjectCommand, HeadObjectCommand]) {
      expect(await faultOf(client.send(new Command({ ...LOCK, IfNoneMatch })))).toMatch(/ 304$/);
      expect(await faultOf(client.send(new Command({ ...LOCK, IfNoneMatch: `W/"x", ${IfNoneMatch}` })))).toMatch(
        / 304$/,
      );
      expect(await faultOf(client.send(new Command({ ...LOCK, IfNoneMatch: OTHER_TAG })))).toBe('none');
    }
  });

  it('keep who knows another version from taking this one for it', async () => {
    const { client, put } = await localBucket();
    const IfMatch = await put(LOCK.Key, 'hello');
    const read = (condition: object) => faultOf(client.send(new GetObjectCommand({ ...LOCK, ...condition })));

    expect(await read({ IfMatch: OTHER_TAG })).toBe('PreconditionFailed 412');
    expect(await read({ IfMatch })).toBe('none');
    expect(await read({ IfMatch: '*' })).toBe('none');
  });
});
