import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetObjectAclCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  SelectObjectContentCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { BUCKET, localBucket } from './local-bucket.ts';

const OBJECT = { Bucket: BUCKET, Key: 'an/object' };
const UPLOAD = { ...OBJECT, UploadId: 'x' };
const TAGGING = { TagSet: [{ Key: 'a', Value: 'b' }] };

/** Each with the words by which it is refused. */
const NOT_KNOWN: readonly (readonly [string, (client: S3Client) => Promise<unknown>])[] = [
  ['PutObject with tagging', (s3) => s3.send(new PutObjectTaggingCommand({ ...OBJECT, Tagging: TAGGING }))],
  ['DeleteObject with tagging', (s3) => s3.send(new DeleteObjectTaggingCommand(OBJECT))],
  ['PutObject with x-amz-tagging', (s3) => s3.send(new PutObjectCommand({ ...OBJECT, Body: 'x', Tagging: 'a=b' }))],
  ['PutObject with x-amz-acl', (s3) => s3.send(new PutObjectCommand({ ...OBJECT, Body: 'x', ACL: 'public-read' }))],
  [
    'PutObject with x-amz-server-side-encryption',
    (s3) => s3.send(new PutObjectCommand({ ...OBJECT, Body: 'x', ServerSideEncryption: 'aws:kms' })),
  ],
  [
    'PutObject with x-amz-checksum-crc64nvme',
    (s3) => s3.send(new PutObjectCommand({ ...OBJECT, Body: 'x', ChecksumCRC64NVME: 'AAAAAAAAAAA=' })),
  ],
  ['PutObject with acl', (s3) => s3.send(new PutObjectAclCommand({ ...OBJECT, ACL: 'private' }))],
  ['GetObject with acl', (s3) => s3.send(new GetObjectAclCommand(OBJECT))],
  [
    'GetObject with attributes',
    (s3) => s3.send(new GetObjectAttributesCommand({ ...OBJECT, ObjectAttributes: ['ETag'] })),
  ],
  ['GetObject with versionId', (s3) => s3.send(new GetObjectCommand({ ...OBJECT, VersionId: 'v1' }))],
  ['GetObject with partNumber', (s3) => s3.send(new GetObjectCommand({ ...OBJECT, PartNumber: 1 }))],
  [
    'GetObject with if-modified-since',
    (s3) => s3.send(new GetObjectCommand({ ...OBJECT, IfModifiedSince: new Date(0) })),
  ],
  ['GetObject with several ranges', (s3) => s3.send(new GetObjectCommand({ ...OBJECT, Range: 'bytes=0-0,2-2' }))],
  ['GetObject with uploadId', (s3) => s3.send(new ListPartsCommand(UPLOAD))],
  ['DeleteObject with if-match', (s3) => s3.send(new DeleteObjectCommand({ ...OBJECT, IfMatch: '*' }))],
  [
    'DeleteObjects with VersionId',
    (s3) =>
      s3.send(
        new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [{ Key: OBJECT.Key, VersionId: 'v1' }] } }),
      ),
  ],
  [
    'CopyObject of a version',
    (s3) => s3.send(new CopyObjectCommand({ ...OBJECT, CopySource: `${BUCKET}/a?versionId=1` })),
  ],
  [
    'CopyObject with x-amz-copy-source-if-match',
    (s3) => s3.send(new CopyObjectCommand({ ...OBJECT, CopySource: `${BUCKET}/a`, CopySourceIfMatch: '*' })),
  ],
  [
    'UploadPart with x-amz-copy-source',
    (s3) => s3.send(new UploadPartCopyCommand({ ...UPLOAD, PartNumber: 1, CopySource: `${BUCKET}/a` })),
  ],
  [
    'POST of object ?select ?select-type',
    (s3) =>
      s3.send(
        new SelectObjectContentCommand({
          ...OBJECT,
          Expression: '',
          ExpressionType: 'SQL',
          InputSerialization: {},
          OutputSerialization: {},
        }),
      ),
  ],
  [
    'uploads with CRC64NVME',
    (s3) => s3.send(new CreateMultipartUploadCommand({ ...OBJECT, ChecksumAlgorithm: 'CRC64NVME' })),
  ],
  [
    'CreateBucket with versioning',
    (s3) => s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } })),
  ],
  [
    'CreateBucket with a configuration',
    (s3) =>
      s3.send(
        new CreateBucketCommand({ Bucket: 'another', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
      ),
  ],
  ['DELETE of bucket', (s3) => s3.send(new DeleteBucketCommand({ Bucket: BUCKET }))],
  ['GET of bucket', (s3) => s3.send(new ListObjectsCommand({ Bucket: BUCKET }))],
  ['GET of bucket ?location', (s3) => s3.send(new GetBucketLocationCommand({ Bucket: BUCKET }))],
  ['GET of bucket ?versions', (s3) => s3.send(new ListObjectVersionsCommand({ Bucket: BUCKET }))],
  ['ListBuckets with max-buckets', (s3) => s3.send(new ListBucketsCommand({ MaxBuckets: 1 }))],
];

describe('what the local S3 does not know', () => {
  it.each(NOT_KNOWN)('is refused by its name and changes nothing: %s', async (name, send) => {
    const { client, put, get, events } = await localBucket();
    await put(OBJECT.Key, 'as it was');

    await expect(send(client)).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining(`expected what the local stack knows, got S3 ${name}`),
      $metadata: { httpStatusCode: 501 },
    });

    expect(await get(OBJECT.Key)).toBe('as it was');
    expect(events).toHaveLength(1);
  });
});

