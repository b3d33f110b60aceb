import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../adapters/temporary-folder.ts';
import { BUCKET, localBucket } from './local-bucket.ts';

/** All files below a folder, those that S3 keeps for itself left out. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(folder.length + 1)).filter((file) => !file.startsWith('.s3'));
}

const HOSTILE = [
  '..',
  '.',
  '../escaped',
  'a/../../escaped',
  'a/./b',
  '/',
  '/etc/passwd',
  '//',
  'a//b',
  'trailing/',
  '.s3/records/some-bucket/x.json',
  '..\\windows',
  'nul\u0000byte',
  'line\nend',
  'x'.repeat(300),
  `${'deep/'.repeat(200)}end`,
  '%2e%2e/encoded',
  '..%2fencoded',
  'a&b=c?d#e',
  '😀',
  '__proto__',
  'constructor',
];

describe('the folder of a bucket', () => {
  it('holds any key without leaving its place', async () => {
    const outside = temporaryFolder();
    const folder = join(outside, 'deep', 'enough', 's3');
    const aim = `${outside}-escaped`;
    const keys = [...HOSTILE, `${'../'.repeat(20)}${aim}`, aim];
    const { put, get } = await localBucket(folder);

    for (const key of keys) await put(key, `body of ${key}`);

    for (const key of keys) expect(await get(key)).toBe(`body of ${key}`);
    expect(readdirSync(outside)).toEqual(['deep']);
    expect(readdirSync(join(outside, 'deep', 'enough'))).toEqual(['s3']);
    expect(readdirSync(folder).toSorted()).toEqual(['.s3', BUCKET]);
    expect(existsSync(aim)).toBe(false);
  });

  it('holds a key below another one, whichever came first, and replaces both', async () => {
    const { put, get, folder } = await localBucket();

    for (const key of ['a', 'a/b', 'x/y', 'x']) await put(key, 'old');
    for (const key of ['a', 'a/b', 'x/y', 'x']) await put(key, key);

    for (const key of ['a', 'a/b', 'x/y', 'x']) expect(await get(key)).toBe(key);
    expect(filesIn(folder).toSorted()).toEqual([`${BUCKET}/a`, `${BUCKET}/x/y`]);
  });

  it('keeps nothing of what was deleted, not even empty folders', async () => {
    const { put, folder, client } = await localBucket();
    const keys = ['a/b/c', 'a/b/d', 'x', 'x/y', '../z'];
    for (const key of keys) await put(key, 'x');

    for (const Key of keys) await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));

    expect(readdirSync(join(folder, BUCKET))).toEqual([]);
    for (const hidden of ['escaped', 'records']) expect(readdirSync(join(folder, '.s3', hidden, BUCKET))).toEqual([]);
  });

  it('is the same after a restart', async () => {
    const folder = temporaryFolder();
    const before = await localBucket(folder);
    const description = { ContentType: 'text/csv', Metadata: { note: 'kept' }, ChecksumAlgorithm: 'SHA256' } as const;
    for (const Key of ['plain', 'plain/below', '../up']) {
      await before.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key, ...description }));
    }

    const { client, put, get, events } = await localBucket(folder);

    for (const Key of ['plain', 'plain/below', '../up']) {
      expect(await get(Key)).toBe(Key);
      const asked = { Bucket: BUCKET, Key, ChecksumMode: 'ENABLED' } as const;
      const [{ $metadata: _, ...now }, { $metadata: __, ...then }] = [
        await client.send(new HeadObjectCommand(asked)),
        await before.client.send(new HeadObjectCommand(asked)),
      ];
      expect(now).toEqual(then);
      expect(now).toMatchObject({ ContentType: 'text/csv', Metadata: { note: 'kept' } });
    }
    await put('later', 'x');
    expect([...before.events, ...events].map(({ sequencer }) => sequencer)).toEqual(
      [...before.events, ...events].map(({ sequencer }) => sequencer).toSorted(),
    );
  });

  it('finishes what a process that was killed had begun, or leaves it undone', async () => {
    const folder = temporaryFolder();
    const { put } = await localBucket(folder);
    const records = join(folder, '.s3/records', BUCKET);
    await put('a', 'old');
    const record = join(records, readdirSync(records)[0]);
    const old = readFileSync(record);
    await put('a', 'the new one');

    // The bytes have come to their place, their record has not.
    renameSync(record, `${record}.next`);
    writeFileSync(record, old);
    const finished = await localBucket(folder);

    expect(await finished.get('a')).toBe('the new one');
    expect(readdirSync(records)).toHaveLength(1);

    // The bytes of the next object have not come to their place.
    const { written } = JSON.parse(readFileSync(record, 'utf8'));
    writeFileSync(`${record}.next`, readFileSync(record, 'utf8').replace(written, 'unfinished'));
    writeFileSync(join(folder, '.s3/written/unfinished'), 'never seen');
    const undone = await localBucket(folder);

    expect(await undone.get('a')).toBe('the new one');
    expect(readdirSync(records)).toHaveLength(1);
    expect(readdirSync(join(folder, '.s3/written'))).toEqual([]);

    // It was killed while it wrote the record.
    writeFileSync(`${record}.next`, '{"key":"a","si');

    expect(await (await localBucket(folder)).get('a')).toBe('the new one');
  });

  it('does not open with a record that is none', async () => {
    const folder = temporaryFolder();
    await (await localBucket(folder)).put('a', 'x');
    const records = join(folder, '.s3/records', BUCKET);
    const record = join(records, readdirSync(records)[0]);

    writeFileSync(record, '{"key":');

    await expect(localBucket(folder)).rejects.toThrow(
      `expected the record of an object in ${record}, got something else`,
    );
  });

  it('refuses to give an object whose file somebody has changed', async () => {
    const { put, service, folder } = await localBucket();
    await put('a', 'hello');

    writeFileSync(join(folder, BUCKET, 'a'), 'hello, world');

    expect(() => service.bytesOf(BUCKET, 'a')).toThrow(/^expected the 5 bytes of an object in .*, got 12/);
  });
});
