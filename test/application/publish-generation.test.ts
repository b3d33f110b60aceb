import { describe, expect, it } from 'vitest';
import { memoryBucketStore } from '#adapters/memory-bucket-store.ts';
import { sha256Of } from '#application/digest.ts';
import { Conflict, Invalid } from '#application/errors.ts';
import { ingestUsers } from '#application/ingest-users.ts';
import type { FileEntry, Manifest } from '#application/manifest.ts';
import { deletePopulation } from '#application/population.ts';
import type { Ports } from '#application/ports.ts';
import type { GraphMode } from '#application/publish-generation.ts';
import type { User } from '#domain/features/shard.ts';
import { rowsOf } from '../domain/rows-of-users.ts';
import { emptySite, expansionOf, groupedPeople, ingested, opened, requestFor, SETTINGS, unwatched } from './people.ts';

const settings = { ...SETTINGS, maxShardUsers: 150 };
const people = groupedPeople(300);

/** An ingest through ports of the test's own. */
function ingestThrough(ports: Ports, users: readonly User[], graph: GraphMode = 'always', used = settings) {
  return ingestUsers(ports, used, 'people', { mode: 'upsert', graph }, rowsOf(users), unwatched);
}

async function manifestOf({ catalog }: Ports): Promise<Manifest> {
  const manifest = await catalog.manifest('people');
  if (!manifest) throw new Error('expected a population, got none');
  return manifest;
}

function filesOf({ shards, index }: Manifest): FileEntry[] {
  const ofShards = shards.flatMap((shard) => [shard, shard.index?.points ?? [], shard.index?.neighbors ?? []].flat());
  return [...ofShards, ...(index ? [index.model] : [])];
}

/** All that changes anything outside, each call told to `before` with what it is. */
function watchedPorts(ports: Ports, before: (call: string) => void | Promise<void>): Ports {
  return {
    ...ports,
    objects: {
      ...ports.objects,
      async write(name, bytes) {
        await before(`write ${name}`);
        await ports.objects.write(name, bytes);
      },
    },
    buckets: {
      ...ports.buckets,
      async write(shard, pages) {
        await before(`write pages ${shard}`);
        await ports.buckets.write(shard, pages);
      },
    },
    catalog: {
      ...ports.catalog,
      async publish(manifest) {
        await before('publish');
        await ports.catalog.publish(manifest);
      },
    },
  };
}

/** Throws the error at the `n`-th call. */
function failingAt(ports: Ports, n: number, error: Error): Ports {
  let calls = 0;
  return watchedPorts(ports, () => {
    calls++;
    if (calls === n) throw error;
  });
}

