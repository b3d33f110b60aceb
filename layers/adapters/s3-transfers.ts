/** Objects of S3 that come in parts: multipart uploads, each part by a presigned address. */
import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { Invalid, NotFound } from '#application/errors.ts';
import type { ObjectStore, Transfers } from '#application/ports.ts';
import { isAwsFault } from './aws-faults.ts';
import { checkObjectName } from './object-name.ts';
import { WRITE_SECONDS } from './s3-links.ts';

/** How S3 says that the parts are not those that it has. */
const REFUSALS = ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'];

/** `open` gives a client that signs no checksums of its own, because whoever sends the parts sends none. */
export function s3Transfers(bucket: string, open: () => Promise<S3Client>, objects: ObjectStore): Transfers {
  const place = (name: string) => {
    checkObjectName(name);
    return { Bucket: bucket, Key: name };
  };
  return {
    writeSeconds: WRITE_SECONDS,

    async begin(name) {
      const { CreateMultipartUploadCommand } = await import('@aws-sdk/client-s3');
      const { UploadId } = await (await open()).send(new CreateMultipartUploadCommand(place(name)));
      if (UploadId === undefined) throw new TypeError('expected S3 to name the upload, got no name');
      return UploadId;
    },

    async toPart(name, transfer, part) {
      const { UploadPartCommand } = await import('@aws-sdk/client-s3');
      const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
      const command = new UploadPartCommand({ ...place(name), UploadId: transfer, PartNumber: part });
      return getSignedUrl(await open(), command, { expiresIn: WRITE_SECONDS });
    },

    async end(name, transfer, tags) {
      const { CompleteMultipartUploadCommand } = await import('@aws-sdk/client-s3');
      const Parts = tags.map((tag, n) => ({ PartNumber: n + 1, ETag: `"${tag}"` }));
      const input = { ...place(name), UploadId: transfer, MultipartUpload: { Parts } };
      try {
        await (await open()).send(new CompleteMultipartUploadCommand(input));
      } catch (error) {
        if (isAwsFault(error, 'NoSuchUpload')) return assertEnded(objects, name, tags);
        if (error instanceof Error && REFUSALS.includes(error.name))
          throw new Invalid(`expected the tags of the parts that were sent, got others (${error.message})`);
        throw error;
      }
    },
  };
}

/** The same end may have come before: then the object is that of these parts. */
async function assertEnded(objects: ObjectStore, name: string, tags: readonly string[]): Promise<void> {
  const wanted = tagOfWhole(tags);
  const entries = await objects.entries(name);
  if (entries.some((entry) => entry.name === name && entry.tag === wanted)) return;
  throw new NotFound('expected a transfer that was begun and has not ended, got another one; ask for the upload again');
}

/** As S3 tags an object of parts: the MD5 of their MD5s, and how many they are. */
function tagOfWhole(tags: readonly string[]): string {
  const hash = createHash('md5');
  for (const tag of tags) hash.update(tag, 'hex');
  return `${hash.digest('hex')}-${tags.length}`;
}
