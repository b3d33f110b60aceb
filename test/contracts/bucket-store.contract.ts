/** What every store of band pages must do: all parts of the pages that are asked for, and nothing else. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { Invalid } from '#application/errors.ts';
import type { BucketStore } from '#application/ports.ts';
import { seededRandom } from '#domain/random.ts';
import { type BandPage, encodeBandPages } from '#domain/retrieval/band-page.ts';

/** Pages of `bands` bands, four prefixes each, of so many users: from some thousand on, pages have several parts. */
export function pagesOf(users: number, bands = 3, seed = 1): BandPage[] {
  const random = seededRandom(seed);
  const rows = Uint32Array.from({ length: users }, (_, row) => row);
  return Array.from({ length: bands }, (_, band) =>
    encodeBandPages(
      rows.map(() => Math.floor(random() * 2 ** 32)),
      rows,
      band,
      2,
    ),
  ).flat();
}

/** Pages as plain values in one order, whatever class of bytes a store gives back. */
export function plainPages(pages: readonly BandPage[]) {
  return pages
    .map(({ band, prefix, part, bytes }) => ({ band, prefix, part, bytes: [...bytes] }))
    .sort((left, right) => left.band - right.band || left.prefix - right.prefix || left.part - right.part);
}

const anyPage = fc
  .tuple(fc.nat(3), fc.nat(3), fc.nat(2), fc.uint8Array({ maxLength: 5 }))
  .map(([band, prefix, part, bytes]) => ({ band, prefix, part, bytes }));
const anyPages = fc.uniqueArray(anyPage, {
  selector: ({ band, prefix, part }) => `${band} ${prefix} ${part}`,
  maxLength: 20,
});
const anyKeys = fc.uniqueArray(fc.record({ band: fc.nat(4), prefix: fc.nat(4) }), {
  selector: ({ band, prefix }) => `${band} ${prefix}`,
});

/** `open` gives a store that is empty and nobody else's. */
export function bucketStoreContract(storeName: string, open: () => BucketStore): void {
  describe(`bucket store contract: ${storeName}`, () => {
    it('gives back all parts of the pages that are asked for, and no other page', async () => {
      const store = open();
      const pages = pagesOf(8_000);
      await store.write('index/people/1-0', pages);

      const read = await store.read('index/people/1-0', [
        { band: 2, prefix: 1 },
        { band: 0, prefix: 3 },
      ]);

      const wanted = pages.filter(({ band, prefix }) => (band === 2 && prefix === 1) || (band === 0 && prefix === 3));
      expect(wanted.some(({ part }) => part > 0)).toBe(true);
      expect(plainPages(read)).toEqual(plainPages(wanted));
    });

    test.prop([anyPages, anyKeys], { seed: 1, numRuns: 50 })(
      'reads what a plain filter would, whatever the pages',
      async (pages, keys) => {
        const store = open();
        await store.write('index/people/1-0', pages);

        const read = await store.read('index/people/1-0', keys);

        const isWanted = (page: BandPage) =>
          keys.some(({ band, prefix }) => band === page.band && prefix === page.prefix);
        expect(plainPages(read)).toEqual(plainPages(pages.filter(isWanted)));
      },
    );

    it('has nothing under a key that nobody is in, and nothing if nothing is asked for', async () => {
      const store = open();
      await store.write('index/people/1-0', pagesOf(10));

      expect(await store.read('index/people/1-0', [{ band: 9, prefix: 0 }])).toEqual([]);
      expect(await store.read('index/people/1-0', [{ band: 0, prefix: 2 ** 24 - 1 }])).toEqual([]);
      expect(await store.read('index/people/1-0', [])).toEqual([]);
    });

    it('keeps a shard without any page: nobody in it has a feature', async () => {
      const store = open();

      await store.write('index/people/1-0', []);

      expect(await store.read('index/people/1-0', [{ band: 0, prefix: 0 }])).toEqual([]);
    });

    it('keeps bands and prefixes as large as they get', async () => {
      const store = open();
      const page = { band: 1_023, prefix: 2 ** 24 - 1, part: 300, bytes: Uint8Array.of(1) };
      await store.write('index/people/1-0', [page]);

      expect(plainPages(await store.read('index/people/1-0', [page]))).toEqual(plainPages([page]));
    });

    it('refuses a shard that was never written, by its name', async () => {
      const store = open();
      await store.write('index/people/1-0', pagesOf(10));

      await expect(store.read('index/people/1-1', [{ band: 0, prefix: 0 }])).rejects.toThrow(Invalid);
      await expect(store.read('index/people/1-1', [{ band: 0, prefix: 0 }])).rejects.toThrow(/^index\/people\/1-1/);
    });

    it('does not mix shards, even where one name begins as the other', async () => {
      const store = open();
      const shards = ['index/people/1-1', 'index/people/1-10', 'index/people2/1-1'];
      for (const [n, shard] of shards.entries()) await store.write(shard, pagesOf(40, 3, n));

      for (const [n, shard] of shards.entries()) {
        const expected = pagesOf(40, 3, n).filter(({ band, prefix }) => band === 1 && prefix === 2);
        expect(expected).not.toHaveLength(0);
        expect(plainPages(await store.read(shard, [{ band: 1, prefix: 2 }]))).toEqual(plainPages(expected));
      }
    });

    it('puts new pages in the place of all old ones', async () => {
      const store = open();
      const [page] = pagesOf(10, 1);
      await store.write('index/people/1-0', pagesOf(8_000));

      await store.write('index/people/1-0', [page]);

      const keys = pagesOf(8_000).map(({ band, prefix }) => ({ band, prefix }));
      const distinct = [...new Map(keys.map((key) => [`${key.band} ${key.prefix}`, key])).values()];
      expect(plainPages(await store.read('index/people/1-0', distinct))).toEqual(plainPages([page]));
    });

    it('may be told the same again, and at the same time: a function is tried again', async () => {
      const store = open();
      const pages = pagesOf(100);
      const keys = pages.map(({ band, prefix }) => ({ band, prefix }));
      await store.write('index/people/1-0', pages);

      await store.write('index/people/1-0', pages);
      await Promise.all([1, 2, 3].map(() => store.write('index/people/1-1', pages)));

      for (const shard of ['index/people/1-0', 'index/people/1-1']) {
        expect(plainPages(await store.read(shard, keys))).toEqual(plainPages(pages));
      }
    });

    it('keeps two shards of the same pages apart', async () => {
      const store = open();
      for (const shard of ['index/people/1-0', 'index/people/1-1']) await store.write(shard, pagesOf(10));

      await store.remove(['index/people/1-0']);

      const key = { band: 0, prefix: 0 };
      const wanted = pagesOf(10).filter(({ band, prefix }) => band === key.band && prefix === key.prefix);
      expect(plainPages(await store.read('index/people/1-1', [key]))).toEqual(plainPages(wanted));
      expect(wanted).not.toEqual([]);
    });

    it('removes, again and again if asked, and only what was named', async () => {
      const store = open();
      for (const shard of ['index/people/1-0', 'index/people/1-1', 'index/people/1-10']) {
        await store.write(shard, pagesOf(10));
      }

      await store.remove(['index/people/1-1', 'index/people/never-there']);
      await store.remove(['index/people/1-1']);
      await store.remove([]);

      await expect(store.read('index/people/1-1', [])).rejects.toThrow(Invalid);
      for (const kept of ['index/people/1-0', 'index/people/1-10']) {
        expect(await store.read(kept, [{ band: 0, prefix: 0 }])).not.toEqual([]);
      }
    });
  });
}
