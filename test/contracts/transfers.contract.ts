/** What every way to send objects in parts must do. */
import { describe, expect, it } from 'vitest';
import type { ObjectStore, Transfers } from '#application/ports.ts';

const LEAST_PART_BYTES = 5 * 2 ** 20;
const NAME = 'populations/people/b1/a.csv';

async function put(url: string, body: Uint8Array<ArrayBuffer>): Promise<string> {
  const response = await fetch(url, { method: 'PUT', body });
  expect(response.status).toBe(200);
  return (response.headers.get('etag') ?? '').replaceAll('"', '');
}

/** `open` gives transfers, and the store of their objects, which is empty and nobody else's. */
export function transfersContract(name: string, open: () => { transfers: Transfers; objects: ObjectStore }): void {
  describe(`transfers contract: ${name}`, () => {
    const first = new Uint8Array(LEAST_PART_BYTES).fill(1);
    const second = Uint8Array.of(2, 3);

    async function begun() {
      const { transfers, objects } = open();
      const id = await transfers.begin(NAME);
      const tags = [
        await put(await transfers.toPart(NAME, id, 1), first),
        await put(await transfers.toPart(NAME, id, 2), second),
      ];
      return { transfers, objects, id, tags };
    }

    it('make an object of parts, once they end', async () => {
      const { transfers, objects, id, tags } = await begun();
      expect(await objects.list('')).toEqual([]);

      await transfers.end(NAME, id, tags);

      const whole = await objects.read(NAME);
      expect(whole?.length).toBe(first.length + 2);
      expect([...(whole?.subarray(-3) ?? [])]).toEqual([1, 2, 3]);
    });

    it('end again, where the answer was lost', async () => {
      const { transfers, objects, id, tags } = await begun();
      await transfers.end(NAME, id, tags);
      const [before] = await objects.entries(NAME);

      await transfers.end(NAME, id, tags);

      expect(await objects.entries(NAME)).toEqual([before]);
    });

    it('take a part that is sent again for the one that it is', async () => {
      const { transfers, objects, id, tags } = await begun();

      const again = await put(await transfers.toPart(NAME, id, 2), Uint8Array.of(9));
      await expect(transfers.end(NAME, id, tags)).rejects.toThrow('expected the tags of the parts that were sent');
      await transfers.end(NAME, id, [tags[0], again]);

      expect((await objects.read(NAME))?.at(-1)).toBe(9);
    });

    it('refuse other parts, and make nothing of them', async () => {
      const { transfers, objects, id, tags } = await begun();

      for (const others of [
        [tags[1], tags[0]],
        [...tags, tags[0]],
        [tags[0].replaceAll(/./g, '0'), tags[1]],
      ])
        await expect(transfers.end(NAME, id, others)).rejects.toThrow('expected the tags of the parts that were sent');

      expect(await objects.list('')).toEqual([]);
    });

    it('know no transfer that was never begun, nor what lies there by another', async () => {
      const { transfers, objects, id, tags } = await begun();

      await expect(transfers.end(NAME, 'nobody', tags)).rejects.toThrow('expected a transfer that was begun');
      await transfers.end(NAME, id, tags);
      await objects.write(NAME, Uint8Array.of(1));
      await expect(transfers.end(NAME, id, tags)).rejects.toThrow('expected a transfer that was begun');
    });

    it.each(['../outside', ''])('are not for the name %j', async (outside) => {
      const { transfers } = open();

      await expect(transfers.begin(outside)).rejects.toThrow('expected an object name');
      await expect(transfers.toPart(outside, 't', 1)).rejects.toThrow('expected an object name');
      await expect(transfers.end(outside, 't', [])).rejects.toThrow('expected an object name');
    });
  });
}
