/** A bucket of the local S3 for the length of a test, and the SDK's client for it as functions get it: with its defaults. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { type S3Event, S3Service } from '#infra/local/s3/s3-service.ts';
import { temporaryFolder } from '../../../adapters/temporary-folder.ts';
import { type LocalEndpoint, localEndpoint } from '../local-endpoint.ts';

export const BUCKET = 'some-bucket';

export interface LocalBucket extends LocalEndpoint {
  readonly client: S3Client;
  readonly service: S3Service;
  /** Where the objects lie. */
  readonly folder: string;
  readonly events: readonly S3Event[];
  /** The ETag. */
  readonly put: (key: string, body: string | Uint8Array) => Promise<string | undefined>;
  readonly get: (key: string) => Promise<string>;
}

export async function localBucket(folder = temporaryFolder()): Promise<LocalBucket> {
  const events: S3Event[] = [];
  const service = new S3Service(folder, (event) => events.push(event));
  service.createBucket(BUCKET);
  const endpoint = await localEndpoint({ s3: service });
  const client = new S3Client({ ...endpoint.config });
  onTestFinished(() => client.destroy());
  return {
    ...endpoint,
    client,
    service,
    folder,
    events,
    async put(key, body) {
      return (await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }))).ETag;
    },
    async get(key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
      return (await Body?.transformToString()) ?? '';
    },
  };
}

/** Name and status of the error that a request ends in. */
export async function faultOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    if (error instanceof Error && '$metadata' in error) {
      const { $metadata: metadata } = error;
      const hasStatus = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata;
      return `${error.name} ${hasStatus ? String(metadata.httpStatusCode) : 'without a status'}`;
    }
    throw error;
  }
  return 'none';
}
