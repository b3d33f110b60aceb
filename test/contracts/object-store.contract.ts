/** What every object store must do. A new store passes this file unchanged before anything is kept in it. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '#application/ports.ts';
import { compareTexts } from '#domain/features/text-order.ts';

const name = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,7}$/), { minLength: 1, maxLength: 3 })
  .map((parts) => `d/${parts.join('/d/')}/f`);

/** `open` gives a store that is empty and nobody else's. */
export function objectStoreContract(storeName: string, open: () => ObjectStore): void {
  describe(`object store contract: ${storeName}`, () => {
    it('gives back what was written, to the byte', async () => {
      const store = open();
      const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 31) % 256);

      await store.write('index/people/1.arrow', bytes);

      expect(Uint8Array.from((await store.read('index/people/1.arrow')) ?? [])).toEqual(bytes);
    });

    it('keeps an object of no bytes', async () => {
      const store = open();

      await store.write('empty', new Uint8Array(0));

      expect((await store.read('empty'))?.length).toBe(0);
      expect(await store.list('')).toEqual(['empty']);
    });

    it('has nothing under a name that was never written', async () => {
      expect(await open().read('index/people/1.arrow')).toBeUndefined();
    });

    it('replaces what stood under a name', async () => {
      const store = open();
      await store.write('a/b', Uint8Array.of(1, 2, 3));

      await store.write('a/b', Uint8Array.of(9));

      expect([...((await store.read('a/b')) ?? [])]).toEqual([9]);
    });

    it('shows a reader the old object or the new one, never a part', async () => {
      const store = open();
      const version = (v: number) => new Uint8Array(1_000_000 + v).fill(v);
      await store.write('a', version(0));

      const writes = [1, 2, 3, 4].map((v) => store.write('a', version(v)));
      const reads = [1, 2, 3, 4, 5, 6].map(() => store.read('a'));

      for (const bytes of await Promise.all(reads)) {
        const [first = 0] = bytes ?? [];
        expect(Uint8Array.from(bytes ?? [])).toEqual(version(first));
      }
      await Promise.all(writes);
    });

    it('lists the names that start with a prefix, which need not end at a slash', async () => {
      const store = open();
      for (const each of ['b/2', 'a/1', 'b/10', 'bb/1', 'b/1/x', 'B/1']) await store.write(each, Uint8Array.of(1));

      expect(await store.list('b/')).toEqual(['b/1/x', 'b/10', 'b/2']);
      expect(await store.list('b')).toEqual(['b/1/x', 'b/10', 'b/2', 'bb/1']);
      expect(await store.list('b/1')).toEqual(['b/1/x', 'b/10']);
      expect(await store.list('')).toEqual(['B/1', 'a/1', 'b/1/x', 'b/10', 'b/2', 'bb/1']);
      expect(await store.list('c/')).toEqual([]);
    });

    test.prop([fc.uniqueArray(name, { maxLength: 8 }), name], { seed: 1, numRuns: 25 })(
      'lists in the order of texts',
      async (names, other) => {
        const store = open();
        for (const each of names) await store.write(each, Uint8Array.of(1));

        const prefix = other.slice(0, 3);
        expect(await store.list(prefix)).toEqual(names.filter((each) => each.startsWith(prefix)).sort(compareTexts));
      },
    );

    it('removes, again and again if asked, and only what was named', async () => {
      const store = open();
      for (const each of ['a/1', 'a/2', 'a/3']) await store.write(each, Uint8Array.of(1));

      await store.remove(['a/1', 'a/3', 'never/there']);
      await store.remove(['a/1']);
      await store.remove([]);

      expect(await store.list('')).toEqual(['a/2']);
      expect(await store.read('a/1')).toBeUndefined();
    });

    it.each(['../outside', 'a/../../outside', '/etc/passwd', '..', '', 'a/../..'])(
      'refuses the name %j, which is not below the store',
      async (escaping) => {
        const store = open();
        await store.write('inside', Uint8Array.of(1));

        for (const attempt of [
          () => store.read(escaping),
          () => store.write(escaping, Uint8Array.of(1)),
          () => store.remove([escaping]),
        ]) {
          await expect(attempt()).rejects.toThrow(
            `expected an object name that stays within its store, got ${JSON.stringify(escaping)}`,
          );
        }
        expect(await store.list('')).toEqual(['inside']);
      },
    );

    it.each(['../', 'a/../../', '../x'])('does not list %j, which is not below the store', async (prefix) => {
      await expect(open().list(prefix)).rejects.toThrow('expected an object name that stays within its store');
    });
  });
}
