/** The expansions of one population, by call or by drop: the newest first, however each stands. */
import { describe, expect, it } from 'vitest';
import { NotFound } from '#application/errors.ts';
import { expandDrop } from '#application/expansion/expand-drop.ts';
import { listExpansions } from '#application/expansion/list-expansions.ts';
import type { ObjectStore } from '#application/ports.ts';
import type { Settings } from '#application/settings.ts';
import { drop, type Stage, stageWith } from '../conductor.ts';
import { groupedPeople, groupIds, ingested, SETTINGS } from '../people.ts';

const SEEDS = `${groupIds(40).join('\n')}\n`;

async function stageOf(): Promise<Stage> {
  const stage = stageWith();
  await ingested(stage, groupedPeople(400), { settings: { ...SETTINGS, maxShardUsers: 90 } });
  return stage;
}

async function dropped({ ports }: Stage, file: string, content = SEEDS, settings: Settings = SETTINGS): Promise<void> {
  await drop(ports, `seeds/people/${file}`, content);
  await expandDrop(ports, settings, `seeds/people/${file}`, 'message', Date.now()).catch(() => {});
}

/** A store that dates files by a clock of ours: by the order in which their names stand here. */
function datedBy(objects: ObjectStore, order: readonly string[]): ObjectStore {
  const entries = async (prefix: string) =>
    (await objects.entries(prefix)).map((entry) => ({ ...entry, modified: 1 + order.indexOf(entry.name) }));
  return { ...objects, entries };
}

describe('expansions', () => {
  it('stand newest first with their states: ready, failed, running, waiting', async () => {
    const stage = await stageOf();
    await dropped(stage, 'ready.csv');
    await dropped(stage, 'failed.csv', 'x1\n');
    await dropped(stage, 'running.csv.gz', SEEDS, { ...SETTINGS, expandUsers: 0 });
    await drop(stage.ports, 'seeds/people/waiting.ndjson', '{"id":"u0"}\n');
    const order = ['ready.csv', 'failed.csv', 'running.csv.gz', 'waiting.ndjson'].map((file) => `seeds/people/${file}`);
    const ports = { ...stage.ports, objects: datedBy(stage.ports.objects, order) };

    const expansions = await listExpansions(ports, 'people', 100);

    expect(expansions).toMatchObject([
      { id: 'people~waiting', state: 'waiting', askedAt: 4 },
      { id: 'people~running', state: 'running', progress: { stage: 'gather', done: 0, total: 8 } },
      { id: 'people~failed', state: 'failed', reason: expect.stringContaining('expected seeds that are users') },
      { id: 'people~ready', population: 'people', state: 'ready', size: 4, askedAt: 1 },
    ]);
    expect(expansions.every((expansion) => !('report' in expansion))).toBe(true);
    for (const limit of [1, 3, 4])
      expect(await listExpansions(ports, 'people', limit)).toEqual(expansions.slice(0, limit));
  });

  it('are known by their state where the seeds are gone, and by no other file', async () => {
    const stage = await stageOf();
    await dropped(stage, 'spring.csv');
    await drop(stage.ports, 'seeds/people/lists/gone.csv', 'u1\n');
    await drop(stage.ports, 'seeds/people/not a name.csv', SEEDS);
    await drop(stage.ports, 'seeds/people/a.csv.bak', SEEDS);
    await drop(stage.ports, 'seeds/people/options.json', '{}');
    await stage.ports.objects.remove(['seeds/people/spring.csv']);

    expect(await listExpansions(stage.ports, 'people', 100)).toMatchObject([{ id: 'people~spring', state: 'ready' }]);
  });

  it('leave out one that is forgotten at this moment', async () => {
    const stage = await stageOf();
    await dropped(stage, 'spring.csv');
    const { objects } = stage.ports;
    const list = async () => [];

    expect(await listExpansions({ ...stage.ports, objects: { ...objects, list } }, 'people', 100)).toEqual([]);
  });

  it('are none where nothing was asked for, and refused of a population that there is not', async () => {
    const stage = await stageOf();

    expect(await listExpansions(stage.ports, 'people', 100)).toEqual([]);
    await expect(listExpansions(stage.ports, 'peple', 100)).rejects.toThrow(NotFound);
    await expect(listExpansions(stage.ports, '..', 100)).rejects.toThrow('expected a population name');
  });
});
