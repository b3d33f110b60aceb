/** The uploads of one population as its line has them: each batch once, the newest first. */
import { describe, expect, it } from 'vitest';
import { NotFound } from '#application/errors.ts';
import { finishUpload } from '#application/upload/finish-upload.ts';
import { listUploads } from '#application/upload/list-uploads.ts';
import { noticeUpload } from '#application/upload/notice-upload.ts';
import { drop, ndjsonOf, type Stage, stageWith } from '../conductor.ts';
import { groupedPeople, ingested, SETTINGS } from '../people.ts';

async function uploaded(stage: Stage, batch: string, content = ndjsonOf(groupedPeople(40))): Promise<void> {
  await drop(stage.ports, `populations/people/${batch}/people.ndjson`, content);
  await drop(stage.ports, `populations/people/${batch}/_SUCCESS`, '');
  await noticeUpload(stage.ports, SETTINGS, `populations/people/${batch}/_SUCCESS`, Date.now());
}

describe('uploads', () => {
  it('stand newest first: those who wait, who is at work, and who was there before', async () => {
    const stage = stageWith();
    await uploaded(stage, 'done');
    await uploaded(stage, 'bad', '{bad\n');
    await stage.settle();
    await uploaded(stage, 'begun');
    await uploaded(stage, 'waits');

    const uploads = await listUploads(stage.ports, 'people', 100);

    expect(uploads).toMatchObject([
      { batch: 'waits', state: 'waiting' },
      { batch: 'begun', state: 'waiting' },
      { batch: 'bad', state: 'failed', reason: expect.stringContaining('expected a JSON object') },
      { batch: 'done', state: 'done', users: 40, generation: 1 },
    ]);
    for (const { population, toldAt } of uploads) {
      expect(population).toBe('people');
      expect(Math.abs(Date.now() - (toldAt ?? 0))).toBeLessThan(600_000);
    }
    expect(await listUploads(stage.ports, 'people', 3)).toEqual(uploads.slice(0, 3));
    expect(await listUploads(stage.ports, 'people', 1)).toEqual(uploads.slice(0, 1));
  });

  it('have each batch once, where it was uploaded last', async () => {
    const stage = stageWith();
    await uploaded(stage, 'a');
    await uploaded(stage, 'b');
    await stage.settle();
    await uploaded(stage, 'a', ndjsonOf(groupedPeople(50)));
    await stage.settle();

    expect(await listUploads(stage.ports, 'people', 100)).toMatchObject([
      { batch: 'a', state: 'done', users: 50 },
      { batch: 'b', state: 'done', users: 40 },
    ]);
  });

  it('are told to be gone where their folder was emptied', async () => {
    const stage = stageWith();
    await uploaded(stage, 'a');
    await stage.settle();
    await stage.ports.objects.remove(await stage.ports.objects.list('populations/people/a/'));

    expect(await listUploads(stage.ports, 'people', 100)).toEqual([
      { population: 'people', batch: 'a', state: 'gone' },
    ]);
  });

  it.each(['{', '7', '{"state":7}', '{"state":"done","users":"many"}'])(
    'are told to be unreadable where somebody else wrote %j, beside all others',
    async (text) => {
      const stage = stageWith();
      await uploaded(stage, 'a');
      await uploaded(stage, 'b');
      await stage.settle();
      await drop(stage.ports, 'populations/people/a/_STATUS.json', text);

      expect(await listUploads(stage.ports, 'people', 100)).toMatchObject([
        { population: 'people', batch: 'b', state: 'done' },
        { population: 'people', batch: 'a', state: 'unreadable', toldAt: expect.any(Number) },
      ]);
    },
  );

  it('are none of a population that came otherwise, and refused of one that there is not', async () => {
    const stage = stageWith();
    await ingested(stage, groupedPeople(40), { settings: SETTINGS });

    expect(await listUploads(stage.ports, 'people', 100)).toEqual([]);
    await expect(listUploads(stage.ports, 'peple', 100)).rejects.toThrow(NotFound);
    await expect(listUploads(stage.ports, '../people', 100)).rejects.toThrow('expected a population name');
  });

  it('are known of a population whose first upload failed', async () => {
    const stage = stageWith();
    await uploaded(stage, 'bad', '{bad\n');
    await stage.settle();
    await finishUpload(stage.ports, { population: 'people', batch: 'bad', job: '0'.repeat(16) });

    expect(await listUploads(stage.ports, 'people', 100)).toMatchObject([{ batch: 'bad', state: 'failed' }]);
  });
});
