/** What every store of index layers must do: the files of one mark, carried by who takes the calls, and nothing by who was overtaken. */
import { describe, expect, it } from 'vitest';
import { Conflict } from '#application/errors.ts';
import type { FileEntry } from '#application/manifest.ts';
import type { IndexLayers } from '#application/ports.ts';

/** Layers of two pinned populations, `shop` and `people`, with nothing made yet. */
export interface LayersUnderTest {
  readonly layers: IndexLayers;
  /** The names of the files that the function which takes the calls carries. */
  readonly carried: (population: string) => readonly string[];
  readonly counts: (population: string) => { readonly layers: number; readonly functions: number };
}

const fileOf = (name: string): FileEntry => ({ name, bytes: 3, sha256: 'f'.repeat(64) });
const ROWS = fileOf('index/shop/00000001-a-0.arrow');
const read = async () => Uint8Array.of(1, 2, 3);

export function indexLayersContract(storeName: string, open: () => Promise<LayersUnderTest>): void {
  /** A function with a layer of one file of that name. */
  async function pin({ layers }: LayersUnderTest, name: string, population = 'shop'): Promise<string> {
    const layer = await layers.publish(population, name, [fileOf(`index/${population}/${name}`)], read);
    await layers.release(population, layer, await layers.revision(population));
    return layer;
  }

  describe(`index layers contract: ${storeName}`, () => {
    it('carries nothing at first', async () => {
      const { layers, carried, counts } = await open();

      expect(layers.populations.toSorted()).toEqual(['people', 'shop']);
      expect(carried('shop')).toEqual([]);
      expect(await layers.find('shop', 'first')).toBeUndefined();
      expect(counts('shop')).toEqual({ layers: 0, functions: 0 });
    });

    it('finds a layer by its mark, in its own population', async () => {
      const { layers } = await open();

      const layer = await layers.publish('shop', 'first', [ROWS], read);

      expect(await layers.find('shop', 'first')).toBe(layer);
      expect(await layers.find('shop', 'firs')).toBeUndefined();
      expect(await layers.find('people', 'first')).toBeUndefined();
    });

    it('reads each file once, one after the other', async () => {
      const { layers } = await open();
      const names: string[] = [];
      const files = ['a', 'b', 'c'].map(fileOf);

      await layers.publish('shop', 'first', files, (file) => {
        names.push(file.name);
        return read();
      });

      expect(names).toEqual(['a', 'b', 'c']);
    });

    it('makes nothing of files that cannot be read', async () => {
      const { layers, counts } = await open();
      const refuse = () => Promise.reject(new Error('unreadable'));

      await expect(layers.publish('shop', 'first', [ROWS], refuse)).rejects.toThrow('unreadable');

      expect(counts('shop').layers).toBe(0);
    });

    it('carries what is released, and leaves other populations alone', async () => {
      const site = await open();

      await pin(site, 'first');

      expect(site.carried('shop')).toEqual(['index/shop/first']);
      expect(site.carried('people')).toEqual([]);
      expect(await site.layers.revision('people')).toBe(await site.layers.revision('people'));
    });

    it('releases the same twice without another function', async () => {
      const site = await open();
      const { layers, counts } = site;
      const layer = await pin(site, 'first');

      await layers.release('shop', layer, await layers.revision('shop'));

      expect(counts('shop')).toEqual({ layers: 1, functions: 1 });
    });

    it('gives way to whoever released since the revision was taken', async () => {
      const site = await open();
      const { layers, carried } = site;
      const late = await layers.publish('shop', 'late', [fileOf('late')], read);
      const revision = await layers.revision('shop');
      await pin(site, 'first');

      await expect(layers.release('shop', late, revision)).rejects.toThrow(Conflict);

      expect(carried('shop')).toEqual(['index/shop/first']);
    });

    it('carries nothing any more when nothing is released', async () => {
      const site = await open();
      const { layers, carried } = site;
      await pin(site, 'first');

      await layers.release('shop', undefined, await layers.revision('shop'));

      expect(carried('shop')).toEqual([]);
    });

    it('keeps what took the calls before, and prunes what came before that', async () => {
      const site = await open();
      const { layers, carried, counts } = site;
      for (const name of ['first', 'second', 'third']) await pin(site, name);
      await pin(site, 'other', 'people');
      expect(counts('shop')).toEqual({ layers: 3, functions: 3 });

      await layers.prune('shop');

      expect(counts('shop')).toEqual({ layers: 2, functions: 2 });
      expect(await layers.find('shop', 'first')).toBeUndefined();
      expect(await layers.find('shop', 'second')).toBeDefined();
      expect(carried('shop')).toEqual(['index/shop/third']);
      expect(counts('people')).toEqual({ layers: 1, functions: 1 });
    });

    it('prunes everything where nothing is carried, so that who is forgotten stays nowhere', async () => {
      const site = await open();
      const { layers, counts } = site;
      for (const name of ['first', 'second']) await pin(site, name);
      await layers.release('shop', undefined, await layers.revision('shop'));

      await layers.prune('shop');

      expect(counts('shop')).toEqual({ layers: 0, functions: 0 });
    });

    it('prunes twice as once', async () => {
      const site = await open();
      await pin(site, 'first');
      await site.layers.prune('shop');
      await site.layers.prune('shop');

      expect(site.counts('shop')).toEqual({ layers: 1, functions: 1 });
      expect(site.carried('shop')).toEqual(['index/shop/first']);
    });
  });
}
