import { describe, expect, it } from 'vitest';
import { FileCache } from '#adapters/file-cache.ts';
import { localFolderObjectStore } from '#adapters/local-folder-object-store.ts';
import { nearbyObjectStore } from '#adapters/nearby-object-store.ts';
import type { ObjectStore } from '#application/ports.ts';
import { temporaryFolder } from './temporary-folder.ts';

const NAME = 'index/shop/00000001-abc-0.arrow';

/** A far store that tells what was read of it, and what is near. */
async function farAndNear() {
  const far = localFolderObjectStore(temporaryFolder());
  const reads: string[] = [];
  const counted: ObjectStore = {
    ...far,
    read(name) {
      reads.push(name);
      return far.read(name);
    },
  };
  await far.write(NAME, Uint8Array.of(1, 2, 3));
  await far.write('seeds/shop/spring.csv', Uint8Array.of(4));
  const cache = new FileCache(temporaryFolder(), 100);
  const layer = temporaryFolder();
  const nearby = nearbyObjectStore([temporaryFolder(), layer], () => cache);
  return { reads, layer: localFolderObjectStore(layer), open: () => nearby(counted) };
}

describe('an object store with a cache nearby', () => {
  it('reads a file of an index from afar once, and says which way was taken', async () => {
    const { reads, open } = await farAndNear();
    const [first, second] = [open(), open()];

    const bytes = [await first.read(NAME), await second.read(NAME)];

    expect(bytes.map((each) => each && [...each])).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(reads).toEqual([NAME]);
    expect([first.indexFrom(), second.indexFrom(), open().indexFrom()]).toEqual(['storage', 'cache', undefined]);
  });

  it('says storage as soon as one file came from there', async () => {
    const { open } = await farAndNear();
    await open().read(NAME);
    const store = open();
    await store.read(NAME);
    await store.read('index/shop/00000002-abc-0.arrow');

    expect(store.indexFrom()).toBe('storage');
  });

  it('reads once what is asked for by two at once', async () => {
    const { reads, open } = await farAndNear();
    await Promise.all([open().read(NAME), open().read(NAME)]);

    expect(reads).toEqual([NAME]);
  });

  it('reads from a layer what lies there, and says so while nothing came from farther away', async () => {
    const { reads, layer, open } = await farAndNear();
    await layer.write(NAME, Uint8Array.of(7));
    const store = open();

    expect(await store.read(NAME)).toEqual(Buffer.of(7));
    expect([reads, store.indexFrom()]).toEqual([[], 'layer']);
    const other = 'index/shop/00000002-abc-0.arrow';
    await store.read(other);
    expect([reads, store.indexFrom()]).toEqual([[other], 'storage']);
  });

  it('says cache where some came from a layer and the others from there', async () => {
    const { layer, open } = await farAndNear();
    await open().read(NAME);
    const carried = 'index/shop/00000001-abc-1.arrow';
    await layer.write(carried, Uint8Array.of(7));
    const [first, second] = [open(), open()];
    for (const name of [carried, NAME]) await first.read(name);
    for (const name of [NAME, carried]) await second.read(name);

    expect([first.indexFrom(), second.indexFrom()]).toEqual(['cache', 'cache']);
  });

  it('looks for nothing beside its layers', async () => {
    const { reads, open } = await farAndNear();

    await expect(open().read('index/../../secret')).rejects.toThrow('stays within its store');
    expect(reads).toEqual(['index/../../secret']);
  });

  it('keeps nothing that may change', async () => {
    const { reads, open } = await farAndNear();
    for (let times = 0; times < 2; times++) await open().read('seeds/shop/spring.csv');

    expect(reads).toHaveLength(2);
  });
});
