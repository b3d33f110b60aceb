import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { saveAudience } from '#application/audience-files.ts';
import { Invalid, NotFound } from '#application/errors.ts';
import {
  deletePopulation,
  listPopulations,
  manifestOf,
  openPopulation,
  statusAtHand,
  statusOf,
  summaryOf,
} from '#application/population.ts';
import {
  emptySite,
  expansionOf,
  groupedPeople,
  ingested,
  opened,
  requestFor,
  SETTINGS,
  type Site,
  unwatched,
} from './people.ts';

const people = groupedPeople(300);

async function siteWith(...populations: readonly string[]): Promise<Site> {
  const site = emptySite();
  for (const population of populations) await ingested(site, people, { population });
  return site;
}

/** The path of the only shard. */
function shardPath({ folder }: Site): string {
  const below = join(folder, 'index', 'people');
  const [name] = readdirSync(below).filter((file) => file.endsWith('-0.arrow'));
  return join(below, name);
}

describe('open', () => {
  it.each(['x', 'a.b-c_D9', 'x'.repeat(63), 'constructor', '0'])('takes the name %s', async (name) => {
    expect((await opened(await siteWith(name), name)).name).toBe(name);
  });

  it('does not know a population that was never ingested, but what it may be', async () => {
    const site = await siteWith('people', 'shop');

    await expect(opened(site, 'peple')).rejects.toThrow(NotFound);
    await expect(opened(site, 'peple')).rejects.toThrow(
      'expected the name of an ingested population, got "peple" (nearest: "people", "shop")',
    );
    await expect(opened(emptySite(), 'people')).rejects.toThrow(
      'expected the name of an ingested population, got "people"; none was ingested here yet',
    );
  });

  it.each(['..', '../people', 'a/b', '', '__proto__'])('refuses the name %j, which is no name', async (name) => {
    await expect(opened(emptySite(), name)).rejects.toThrow(
      `expected a population name of 1 to 63 letters, digits, dots, dashes and underscores that starts with a letter or digit, got ${JSON.stringify(name)}`,
    );
  });

  it('refuses a shard that is damaged, by its name', async () => {
    const site = await siteWith('people');
    const path = shardPath(site);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(path, bytes);

    await expect(opened(site)).rejects.toThrow(Invalid);
    await expect(opened(site)).rejects.toThrow(
      new RegExp(
        `^index/people/00000001-[0-9a-f]{8}-0\\.arrow: the shard is damaged: its ${bytes.length} bytes are not those that were written; delete the population and ingest it again$`,
      ),
    );
  });

  it('refuses a shard that is cut off, by its name', async () => {
    const site = await siteWith('people');
    truncateSync(shardPath(site), 100);

    await expect(opened(site)).rejects.toThrow(
      /^index\/people\/.*: the shard is damaged: its 100 bytes are not those that were written/,
    );
  });

  it('refuses a shard that is missing, by its name', async () => {
    const site = await siteWith('people');
    rmSync(shardPath(site));

    await expect(opened(site)).rejects.toThrow(
      /^index\/people\/.*: the manifest names this shard, but it is not there; delete the population and ingest it again$/,
    );
  });

  it('refuses a shard of another number of users than the manifest says', async () => {
    const site = await siteWith('people');
    const manifest = await manifestOf(site.ports, 'people');
    const shards = manifest.shards.map((shard) => ({ ...shard, users: 299 }));
    await site.ports.catalog.publish({ ...manifest, generation: 2, shards });

    await expect(opened(site)).rejects.toThrow(/^index\/people\/.*: expected 299 users, got 300$/);
  });

  it('gives a damaged population a way out', async () => {
    const site = await siteWith('people');
    rmSync(shardPath(site));

    await expect(ingested(site, people, { mode: 'replace' })).rejects.toThrow('delete the population');
    await deletePopulation(site.ports, 'people');
    await ingested(site, people);

    expect((await opened(site)).generation).toBe(1);
  });

  it('holds one generation, whatever is ingested meanwhile', async () => {
    const site = await siteWith('people');

    const before = await opened(site);
    await ingested(site, groupedPeople(10, 2), { mode: 'replace' });

    expect(before.shards[0].ids).toHaveLength(300);
    expect((await opened(site)).shards[0].ids).toHaveLength(10);
  });
});

