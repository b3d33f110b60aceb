import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileCache } from '#adapters/file-cache.ts';
import { temporaryFolder } from './temporary-folder.ts';

const bytesOf = (count: number, value = 1) => new Uint8Array(count).fill(value);
const read = async (cache: FileCache, name: string) => {
  const bytes = await cache.read(name);
  return bytes && Uint8Array.from(bytes);
};

describe('a cache of files', () => {
  it('gives back what it was given to keep, and nothing else', async () => {
    const cache = new FileCache(temporaryFolder(), 100);
    await cache.keep('index/a/1', bytesOf(3));

    expect([await read(cache, 'index/a/1'), await read(cache, 'index/a/2')]).toEqual([bytesOf(3), undefined]);
  });

  it('holds as many bytes as it may, and then lets go of what was not used for longest', async () => {
    const folder = temporaryFolder();
    const cache = new FileCache(folder, 10);
    await Promise.all(['a', 'b'].map((name) => cache.keep(name, bytesOf(5))));
    expect(await read(cache, 'a')).toEqual(bytesOf(5));

    await cache.keep('c', bytesOf(1));

    expect(await Promise.all(['a', 'b', 'c'].map((name) => read(cache, name)))).toEqual([
      bytesOf(5),
      undefined,
      bytesOf(1),
    ]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it.each([
    [10, true],
    [11, false],
  ])('keeps a file of %i bytes where 10 may be kept: %s', async (count, isKept) => {
    const cache = new FileCache(temporaryFolder(), 10);
    await cache.keep('a', bytesOf(count));

    expect((await cache.read('a')) !== undefined).toBe(isKept);
  });

  it('takes no file for what was kept whose bytes have changed, and keeps it anew', async () => {
    const folder = temporaryFolder();
    const cache = new FileCache(folder, 100);
    await cache.keep('a', bytesOf(3));
    writeFileSync(join(folder, readdirSync(folder)[0]), bytesOf(3, 2));

    expect(await cache.read('a')).toBeUndefined();
    await cache.keep('a', bytesOf(3));
    expect(await read(cache, 'a')).toEqual(bytesOf(3));
  });

  it('empties the folder first, where a process before may have left half a file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '1.partial'), 'half');
    const cache = new FileCache(folder, 100);
    await cache.keep('a', bytesOf(3));

    expect(readdirSync(folder)).toEqual(['1']);
  });

  it('keeps nothing on a disk that is gone, and fails nobody', async () => {
    const folder = temporaryFolder();
    const cache = new FileCache(folder, 100);
    await cache.keep('a', bytesOf(3));
    rmSync(folder, { recursive: true });

    expect(await cache.read('a')).toBeUndefined();
    await cache.keep('b', bytesOf(3));
    expect(await cache.read('b')).toBeUndefined();
  });
});
