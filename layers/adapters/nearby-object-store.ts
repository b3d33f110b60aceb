/**
 * An object store whose index files are read from nearby: from a layer that holds them, or from a cache of this machine where
 * they were read before. They never change.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IndexSource, NearbyObjects, ObjectStore } from '#application/ports.ts';
import type { FileCache } from './file-cache.ts';
import { isObjectName } from './object-name.ts';
import { systemCodeOf } from './system-faults.ts';

const INDEX = 'index/';

/** `cache` is asked for when the first file of an index is not in one of the layers, which are folders. */
export function nearbyObjectStore(
  layers: readonly string[],
  cache: () => FileCache,
): (far: ObjectStore) => NearbyObjects {
  const underWay = new Map<string, Promise<Uint8Array | undefined>>();

  const fetched = async (far: ObjectStore, name: string) => {
    const bytes = await far.read(name);
    if (bytes) await cache().keep(name, bytes);
    return bytes;
  };

  /** Whoever asks for what is on its way waits for it. */
  const fetchedOnce = (far: ObjectStore, name: string) => {
    const reading = underWay.get(name) ?? fetched(far, name).finally(() => underWay.delete(name));
    underWay.set(name, reading);
    return reading;
  };

  return (far) => {
    let from: IndexSource | undefined;
    return {
      ...far,
      indexFrom: () => from,
      async read(name) {
        if (!name.startsWith(INDEX)) return far.read(name);
        const carried = await readCarried(layers, name);
        if (carried) {
          from ??= 'layer';
          return carried;
        }
        const kept = await cache().read(name);
        if (kept) {
          if (from !== 'storage') from = 'cache';
          return kept;
        }
        from = 'storage';
        return fetchedOnce(far, name);
      },
    };
  };
}

async function readCarried(layers: readonly string[], name: string): Promise<Uint8Array | undefined> {
  if (!isObjectName(name)) return undefined;
  for (const layer of layers) {
    try {
      return await readFile(join(layer, name));
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}
