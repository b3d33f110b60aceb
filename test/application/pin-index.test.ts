import { describe, expect, it } from 'vitest';
import { type MemoryIndexLayers, memoryIndexLayers } from '#adapters/memory-index-layers.ts';
import { Conflict } from '#application/errors.ts';
import { type PinPorts, pinIndex } from '#application/pin-index.ts';
import { deletePopulation } from '#application/population.ts';
import { emptySite, groupedPeople, ingested, SETTINGS, type Site } from './people.ts';

const PEOPLE = groupedPeople(60);

interface PinnedSite extends Site {
  readonly layers: MemoryIndexLayers;
  pin(): Promise<string>;
}

function pinnedSite(roomBytes?: number): PinnedSite {
  const site = emptySite();
  const layers = memoryIndexLayers(['people'], roomBytes);
  return { ...site, layers, pin: () => pinIndex({ ...site.ports, layers }, SETTINGS, 'people') };
}

/** Two generations, the first of them pinned. */
async function withTwoGenerations(): Promise<PinnedSite> {
  const site = pinnedSite();
  await ingested(site, PEOPLE);
  await site.pin();
  await ingested(site, groupedPeople(70));
  return site;
}

/** Band pages, which a local folder keeps beside them, are no files of the index. */
async function filesOf({ ports }: Site): Promise<string[]> {
  return (await ports.objects.list('index/people/')).filter((name) => !name.endsWith('.pages'));
}

/** What is of the generation that stands: the one before it lies there as well. */
async function standingFiles(site: Site): Promise<string[]> {
  const generation = (await site.ports.catalog.manifest('people'))?.generation ?? 0;
  return (await filesOf(site)).filter((name) => name.includes(`/${String(generation).padStart(8, '0')}-`));
}

describe('pinning an index', () => {
  it('lets the function carry every file of the generation', async () => {
    const site = pinnedSite();
    await ingested(site, PEOPLE);

    expect(await site.pin()).toBe('pinned');

    expect(site.layers.carried('people').toSorted()).toEqual(await filesOf(site));
    expect(site.layers.carried('people').length).toBeGreaterThan(2);
  });

  it('does it once, however often it is asked', async () => {
    const site = pinnedSite();
    await ingested(site, PEOPLE);
    await site.pin();
    await site.pin();

    expect(site.layers.counts('people')).toEqual({ layers: 1, functions: 1 });
  });

  it('goes from generation to generation, and keeps the one before', async () => {
    const site = await withTwoGenerations();
    await site.pin();
    await ingested(site, groupedPeople(80));
    await site.pin();

    expect(site.layers.carried('people').toSorted()).toEqual(await standingFiles(site));
    expect(site.layers.counts('people')).toEqual({ layers: 2, functions: 2 });
  });

  it('carries nothing of a population that is forgotten, now or before', async () => {
    const site = await withTwoGenerations();
    await site.pin();
    await deletePopulation(site.ports, 'people');

    expect(await site.pin()).toBe('streamed');

    expect(site.layers.carried('people')).toEqual([]);
    expect(site.layers.counts('people')).toEqual({ layers: 0, functions: 0 });
  });

  it.each([
    { room: 'is room to the byte', missing: 0, outcome: 'pinned' },
    { room: 'is a byte too little', missing: 1, outcome: 'streamed' },
  ])('asks whether the files fit: there $room', async ({ missing, outcome }) => {
    const site = pinnedSite();
    await ingested(site, PEOPLE);
    const entries = await site.ports.objects.entries('index/people/');
    const bytes = entries.reduce((sum, entry) => sum + (entry.name.endsWith('.pages') ? 0 : entry.bytes), 0);
    const layers = memoryIndexLayers(['people'], bytes - missing);

    expect(await pinIndex({ ...site.ports, layers }, SETTINGS, 'people')).toBe(outcome);
  });

  it('carries nothing where another way than one function is taken', async () => {
    const { ports, layers, ...site } = pinnedSite();
    await ingested({ ...site, ports }, PEOPLE);

    expect(await pinIndex({ ...ports, layers }, { ...SETTINGS, expandUsers: 60 }, 'people')).toBe('pinned');
    expect(await pinIndex({ ...ports, layers }, { ...SETTINGS, expandUsers: 59 }, 'people')).toBe('streamed');

    expect(layers.counts('people')).toEqual({ layers: 0, functions: 0 });
  });
});

