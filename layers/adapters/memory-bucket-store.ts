/** Band pages in this process's memory: for an index that is made for one job. */
import { Invalid } from '#application/errors.ts';
import type { BucketStore } from '#application/ports.ts';
import type { BandPage } from '#domain/retrieval/band-page.ts';

export function memoryBucketStore(): BucketStore {
  const shards = new Map<string, ReadonlyMap<string, BandPage[]>>();
  return {
    async write(shard, pages) {
      shards.set(
        shard,
        Map.groupBy(pages, ({ band, prefix }) => `${band} ${prefix}`),
      );
    },

    async read(shard, keys) {
      const pages = shards.get(shard);
      if (!pages) throw new Invalid(`${shard}: expected the band pages of a shard, but they are not there`);
      return keys.flatMap(({ band, prefix }) => pages.get(`${band} ${prefix}`) ?? []);
    },

    async remove(names) {
      for (const name of names) shards.delete(name);
    },
  };
}
