/** Presigned addresses of S3: whoever has one may do one thing with one object until it expires, in the name of this process. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { Links } from '#application/ports.ts';
import { checkObjectName } from './object-name.ts';

/** Long enough to begin a download. */
const READ_SECONDS = 15 * 60;
/** Long enough to send a large file over a slow line: it must have begun by then. */
export const WRITE_SECONDS = 60 * 60;

export function s3Links(bucket: string, open: () => Promise<S3Client>): Links {
  const place = (name: string) => {
    checkObjectName(name);
    return { Bucket: bucket, Key: name };
  };
  return {
    readSeconds: READ_SECONDS,
    writeSeconds: WRITE_SECONDS,

    async toRead(name) {
      const { GetObjectCommand } = await import('@aws-sdk/client-s3');
      const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
      return getSignedUrl(await open(), new GetObjectCommand(place(name)), { expiresIn: READ_SECONDS });
    },

    async toWrite(name) {
      const { PutObjectCommand } = await import('@aws-sdk/client-s3');
      const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
      return getSignedUrl(await open(), new PutObjectCommand(place(name)), { expiresIn: WRITE_SECONDS });
    },
  };
}
