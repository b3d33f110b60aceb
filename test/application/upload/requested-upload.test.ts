/** Uploads by call: addresses below the batch, and a batch that is closed once however often it is said. */
import { describe, expect, it } from 'vitest';
import type { Links, ObjectStore, Transfers } from '#application/ports.ts';
import { CloseBody, closeUpload, openUpload, UploadBody, uploadStatus } from '#application/upload/requested-upload.ts';
import { seededRandom } from '#domain/random.ts';
import { drop, stageWith } from '../conductor.ts';
import { interleaved } from '../interleaved.ts';

const links: Links = { readSeconds: 9, writeSeconds: 9, toRead: async (name) => name, toWrite: async (name) => name };
const transfers: Transfers = {
  writeSeconds: 9,
  begin: async (name) => `of ${name}`,
  toPart: async (name, transfer, part) => `${name} ${transfer} ${part}`,
  end: async () => {},
};
const out = { links, transfers };
const MIB = 2 ** 20;
const BATCH = { population: 'people', batch: 'b1' };
const OPTIONS = CloseBody.parse({});

describe('an upload by call', () => {
  it('has an address for each file of a batch, or for a list', async () => {
    expect(await openUpload(out, 'people', { batch: 'b1', files: ['a.csv', 'b.csv', 'a.csv'] })).toEqual({
      expires: 9,
      files: [
        { name: 'a.csv', url: 'populations/people/b1/a.csv' },
        { name: 'b.csv', url: 'populations/people/b1/b.csv' },
      ],
    });
    expect((await openUpload(out, 'people', { list: 'best.csv' })).files).toEqual([
      { name: 'best.csv', url: 'seeds/people/lists/best.csv' },
    ]);
    await expect(openUpload(out, '../x', { list: 'best.csv' })).rejects.toThrow('expected a population name');
  });

  it('has parts for a file of more than 32 MiB, and one address for a smaller one', async () => {
    const files = [
      { name: 'a.csv', bytes: 32 * MIB },
      { name: 'b.csv', bytes: 32 * MIB + 1 },
    ];

    expect((await openUpload(out, 'people', { batch: 'b1', files })).files).toEqual([
      { name: 'a.csv', url: 'populations/people/b1/a.csv' },
      { name: 'b.csv', transfer: { id: 'of populations/people/b1/b.csv', partBytes: 32 * MIB, parts: 2 } },
    ]);
  });

  it.each([
    [{ batch: 'b1', files: ['../x'] }],
    [{ batch: 'b1', files: [{ name: '../x', bytes: 1 }] }],
    [{ batch: 'b1', files: [{ name: 'x', bytes: 0 }] }],
    [{ batch: 'b1', files: [{ name: 'x', bytes: 5 * 2 ** 40 + 1 }] }],
    [{ batch: 'b1', files: ['_SUCCESS'] }],
    [{ batch: 'b1', files: ['options.json'] }],
    [{ batch: 'b/1', files: ['a.csv'] }],
    [{ batch: 'b1', files: [] }],
    [{ list: 'a/b.csv' }],
    [{ list: 'a.csv', batch: 'b1' }],
  ])('has none for %j', (body) => {
    expect(UploadBody.safeParse(body).success).toBe(false);
  });

  it('is closed once, until other files or options come', async () => {
    const { ports } = stageWith();
    const successes = async () => {
      const entries = await ports.objects.entries('populations/people/b1/');
      return entries.find(({ name }) => name.endsWith('_SUCCESS'))?.modified;
    };
    const later = () => new Promise((resolve) => setTimeout(resolve, 20));

    await expect(closeUpload(ports, BATCH, OPTIONS)).rejects.toThrow('expected files of users in the batch "b1"');
    await expect(uploadStatus(ports, BATCH)).rejects.toThrow('expected a batch with files');
    await drop(ports, 'populations/people/b1/a.ndjson', '{"id":"u1","features":["a"]}');
    expect(await uploadStatus(ports, BATCH)).toEqual({ ...BATCH, state: 'open' });
    await later();
    await closeUpload(ports, BATCH, OPTIONS);
    const first = await successes();
    expect(await uploadStatus(ports, BATCH)).toEqual({ ...BATCH, state: 'closed' });
    await later();
    await closeUpload(ports, BATCH, OPTIONS);
    expect(await successes()).toBe(first);
    await closeUpload(ports, BATCH, { ...OPTIONS, mode: 'replace' });
    expect(await successes()).toBeGreaterThan(first ?? 0);
  });

  it('is closed once by calls at the same moment, in whatever order their steps come', async () => {
    const random = seededRandom(12);
    const { ports } = stageWith();
    for (let round = 0; round < 50; round++) {
      const batch = { population: 'people', batch: `r${round}` };
      await drop(ports, `populations/people/r${round}/a.ndjson`, '{"id":"u1","features":["a"]}');
      const { objects, written } = interleaved(ports.objects, random);
      const close = () => closeUpload({ ...ports, objects }, batch, OPTIONS);

      await Promise.all([close(), close(), close()]);

      for (const file of ['options.json', '_SUCCESS'])
        expect(written.filter((name) => name.endsWith(file))).toHaveLength(1);
    }
  });

  it('is closed by the next call where one broke off before any of its writes', async () => {
    const { ports } = stageWith();
    await drop(ports, 'populations/people/b1/a.ndjson', '{"id":"u1","features":["a"]}');
    for (let broken = 0; broken < 3; broken++) {
      let writes = 0;
      const failing = async () => {
        if (writes++ === broken) throw new Error('the line broke');
      };
      const objects: ObjectStore = {
        ...ports.objects,
        write: async (name, bytes) => failing().then(() => ports.objects.write(name, bytes)),
        create: async (name, bytes) => failing().then(() => ports.objects.create(name, bytes)),
      };
      await expect(closeUpload({ ...ports, objects }, BATCH, OPTIONS)).rejects.toThrow('the line broke');
      expect(await ports.objects.list('populations/people/b1/_SUCCESS')).toEqual([]);
    }

    await closeUpload(ports, BATCH, OPTIONS);

    expect(await ports.objects.list('populations/people/b1/')).toEqual(
      ['_STATUS.json', '_SUCCESS', 'a.ndjson', 'options.json'].map((file) => `populations/people/b1/${file}`),
    );
  });
});
