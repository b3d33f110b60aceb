/**
 * Objects in one S3 bucket; a name is the key. Keys that are no names here are not listed: those that end in a slash,
 * which the console makes for folders, and those with a `.` or `..` between slashes.
 */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { _Object, S3Client } from '@aws-sdk/client-s3';
import type { ObjectEntry, ObjectStore } from '#application/ports.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { explainedAwsFault, isAwsFault } from './aws-faults.ts';
import { checkObjectName, checkObjectPrefix, isObjectName } from './object-name.ts';

/** As many as one request may name. */
const REMOVALS_A_REQUEST = 1_000;

/** How often a name is asked for that others are changing. */
const CREATE_TRIES = 5;

/** `open` is asked before every request, and gives the one client that there is. */
export function s3ObjectStore(bucket: string, open: () => Promise<S3Client>): ObjectStore {
  const get = async (name: string, range?: string): Promise<Readable | undefined> => {
    checkObjectName(name);
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    try {
      const { Body } = await (await open()).send(new GetObjectCommand({ Bucket: bucket, Key: name, Range: range }));
      if (Body instanceof Readable) return Body;
      throw new TypeError(`expected S3 to answer with a stream, got ${typeof Body}`);
    } catch (error) {
      if (isAwsFault(error, 'NoSuchKey')) return undefined;
      // There is an object, and it ends before the range begins.
      if (isAwsFault(error, 'InvalidRange')) return Readable.from([]);
      throw explainedAwsFault(error, addressOf(bucket, name));
    }
  };

  const entries = async (prefix: string): Promise<ObjectEntry[]> => {
    checkObjectPrefix(prefix);
    try {
      const found = await objectsWith(await open(), bucket, prefix);
      return found
        .map(entryOf)
        .filter(({ name }) => isObjectName(name) && !name.endsWith('/'))
        .sort((left, right) => compareTexts(left.name, right.name));
    } catch (error) {
      throw explainedAwsFault(error, addressOf(bucket, prefix));
    }
  };

  return {
    entries,

    async read(name) {
      const body = await get(name);
      return body && buffer(body);
    },

    async write(name, bytes) {
      checkObjectName(name);
      const { PutObjectCommand } = await import('@aws-sdk/client-s3');
      try {
        await (await open()).send(new PutObjectCommand({ Bucket: bucket, Key: name, Body: bytes }));
      } catch (error) {
        throw explainedAwsFault(error, addressOf(bucket, name));
      }
    },

    async create(name, bytes) {
      checkObjectName(name);
      const { PutObjectCommand } = await import('@aws-sdk/client-s3');
      const put = new PutObjectCommand({ Bucket: bucket, Key: name, Body: bytes, IfNoneMatch: '*' });
      for (let tries = 1; ; tries++) {
        try {
          await (await open()).send(put);
          return true;
        } catch (error) {
          if (isAwsFault(error, 'PreconditionFailed')) return false;
          // Another request was at the same name: it may have removed the object, so only one more try tells.
          if (isAwsFault(error, 'ConditionalRequestConflict') && tries < CREATE_TRIES) continue;
          throw explainedAwsFault(error, addressOf(bucket, name));
        }
      }
    },

    async stream(name, start = 0, end = Number.POSITIVE_INFINITY) {
      if (end > start) return get(name, rangeOf(start, end));
      // A range of no bytes cannot be asked for; one of a single byte tells whether there is an object.
      const body = await get(name, rangeOf(start, start + 1));
      body?.destroy();
      return body && Readable.from([]);
    },

    async list(prefix) {
      return (await entries(prefix)).map(({ name }) => name);
    },

    async remove(names) {
      for (const name of names) checkObjectName(name);
      try {
        for (let at = 0; at < names.length; at += REMOVALS_A_REQUEST) {
          await removeObjects(await open(), bucket, names.slice(at, at + REMOVALS_A_REQUEST));
        }
      } catch (error) {
        throw explainedAwsFault(error, addressOf(bucket, names[0]));
      }
    },
  };
}

function addressOf(bucket: string, name: string): string {
  return `s3://${bucket}/${name}`;
}

/** The header's range is closed: it names the last byte. */
function rangeOf(start: number, end: number): string | undefined {
  if (end === Number.POSITIVE_INFINITY) return start === 0 ? undefined : `bytes=${start}-`;
  return `bytes=${start}-${end - 1}`;
}

/** All pages of the list. */
async function objectsWith(client: S3Client, bucket: string, prefix: string): Promise<_Object[]> {
  const { paginateListObjectsV2 } = await import('@aws-sdk/client-s3');
  const objects: _Object[] = [];
  for await (const { Contents } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    objects.push(...(Contents ?? []));
  }
  return objects;
}

function entryOf({ Key, Size, LastModified, ETag }: _Object): ObjectEntry {
  if (Key === undefined || Size === undefined || LastModified === undefined || ETag === undefined) {
    throw new TypeError(`expected S3 to tell name, size, time and tag of each object, got ${Key} without one of them`);
  }
  return { name: Key, bytes: Size, modified: LastModified.getTime(), tag: ETag.replaceAll('"', '') };
}

/** The request succeeds even where an object could not be removed: that stands in its answer. */
async function removeObjects(client: S3Client, bucket: string, names: readonly string[]): Promise<void> {
  const { DeleteObjectsCommand } = await import('@aws-sdk/client-s3');
  const Delete = { Objects: names.map((name) => ({ Key: name })), Quiet: true };
  const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
  if (Errors.length === 0) return;
  const [{ Key, Code, Message }] = Errors;
  const fault = new Error(
    `S3 kept ${Errors.length} of ${names.length} objects, among them ${Key}: ${Code}: ${Message}`,
  );
  fault.name = Code ?? fault.name;
  throw fault;
}
