/** Uploads by call: addresses below the batch, and a batch that is closed once however often it is said. */
import { describe, expect, it } from 'vitest';
import type { Links } from '#application/ports.ts';
import { CloseBody, closeUpload, openUpload, UploadBody, uploadStatus } from '#application/upload/requested-upload.ts';
import { drop, stageWith } from '../conductor.ts';

const links: Links = { readSeconds: 9, writeSeconds: 9, toRead: async (name) => name, toWrite: async (name) => name };
const BATCH = { population: 'people', batch: 'b1' };
const OPTIONS = CloseBody.parse({});

describe('an upload by call', () => {
  it('has an address for each file of a batch, or for a list', async () => {
    expect(await openUpload(links, 'people', { batch: 'b1', files: ['a.csv', 'b.csv', 'a.csv'] })).toEqual({
      expires: 9,
      files: [
        { name: 'a.csv', url: 'populations/people/b1/a.csv' },
        { name: 'b.csv', url: 'populations/people/b1/b.csv' },
      ],
    });
    expect((await openUpload(links, 'people', { list: 'best.csv' })).files).toEqual([
      { name: 'best.csv', url: 'seeds/people/lists/best.csv' },
    ]);
    await expect(openUpload(links, '../x', { list: 'best.csv' })).rejects.toThrow('expected a population name');
  });

  it.each([
    [{ batch: 'b1', files: ['../x'] }],
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
});
