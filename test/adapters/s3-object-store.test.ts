import { createServer, type RequestListener } from 'node:http';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { s3ObjectStore } from '#adapters/s3-object-store.ts';
import { Invalid } from '#application/errors.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { objectStoreContract } from '../contracts/object-store.contract.ts';
import { allOf } from './all-of.ts';
import { configFor, emulated, listening, ownBucket, startLocalAws } from './aws-emulators.ts';

const url = emulated(startLocalAws);

objectStoreContract('S3, of the local stack', () => {
  const { bucket, open } = ownBucket(url);
  return s3ObjectStore(bucket, open);
});

/** A store whose server answers by the script. */
async function scripted(script: RequestListener) {
  const server = await listening(createServer(script));
  onTestFinished(async () => {
    await server.stop();
  });
  const client = new S3Client({ ...configFor(server.url), maxAttempts: 1 });
  return s3ObjectStore('bucket', async () => client);
}

const xml =
  (status: number, body: string): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${body}`);
  };

describe('S3 object store', () => {
  it('lists and removes more objects than one request names', async () => {
    const { bucket, open } = ownBucket(url);
    const store = s3ObjectStore(bucket, open);
    const names = Array.from({ length: 1_100 }, (_, n) => `many/${n}`);
    await store.write('kept', Uint8Array.of(1));
    for (let at = 0; at < names.length; at += 100) {
      await Promise.all(names.slice(at, at + 100).map((name) => store.write(name, Uint8Array.of(1))));
    }

    expect(await store.list('many/')).toEqual(names.toSorted(compareTexts));

    await store.remove(names);
    expect(await store.list('')).toEqual(['kept']);
  });

  it('does not list what the console makes for folders, nor keys that are no names', async () => {
    const { bucket, open } = ownBucket(url);
    for (const Key of ['seeds/', 'seeds/people/', 'seeds/people/a.csv', '/seeds/b.csv']) {
      await (await open()).send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
    }

    expect(await s3ObjectStore(bucket, open).list('')).toEqual(['seeds/people/a.csv']);
  });

  it('needs no client until something is asked of it', async () => {
    const store = s3ObjectStore('bucket', () => Promise.reject(new Error('there is no client')));

    await expect(store.read('../escaping')).rejects.toThrow('expected an object name');
    await store.remove([]);
    await expect(store.read('a')).rejects.toThrow('there is no client');
  });

  it('says in one sentence that there is no such bucket', async () => {
    const { open } = ownBucket(url);
    const store = s3ObjectStore('no-such-bucket', open);

    for (const [address, attempt] of [
      ['a/b', () => store.read('a/b')],
      ['a/b', () => store.stream('a/b', 1, 2)],
      ['a/b', () => store.write('a/b', Uint8Array.of(1))],
      ['a/b', () => store.create('a/b', Uint8Array.of(1))],
      ['a/', () => store.list('a/')],
      ['a/', () => store.entries('a/')],
      ['a/b', () => store.remove(['a/b'])],
    ] as const) {
      await expect(attempt()).rejects.toThrow(Invalid);
      await expect(attempt()).rejects.toThrow(
        `expected the bucket of s3://no-such-bucket/${address}, found none of that name; deploy the stack, or correct the name`,
      );
    }
  });

  it.each([
    ['AccessDenied', 'expected permission to use s3://bucket/a, AWS denies it (S3 kept 2 of 3 objects, among them a: '],
    ['InternalError', 'S3 kept 2 of 3 objects, among them a: InternalError: sorry'],
  ])('does not take for removed what S3 kept, for the reason %s', async (code, sentence) => {
    const errorOf = (key: string) => `<Error><Key>${key}</Key><Code>${code}</Code><Message>sorry</Message></Error>`;
    const store = await scripted(xml(200, `<DeleteResult>${errorOf('a')}${errorOf('c')}</DeleteResult>`));

    await expect(store.remove(['a', 'b', 'c'])).rejects.toThrow(sentence);
  });

  it.each([
    { conflicts: 2, isCreated: true },
    { conflicts: 99, isCreated: false },
  ])('creates an object again after $conflicts conflicts, up to a limit', async ({ conflicts, isCreated }) => {
    let requests = 0;
    const store = await scripted((request, response) => {
      const isRefused = requests++ < conflicts;
      const code = '<Error><Code>ConditionalRequestConflict</Code><Message>at once</Message></Error>';
      xml(isRefused ? 409 : 200, isRefused ? code : '')(request, response);
    });

    const created = store.create('a', Uint8Array.of(1));

    if (isCreated) expect(await created).toBe(true);
    else await expect(created).rejects.toThrow('at once');
    expect(requests).toBe(Math.min(conflicts + 1, 5));
  });

  it('does not take a part of an object for all of it', async () => {
    const store = await scripted((_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half ');
      setImmediate(() => response.destroy());
    });

    await expect(store.read('a')).rejects.toThrow('aborted');
    const stream = await store.stream('a');
    await expect(stream && allOf(stream)).rejects.toThrow('aborted');
  });

  it('does not take for an object what was changed on the way', async () => {
    const store = await scripted(({ headers }, response) => {
      const checksum = headers.range === undefined ? { 'x-amz-checksum-crc32': 'AAAAAA==' } : {};
      response.writeHead(200, checksum).end('changed');
    });

    await expect(store.read('a')).rejects.toThrow('Checksum mismatch');
    const stream = await store.stream('a');
    await expect(stream && allOf(stream)).rejects.toThrow('Checksum mismatch');
  });

  it('keeps no connection for a range of no bytes', async () => {
    const { bucket, open } = ownBucket(url);
    const store = s3ObjectStore(bucket, open);
    await store.write('a', Uint8Array.of(1, 2, 3));

    // More than the connections of one client.
    for (let n = 0; n < 60; n++) await store.stream('a', 2, 2);

    expect([...((await store.read('a')) ?? [])]).toEqual([1, 2, 3]);
  });

  it('refuses a list that lacks what it is asked for', async () => {
    const contents = '<Contents><Key>a</Key><Size>1</Size><ETag>"x"</ETag></Contents>';
    const store = await scripted(xml(200, `<ListBucketResult>${contents}</ListBucketResult>`));

    await expect(store.entries('')).rejects.toThrow('expected S3 to tell name, size, time and tag of each object');
  });
});