describe('list and status', () => {
  it('are empty where nothing was ingested', async () => {
    expect(await listPopulations(emptySite().ports)).toEqual([]);
  });

  it('say what there is', async () => {
    const site = await siteWith('b', 'a');
    await ingested(site, [{ id: 'new', features: ['new:1'] }], { population: 'a' });

    const list = await listPopulations(site.ports);

    expect(list).toMatchObject([
      { population: 'a', generation: 2, users: 301, shards: 1 },
      { population: 'b', generation: 1, users: 300, shards: 1 },
    ]);
    expect(list[0].features).toBe(list[1].features + 1);
  });

  it('count features by field, the largest first, and users without any', async () => {
    const site = emptySite();
    await ingested(site, [
      { id: 'u1', features: ['age:5', 'age:6', 'city:x'] },
      { id: 'u2', features: ['age:7', 'alone', 'a:b:c'], weights: [1, 2, 1] },
      { id: 'u3', features: [] },
    ]);

    expect(await statusOf(site.ports, 'people', unwatched)).toMatchObject({
      users: 3,
      features: 6,
      usersWithoutFeatures: 1,
      featuresPerUser: 2,
      weighted: true,
      fields: [
        { field: 'age', features: 3 },
        { field: 'a', features: 1 },
        { field: 'alone', features: 1 },
        { field: 'city', features: 1 },
      ],
    });
  });

  it('are told without reading a shard, but of a generation whose contents were never counted', async () => {
    const site = await siteWith('people');
    const known = await statusOf(site.ports, 'people', unwatched);
    expect(await statusAtHand(site.ports, 'people')).toEqual(known);
    const { contents: _, ...before } = await manifestOf(site.ports, 'people');
    await site.ports.catalog.publish({ ...before, generation: 2 });

    expect(await statusOf(site.ports, 'people', unwatched)).toEqual({ ...known, generation: 2 });
    expect(await statusAtHand(site.ports, 'people')).toEqual(summaryOf(await manifestOf(site.ports, 'people')));

    await site.ports.catalog.publish({ ...(await manifestOf(site.ports, 'people')), generation: 3 });
    rmSync(shardPath(site));
    await expect(statusOf(site.ports, 'people', unwatched)).rejects.toThrow('the manifest names this shard');
    await site.ports.catalog.remove('people');
    await expect(statusAtHand(site.ports, 'people')).rejects.toThrow(NotFound);
  });

  it('count a feature once, however many shards have it', async () => {
    const site = emptySite();
    await ingested(site, people, { settings: { ...SETTINGS, maxShardUsers: 40 } });

    const { fields, features, shards } = await statusOf(site.ports, 'people', unwatched);

    expect(shards).toBeGreaterThanOrEqual(8);
    expect(fields.reduce((sum, field) => sum + field.features, 0)).toBe(features);
  });
});

describe('delete', () => {
  it('takes everything of the population, its audiences included, and nothing of any other', async () => {
    const site = await siteWith('people', 'people2', 'peo');
    for (const name of ['people', 'people2']) {
      const population = await opened(site, name);
      const audience = await expansionOf(population, requestFor());
      await saveAudience(site.ports.objects, SETTINGS, population, requestFor(), audience);
    }
    await ingested(site, people);
    const others = (await site.ports.objects.list('')).filter((name) => !name.includes('/people/'));

    const gone = await deletePopulation(site.ports, 'people');

    expect(gone).toMatchObject({ population: 'people', generation: 2, users: 300 });
    expect(await site.ports.objects.list('')).toEqual(others);
    expect(others.some((name) => name.startsWith('audiences/people2/'))).toBe(true);
    await expect(openPopulation(site.ports, 'people', unwatched)).rejects.toThrow(NotFound);
    await expect(deletePopulation(site.ports, 'people')).rejects.toThrow(NotFound);
  });
});
