import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../adapters/temporary-folder.ts';
import { BUCKET, faultOf, type LocalBucket, localBucket } from './local-bucket.ts';

const MIB = 2 ** 20;
const BIG = { Bucket: BUCKET, Key: 'big' };

/** An upload that is under way, and how it can go on. */
async function uploadIn({ client }: LocalBucket, options: Partial<CreateMultipartUploadCommandInput> = {}) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...BIG, ...options }));
  return {
    id: UploadId ?? '',
    part: async (PartNumber: number, Body: Uint8Array | string): Promise<CompletedPart> => {
      const { ChecksumAlgorithm } = options;
      const algorithm = ChecksumAlgorithm ? { ChecksumAlgorithm } : {};
      const { ETag, ChecksumCRC32, ChecksumSHA256 } = await client.send(
        new UploadPartCommand({ ...BIG, UploadId, PartNumber, Body, ...algorithm }),
      );
      return { PartNumber, ETag, ChecksumCRC32, ChecksumSHA256 };
    },
    complete: (Parts: CompletedPart[]) =>
      client.send(new CompleteMultipartUploadCommand({ ...BIG, UploadId, MultipartUpload: { Parts } })),
    abort: () => client.send(new AbortMultipartUploadCommand({ ...BIG, UploadId })),
  };
}

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 10) + seed) & 255);
}

describe('uploads in parts', () => {
  it('make one object of 13 MB, in the order of the parts and not of their coming', async () => {
    const bucket = await localBucket();
    const bytes = bytesOf(13 * MIB, 1);
    const upload = await uploadIn(bucket, { ContentType: 'text/csv', Metadata: { note: 'big' } });
    const pieces = [bytes.subarray(0, 5 * MIB), bytes.subarray(5 * MIB, 10 * MIB), bytes.subarray(10 * MIB)];

    const third = await upload.part(3, pieces[2]);
    const parts = [await upload.part(1, pieces[0]), await upload.part(2, pieces[1]), third];
    const { ETag } = await upload.complete(parts);
    const got = await bucket.client.send(new GetObjectCommand(BIG));

    expect(Buffer.compare((await got.Body?.transformToByteArray()) ?? Buffer.of(), bytes)).toBe(0);
    expect(ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    expect(got).toMatchObject({ ETag, ContentType: 'text/csv', Metadata: { note: 'big' } });
    expect(bucket.events).toMatchObject([
      { reason: 'CompleteMultipartUpload', size: 13 * MIB, etag: ETag?.replaceAll('"', '') },
    ]);
  });

  it('have the checksum of their parts’ checksums, if one was announced', async () => {
    const bucket = await localBucket();
    const upload = await uploadIn(bucket, { ChecksumAlgorithm: 'SHA256' });

    const completed = await upload.complete([await upload.part(1, 'hello')]);
    const head = await bucket.client.send(new HeadObjectCommand({ ...BIG, ChecksumMode: 'ENABLED' }));

    // SHA-256 of the SHA-256 of "hello".
    expect(completed.ChecksumSHA256).toBe('lZXJ35AHUUjrBoYDZd8zWEt1v/eCpRDGzUiDpBmDPVA=-1');
    expect(head).toMatchObject({ ChecksumSHA256: completed.ChecksumSHA256, ChecksumType: 'COMPOSITE' });
    expect(await bucket.get(BIG.Key)).toBe('hello');
  });

  it('take the part that came last of those with one number', async () => {
    const bucket = await localBucket();
    const upload = await uploadIn(bucket);

    const old = await upload.part(1, 'old');
    const part = await upload.part(1, 'new');

    expect(await faultOf(upload.complete([old]))).toBe('InvalidPart 400');
    await upload.complete([part]);
    expect(await bucket.get(BIG.Key)).toBe('new');
  });

  it('are refused with small parts before the last, unknown ones, another order, or none, and stay open', async () => {
    const bucket = await localBucket();
    const upload = await uploadIn(bucket);
    const [first, second] = [await upload.part(1, bytesOf(5 * MIB - 1, 1)), await upload.part(2, 'b')];

    expect(await faultOf(upload.complete([first, second]))).toBe('EntityTooSmall 400');
    expect(await faultOf(upload.complete([second, first]))).toBe('InvalidPartOrder 400');
    expect(await faultOf(upload.complete([second, second]))).toBe('InvalidPartOrder 400');
    expect(await faultOf(upload.complete([{ ...second, PartNumber: 3 }]))).toBe('InvalidPart 400');
    expect(await faultOf(upload.complete([{ ...second, ChecksumCRC32: 'AAAAAA==' }]))).toBe('InvalidPart 400');
    expect(await faultOf(upload.complete([]))).toBe('MalformedXML 400');
    expect(await faultOf(bucket.get(BIG.Key))).toBe('NoSuchKey 404');
    await upload.complete([second]);
    expect(await bucket.get(BIG.Key)).toBe('b');
  });

  it.each([0, 10_001])('have no part %i', async (number) => {
    const upload = await uploadIn(await localBucket());

    expect(await faultOf(upload.part(number, 'x'))).toBe('InvalidArgument 400');
  });

  it('leave nothing behind when they are completed or aborted', async () => {
    const bucket = await localBucket();
    const [completed, aborted] = [await uploadIn(bucket), await uploadIn(bucket)];
    await aborted.part(1, 'x');

    await completed.complete([await completed.part(1, 'kept')]);
    await aborted.abort();

    expect(readdirSync(join(bucket.folder, '.s3/uploads'))).toEqual([]);
    expect(readdirSync(join(bucket.folder, '.s3/written'))).toEqual([]);
    for (const { part, complete, abort } of [completed, aborted]) {
      const late = { PartNumber: 1, ETag: '"x"' };
      for (const attempt of [() => part(2, 'late'), () => complete([late]), abort]) {
        expect(await faultOf(attempt())).toBe('NoSuchUpload 404');
      }
    }
    expect(await bucket.get(BIG.Key)).toBe('kept');
  });

  it('go on after a restart', async () => {
    const folder = temporaryFolder();
    const before = await localBucket(folder);
    const upload = await uploadIn(before);
    const first = await upload.part(1, bytesOf(5 * MIB, 1));

    const { client } = await localBucket(folder);
    const of = { ...BIG, UploadId: upload.id };
    const { ETag } = await client.send(new UploadPartCommand({ ...of, PartNumber: 2, Body: 'end' }));
    const Parts = [first, { PartNumber: 2, ETag }];
    await client.send(new CompleteMultipartUploadCommand({ ...of, MultipartUpload: { Parts } }));

    expect((await client.send(new HeadObjectCommand(BIG))).ContentLength).toBe(5 * MIB + 3);
    expect(existsSync(join(folder, '.s3/uploads', upload.id))).toBe(false);
  });

  it('belong to one key', async () => {
    const { client } = await localBucket();
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(BIG));

    const attempt = client.send(new UploadPartCommand({ ...BIG, Key: 'other', UploadId, PartNumber: 1, Body: 'x' }));

    expect(await faultOf(attempt)).toBe('NoSuchUpload 404');
  });
});