describe('faults while an index is pinned', () => {
  /** The same ports, of which each call is told before it is made and after it was. */
  function watched({ ports, layers }: PinnedSite, told: (call: string) => void | Promise<void>): PinPorts {
    const around = <Port extends object>(port: Port): Port =>
      new Proxy(port, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          return async (...args: unknown[]) => {
            await told(`before ${String(name)}`);
            const result: unknown = await Reflect.apply(method, target, args);
            await told(`after ${String(name)}`);
            return result;
          };
        },
      });
    return { ...ports, catalog: around(ports.catalog), objects: around(ports.objects), layers: around(layers) };
  }

  it('leave the old generation or the new one, and the next try mends them', async () => {
    const moments: string[] = [];
    const calm = await withTwoGenerations();
    await pinIndex(
      watched(calm, (call) => {
        moments.push(call);
      }),
      SETTINGS,
      'people',
    );
    expect(moments.length).toBeGreaterThan(15);

    for (const at of moments.keys()) {
      const site = await withTwoGenerations();
      const before = site.layers.carried('people');
      let calls = 0;
      const faulty = watched(site, (call) => {
        if (calls++ === at) throw new Error(`a fault ${call}`);
      });
      await expect(pinIndex(faulty, SETTINGS, 'people')).rejects.toThrow('a fault');

      const standing = await standingFiles(site);
      expect([before.toSorted(), standing]).toContainEqual(site.layers.carried('people').toSorted());
      await site.pin();
      expect(site.layers.carried('people').toSorted()).toEqual(standing);
      expect(site.layers.counts('people')).toEqual({ layers: 2, functions: 2 });
    }
  });

  it.each(
    ['before', 'after'].flatMap((when) =>
      ['revision', 'manifest', 'read', 'publish', 'release'].map((call) => `${when} ${call}`),
    ),
  )('end in the newer generation where one is published and pinned %s', async (moment) => {
    const site = await withTwoGenerations();
    let isDue = true;
    const overtaken = watched(site, async (call) => {
      if (call !== moment || !isDue) return;
      isDue = false;
      await ingested(site, groupedPeople(80));
      await ingested(site, groupedPeople(90)); // sweeps up the files that are being read
      await site.pin();
    });

    expect(await pinIndex(overtaken, SETTINGS, 'people')).toBe('pinned');

    expect(site.layers.carried('people').toSorted()).toEqual(await standingFiles(site));
  });

  it.each(
    ['before', 'after'].flatMap((when) => ['manifest', 'read', 'publish', 'release'].map((call) => `${when} ${call}`)),
  )('end in nothing where the population is forgotten %s', async (moment) => {
    const site = await withTwoGenerations();
    let isDue = true;
    const overtaken = watched(site, async (call) => {
      if (call !== moment || !isDue) return;
      isDue = false;
      await deletePopulation(site.ports, 'people');
      await site.pin();
    });

    expect(await pinIndex(overtaken, SETTINGS, 'people')).toBe('streamed');

    expect(site.layers.carried('people')).toEqual([]);
    expect(site.layers.counts('people')).toEqual({ layers: 0, functions: 0 });
  });

  it('are told where somebody is faster every time', async () => {
    const { ports, layers } = await withTwoGenerations();
    const release = () => Promise.reject(new Conflict('somebody was faster'));

    await expect(pinIndex({ ...ports, layers: { ...layers, release } }, SETTINGS, 'people')).rejects.toThrow(
      'expected to be overtaken fewer than 5 times in a row',
    );
  });

  it('refuse a file that is damaged', async () => {
    const site = await withTwoGenerations();
    const [name] = await standingFiles(site);
    await site.ports.objects.write(name, Uint8Array.of(1));

    await expect(site.pin()).rejects.toThrow(`${name}: the file of the index is damaged`);
  });
});
