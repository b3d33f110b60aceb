/** An object store whose index files are read from a cache of this machine where they were read before: they never change. */
import type { IndexSource, NearbyObjects, ObjectStore } from '#application/ports.ts';
import type { FileCache } from './file-cache.ts';

const INDEX = 'index/';

/** `cache` is asked for when the first file of an index is read. */
export function nearbyObjectStore(cache: () => FileCache): (far: ObjectStore) => NearbyObjects {
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
        const kept = await cache().read(name);
        if (kept) {
          from ??= 'cache';
          return kept;
        }
        from = 'storage';
        return fetchedOnce(far, name);
      },
    };
  };
}