describe('the permissions of S3', () => {
  it('are those that AWS asks for', async () => {
    const { client, calls, put } = await localBucket();
    const used = async (send: () => Promise<unknown>) => {
      const before = calls.length;
      await send().catch(() => undefined);
      return calls.slice(before);
    };
    const object = `arn:aws:s3:::${BUCKET}/an/object`;
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: 'x' }] };
    const Delete = { Objects: [{ Key: 'a' }, { Key: 'b/../c' }] };
    await put(OBJECT.Key, 'x');

    expect(await used(() => put(OBJECT.Key, 'x'))).toEqual([`s3:PutObject ${object}`]);
    expect(await used(() => client.send(new PutObjectCommand({ ...OBJECT, Body: 'x', IfNoneMatch: '*' })))).toEqual([
      `s3:PutObject ${object}`,
    ]);
    expect(await used(() => client.send(new PutObjectCommand({ ...OBJECT, Body: 'x', IfMatch: '"x"' })))).toEqual([
      `s3:GetObject ${object}`,
      `s3:PutObject ${object}`,
    ]);
    expect(await used(() => client.send(new GetObjectCommand(OBJECT)))).toEqual([`s3:GetObject ${object}`]);
    expect(await used(() => client.send(new HeadObjectCommand(OBJECT)))).toEqual([`s3:GetObject ${object}`]);
    expect(await used(() => client.send(new DeleteObjectCommand(OBJECT)))).toEqual([`s3:DeleteObject ${object}`]);
    expect(await used(() => client.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete })))).toEqual([
      `s3:DeleteObject arn:aws:s3:::${BUCKET}/a`,
      `s3:DeleteObject arn:aws:s3:::${BUCKET}/b/../c`,
    ]);
    expect(await used(() => client.send(new CopyObjectCommand({ ...OBJECT, CopySource: 'other/a%20b' })))).toEqual([
      's3:GetObject arn:aws:s3:::other/a b',
      `s3:PutObject ${object}`,
    ]);
    expect(await used(() => client.send(new CreateMultipartUploadCommand(OBJECT)))).toEqual([`s3:PutObject ${object}`]);
    expect(await used(() => client.send(new UploadPartCommand({ ...UPLOAD, PartNumber: 1, Body: 'x' })))).toEqual([
      `s3:PutObject ${object}`,
    ]);
    expect(await used(() => client.send(new CompleteMultipartUploadCommand({ ...UPLOAD, MultipartUpload })))).toEqual([
      `s3:PutObject ${object}`,
    ]);
    expect(await used(() => client.send(new AbortMultipartUploadCommand(UPLOAD)))).toEqual([
      `s3:AbortMultipartUpload ${object}`,
    ]);
    expect(await used(() => client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'an/' })))).toEqual([
      `s3:ListBucket arn:aws:s3:::${BUCKET}`,
    ]);
    expect(await used(() => client.send(new HeadBucketCommand({ Bucket: BUCKET })))).toEqual([
      `s3:ListBucket arn:aws:s3:::${BUCKET}`,
    ]);
    expect(await used(() => client.send(new CreateBucketCommand({ Bucket: 'new' })))).toEqual([
      's3:CreateBucket arn:aws:s3:::new',
    ]);
    expect(await used(() => client.send(new ListBucketsCommand({})))).toEqual(['s3:ListAllMyBuckets *']);
  });

  it('are not asked for what is refused', async () => {
    const { client, calls } = await localBucket();

    const attempt = client.send(new PutObjectTaggingCommand({ ...OBJECT, Tagging: TAGGING }));

    await expect(attempt).rejects.toThrow('expected what the local stack knows');
    expect(calls).toEqual([]);
  });
});

describe('keys', () => {
  it('have 1024 bytes at most', async () => {
    const { put, get } = await localBucket();
    const longest = 'é'.repeat(512);

    await put(longest, 'x');

    expect(await get(longest)).toBe('x');
    await expect(put(`${longest}a`, 'x')).rejects.toThrow('expected a key of at most 1024 bytes');
  });
});