describe('a published generation', () => {
  it('has every file that its manifest names, of the size and hash that it says', async () => {
    const { ports } = emptySite();
    const report = await ingestThrough(ports, people);

    const manifest = await manifestOf(ports);
    const files = filesOf(manifest);
    const pages = manifest.shards.map((shard) => `${shard.index?.pages}.pages`);

    expect(manifest.shards.length).toBeGreaterThan(1);
    expect(files).toHaveLength(3 * manifest.shards.length + 1);
    for (const { name, bytes, sha256 } of files) {
      const content = (await ports.objects.read(name)) ?? new Uint8Array(0);
      expect([content.length, await sha256Of(content)]).toEqual([bytes, sha256]);
    }
    expect(await ports.objects.list('')).toEqual(expect.arrayContaining(pages));
    expect((await ports.objects.list('index/')).sort()).toEqual([...files.map(({ name }) => name), ...pages].sort());
    const indexFiles = files.filter(({ name }) => !/-\d+\.arrow$/.test(name));
    const pageBytes = manifest.shards.reduce((sum, shard) => sum + (shard.index?.pageBytes ?? 0), 0);
    expect(report.indexBytes).toBe(indexFiles.reduce((sum, { bytes }) => sum + bytes, pageBytes));
  });

  it('is the same files for the same users, whoever writes them', async () => {
    const [one, other] = [emptySite().ports, emptySite().ports];
    for (const { ports, users } of [
      { ports: one, users: people },
      { ports: other, users: people.toReversed() },
    ]) {
      await ingestThrough(ports, users);
    }

    const [left, right] = [await manifestOf(one), await manifestOf(other)];
    expect(filesOf(right).map(({ sha256 }) => sha256)).toEqual(filesOf(left).map(({ sha256 }) => sha256));
  });

  it('is nobody’s to see before all its files are written', async () => {
    const { ports } = emptySite();
    const calls: string[] = [];

    await ingestThrough(
      watchedPorts(ports, (call) => {
        calls.push(call);
      }),
      people,
    );

    expect(calls.indexOf('publish')).toBe(calls.length - 1);
  });

  it.each([
    { graph: 'always', scanUsers: 5_000_000, graphs: true },
    { graph: 'never', scanUsers: 0, graphs: false },
    { graph: 'auto', scanUsers: 300, graphs: false },
    { graph: 'auto', scanUsers: 299, graphs: true },
  ] as const)('of 300 users has graphs: $graphs, where told $graph and scans go up to $scanUsers', async (given) => {
    const { ports } = emptySite();

    await ingestThrough(ports, people, given.graph, { ...settings, scanUsers: given.scanUsers });

    const manifest = await manifestOf(ports);
    expect(manifest.shards.map(({ index }) => index?.neighbors !== undefined)).toEqual(
      manifest.shards.map(() => given.graphs),
    );
  });

  it.each([
    ['one user', [{ id: 'u1', features: ['a'] }]],
    ['one user without features', [{ id: 'u1', features: [] }]],
    ['users all alike', Array.from({ length: 40 }, (_, n) => ({ id: `u${n}`, features: ['a', 'b'] }))],
    ['users of one feature each', Array.from({ length: 40 }, (_, n) => ({ id: `u${n}`, features: [`f${n}`] }))],
    ['users of whom none has a feature', Array.from({ length: 40 }, (_, n) => ({ id: `u${n}`, features: [] }))],
  ])('can be of %s', async (_, users) => {
    const site = emptySite();

    await ingestThrough(site.ports, users);

    expect((await opened(site)).shards.flatMap(({ ids }) => ids).sort()).toEqual(users.map(({ id }) => id).sort());
  });
});

