/** What every object store must do. A new store passes this file unchanged before anything is kept in it. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '#application/ports.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { allOf } from '../adapters/all-of.ts';

const name = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,7}$/), { minLength: 1, maxLength: 3 })
  .map((parts) => `d/${parts.join('/d/')}/f`);

/** Clocks of a store and of its user differ; those of one laptop do not differ so much. */
const A_MINUTE_MS = 60_000;

async function bytesOf(stream: AsyncIterable<Uint8Array> | undefined): Promise<number[]> {
  if (!stream) throw new Error('expected a stream, got none');
  return Buffer.concat(await allOf(stream)).toJSON().data;
}

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

    it('creates an object where there is none, and leaves one that there is', async () => {
      const store = open();

      expect(await store.create('a/b', Uint8Array.of(1))).toBe(true);
      expect(await store.create('a/b', Uint8Array.of(2))).toBe(false);
      expect([...((await store.read('a/b')) ?? [])]).toEqual([1]);

      await store.remove(['a/b']);
      expect(await store.create('a/b', Uint8Array.of(3))).toBe(true);
      await store.write('a/b', Uint8Array.of(4));
      expect([...((await store.read('a/b')) ?? [])]).toEqual([4]);
      expect(await store.list('')).toEqual(['a/b']);
    });

    it('lets one of many create an object at the same moment, whole', async () => {
      const store = open();
      const large = (v: number) => new Uint8Array(100_000).fill(v);

      const made = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((v) => store.create('a', large(v))));

      expect(made.filter(Boolean)).toHaveLength(1);
      expect(Uint8Array.from((await store.read('a')) ?? [])).toEqual(large(made.indexOf(true)));
      expect(await store.list('')).toEqual(['a']);
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

    it('keeps names with odd characters, and lists them by UTF-16 unit, not by byte', async () => {
      const store = open();
      const odd = ['\uff5e', '😀', '\u00e9', 'e\u0301', 'a b', 'a+b', 'a%20b', '<&>"\'', '#?=', ' '];
      const names = odd.map((each) => `d/${each}`);
      for (const [n, each] of names.entries()) await store.write(each, Uint8Array.of(n));

      expect(await store.list('d/')).toEqual(names.toSorted(compareTexts));
      for (const [n, each] of names.entries()) expect([...((await store.read(each)) ?? [])]).toEqual([n]);
      await store.remove(names);
      expect(await store.list('')).toEqual([]);
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

    it.each([
      { range: [], expected: [0, 1, 2, 3, 4, 5, 6, 7] },
      { range: [0], expected: [0, 1, 2, 3, 4, 5, 6, 7] },
      { range: [3], expected: [3, 4, 5, 6, 7] },
      { range: [0, 2], expected: [0, 1] },
      { range: [3, 5], expected: [3, 4] },
      { range: [7, 8], expected: [7] },
      { range: [5, 99], expected: [5, 6, 7] },
      { range: [8], expected: [] },
      { range: [8, 99], expected: [] },
      { range: [99], expected: [] },
      { range: [3, 3], expected: [] },
    ])('streams the range $range of eight bytes as $expected', async ({ range: [start, end], expected }) => {
      const store = open();
      await store.write('a/b', Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));

      expect(await bytesOf(await store.stream('a/b', start, end))).toEqual(expected);
    });

    it('streams an object of many chunks, to the byte', async () => {
      const store = open();
      const bytes = Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * 31) % 256);
      await store.write('a', bytes);

      expect(Buffer.from(await bytesOf(await store.stream('a'))).equals(bytes)).toBe(true);
      const [start, end] = [99_999, 900_001];
      const range = await bytesOf(await store.stream('a', start, end));
      expect(Buffer.from(range).equals(bytes.subarray(start, end))).toBe(true);
    });

    it.each([
      [0, undefined],
      [0, 5],
      [3, undefined],
    ])('streams nothing of an object of no bytes, from %s to %s', async (start, end) => {
      const store = open();
      await store.write('empty', new Uint8Array(0));

      expect(await bytesOf(await store.stream('empty', start, end))).toEqual([]);
    });

    it('streams to a reader who stops in the middle, and to the next one', async () => {
      const store = open();
      await store.write('a', new Uint8Array(1_000_000).fill(7));

      for await (const chunk of (await store.stream('a')) ?? []) {
        expect(chunk[0]).toBe(7);
        break;
      }

      expect(await bytesOf(await store.stream('a', 999_999))).toEqual([7]);
    });

    it('has no stream of a name that was never written, whatever the range', async () => {
      const store = open();
      await store.write('a/b/c', Uint8Array.of(1));

      expect(await store.stream('a/c')).toBeUndefined();
      expect(await store.stream('a/c', 3)).toBeUndefined();
      expect(await store.stream('a/c', 0, 3)).toBeUndefined();
      expect(await store.stream('a/c', 3, 3)).toBeUndefined();
    });

    it('tells of each object its size and when it was written, in the order of texts', async () => {
      const store = open();
      for (const each of ['b/2', 'a/1', 'b/10']) await store.write(each, new Uint8Array(each.length));
      await store.write('b/0', new Uint8Array(0));

      const entries = await store.entries('b/');

      expect(entries.map(({ name: each, bytes }) => [each, bytes])).toEqual([
        ['b/0', 0],
        ['b/10', 4],
        ['b/2', 3],
      ]);
      for (const { modified } of entries) expect(Math.abs(modified - Date.now())).toBeLessThan(A_MINUTE_MS);
      expect(await store.entries('c/')).toEqual([]);
    });

    it('tells other bytes by another tag, be they as many and written at once', async () => {
      const store = open();
      await store.write('beside', Uint8Array.of(9));
      const tagOf = async (each: string) => (await store.entries(each)).map(({ tag }) => tag).join();
      await store.write('a', Uint8Array.of(0));
      const beside = await tagOf('beside');

      for (let v = 1; v <= 20; v++) {
        const before = await tagOf('a');
        await store.write('a', Uint8Array.of(v));
        expect(await tagOf('a')).not.toBe(before);
      }

      expect(await tagOf('beside')).toBe(beside);
      expect(beside).not.toBe('');
    });

    const outside = ['../outside', 'a/../../outside', '/etc/passwd', '..', '', 'a/../..'];
    const detours = ['a/../inside', './inside', 'inside/.', '.'];

    it.each([...outside, ...detours])('refuses the name %j, which is not below the store', async (escaping) => {
      const store = open();
      await store.write('inside', Uint8Array.of(1));

      for (const attempt of [
        () => store.read(escaping),
        () => store.write(escaping, Uint8Array.of(1)),
        () => store.create(escaping, Uint8Array.of(1)),
        () => store.stream(escaping),
        () => store.remove(['inside', escaping]),
      ]) {
        await expect(attempt()).rejects.toThrow(
          `expected an object name that stays within its store, got ${JSON.stringify(escaping)}`,
        );
      }
      expect(await store.list('')).toEqual(['inside']);
    });

    it.each(['../', 'a/../../', '../x', 'a/../b'])('does not list %j, which is not below the store', async (prefix) => {
      const store = open();

      await expect(store.list(prefix)).rejects.toThrow('expected an object name that stays within its store');
      await expect(store.entries(prefix)).rejects.toThrow('expected an object name that stays within its store');
    });
  });
}