describe('a failure while writing', () => {
  /** What is counted here is written in every run: the loops below would miss nothing. */
  async function callCount(): Promise<number> {
    const site = emptySite();
    await ingested(site, people, { settings });
    let calls = 0;
    await ingestThrough(
      watchedPorts(site.ports, () => {
        calls++;
      }),
      groupedPeople(310, 2),
    );
    return calls;
  }

  it('at any call leaves nothing of the new generation, and the old one as it was', async () => {
    const total = await callCount();
    const site = emptySite();
    await ingested(site, people, { settings });
    const before = await site.ports.objects.list('');
    const audience = await expansionOf(await opened(site), requestFor({ candidates: 'both', size: '20' }));

    for (let n = 1; n < total; n++) {
      const ingest = ingestThrough(failingAt(site.ports, n, new Invalid(`call ${n} failed`)), groupedPeople(310, 2));
      await expect(ingest).rejects.toThrow(`call ${n} failed`);
      expect(await site.ports.objects.list('')).toEqual(before);
    }

    expect(total).toBeGreaterThan(8);
    const after = await opened(site);
    expect(after.generation).toBe(1);
    expect(await expansionOf(after, requestFor({ candidates: 'both', size: '20' }))).toEqual(audience);
  });

  it('takes band pages away as well where they are kept elsewhere', async () => {
    const total = await callCount();
    const site = emptySite();
    const written = new Set<string>();
    const buckets = memoryBucketStore();
    const elsewhere = watchedPorts({ ...site.ports, buckets }, (call) => {
      if (call.startsWith('write pages ')) written.add(call.slice('write pages '.length));
    });

    for (let n = 1; n < total; n++) {
      await expect(ingestThrough(failingAt(elsewhere, n, new Error('full')), people)).rejects.toThrow('full');
    }

    expect(written.size).toBeGreaterThan(2);
    for (const shard of written) await expect(buckets.read(shard, [])).rejects.toThrow(Invalid);
  });

  it('at the swap itself leaves nothing, where it is certain that nothing was swapped', async () => {
    const total = await callCount();
    const site = emptySite();
    await ingested(site, people, { settings });
    const before = await site.ports.objects.list('');

    const ingest = ingestThrough(failingAt(site.ports, total, new Conflict('another was faster')), people);

    await expect(ingest).rejects.toThrow('another was faster');
    expect(await site.ports.objects.list('')).toEqual(before);
    expect((await opened(site)).generation).toBe(1);
  });

  it('at the swap itself leaves the files, where it may have been swapped', async () => {
    const total = await callCount();
    const site = emptySite();
    await ingested(site, people, { settings });
    const before = await site.ports.objects.list('');

    await expect(ingestThrough(failingAt(site.ports, total, new Error('timeout')), people)).rejects.toThrow('timeout');

    const after = await site.ports.objects.list('');
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after.length).toBeGreaterThan(before.length);
    expect((await opened(site)).generation).toBe(1);
  });

  it('after the swap leaves the new generation whole', async () => {
    const site = emptySite();
    const { catalog, objects } = site.ports;
    const unheard: Ports = {
      ...site.ports,
      catalog: {
        ...catalog,
        async publish(manifest) {
          await catalog.publish(manifest);
          throw new Error('connection lost');
        },
      },
    };
    const unswept: Ports = {
      ...site.ports,
      objects: {
        ...objects,
        async list() {
          throw new Error('listing failed');
        },
      },
    };

    await expect(ingestThrough(unheard, people)).rejects.toThrow('connection lost');
    expect((await opened(site)).generation).toBe(1);
    await expect(ingestThrough(unswept, people)).rejects.toThrow('listing failed');
    const population = await opened(site);

    expect(population.generation).toBe(2);
    const { report } = await expansionOf(population, requestFor({ candidates: 'both', size: '20' }));
    expect(report.retrieval).toMatchObject({ used: 'both', bands: { index: 'stored' } });
  });
});

describe('old generations', () => {
  it('go after two, with their index and their pages, wherever these are', async () => {
    const site = emptySite();
    const buckets = memoryBucketStore();
    const ports = { ...site.ports, buckets };
    const manifests: Manifest[] = [];
    for (let g = 0; g < 4; g++) {
      await ingestThrough(ports, people);
      manifests.push(await manifestOf(ports));
    }

    const names = await ports.objects.list('index/');

    expect(names.sort()).toEqual(
      manifests
        .slice(2)
        .flatMap(filesOf)
        .map(({ name }) => name)
        .sort(),
    );
    for (const [g, { shards }] of manifests.entries()) {
      for (const { index } of shards) {
        const read = buckets.read(index?.pages ?? '', []);
        if (g < 2) await expect(read).rejects.toThrow(Invalid);
        else expect(await read).toEqual([]);
      }
    }
  });

  it('go with the population, pages kept elsewhere included', async () => {
    const site = emptySite();
    const buckets = memoryBucketStore();
    const ports = { ...site.ports, buckets };
    const pages: string[] = [];
    for (let g = 0; g < 2; g++) {
      await ingestThrough(ports, people);
      pages.push(...(await manifestOf(ports)).shards.map(({ index }) => index?.pages ?? ''));
    }

    await deletePopulation(ports, 'people');

    expect(pages.length).toBeGreaterThan(3);
    for (const name of pages) await expect(buckets.read(name, [])).rejects.toThrow(Invalid);
    expect(await ports.objects.list('')).toEqual([]);
  });
});
