import { describe, expect, it } from 'vitest';
import { localFolderBucketStore } from '#adapters/local-folder-bucket-store.ts';
import type { Audience, ExpansionRequest } from '#application/audience-report.ts';
import { Invalid } from '#application/errors.ts';
import { expandAudience } from '#application/expand-audience.ts';
import { ingestUsers } from '#application/ingest-users.ts';
import type { Manifest } from '#application/manifest.ts';
import { openPopulation, type Population } from '#application/population.ts';
import { bandsOf, storedGraphs, withPoints } from '#application/population-index.ts';
import type { ObjectStore, Ports } from '#application/ports.ts';
import type { GraphMode } from '#application/publish-generation.ts';
import { dropFeatures, type Shard, withoutWeights } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { damaged } from '../damage.ts';
import { rowsOf } from '../domain/rows-of-users.ts';
import { emptySite, groupedPeople, groupIds, idList, requestFor, SETTINGS, unwatched } from './people.ts';

const settings = { ...SETTINGS, minSeeds: 1, maxShardUsers: 60 };

/** Whoever ranks by the nearest seeds and retrieves by both reads every file of an index. */
const READS_ALL: Partial<ExpansionRequest> = {
  ranker: 'similarity',
  choices: { aggregate: 'max' },
  candidates: 'both',
  size: '8',
  seeds: idList(groupIds(10)),
};

async function ingestedPorts(userCount = 100, graph: GraphMode = 'always'): Promise<Ports> {
  const { ports } = emptySite();
  const users = rowsOf(groupedPeople(userCount));
  await ingestUsers(ports, settings, 'people', { mode: 'upsert', graph }, users, unwatched);
  return ports;
}

function opened(ports: Ports): Promise<Population> {
  return openPopulation(ports, 'people', unwatched);
}

async function expansion(ports: Ports, changes: Partial<ExpansionRequest> = READS_ALL): Promise<Audience> {
  return expandAudience(ports, settings, await opened(ports), requestFor({ ...READS_ALL, ...changes }), unwatched);
}

async function manifestOf(ports: Ports): Promise<Manifest> {
  const { manifest } = await opened(ports);
  if (!manifest) throw new Error('expected a stored population');
  return manifest;
}

/** As if nothing had been indexed: what the index must be equal to. */
function unindexed({ shards, name, generation, sha256 }: Population): Population {
  return { name, generation, shards, sha256 };
}

/** The index below everything that the job needs: shards with points, bands and graphs of them. */
const BAD_NAMES = ['points.arrow', 'model.arrow', 'hnsw.bin', 'pages'];

/** The ports with every file of that ending gone, or with other bytes. */
function without(ports: Ports, ending: string, change: (bytes: Uint8Array) => Uint8Array | undefined): Ports {
  const objects: ObjectStore = {
    ...ports.objects,
    async read(name) {
      const bytes = await ports.objects.read(name);
      return bytes && name.endsWith(ending) ? change(bytes) : bytes;
    },
  };
  return portsOver(ports, objects);
}

function portsOver(ports: Ports, objects: ObjectStore): Ports {
  return { ...ports, objects, buckets: localFolderBucketStore(objects) };
}

describe('the index of a population', () => {
  it('is the stored one where the job sees the users as they were ingested', async () => {
    const ports = await ingestedPorts();

    const { report } = await expansion(ports);

    expect(report.retrieval).toMatchObject({ used: 'both', bands: { index: 'stored' }, neighborsBy: 'hnsw' });
  });

  it.each([
    ['a feature is dropped', { drop: ['group0:1'] }],
    ['weights are to be forgotten', { binary: true }],
  ])('is computed where %s, and no stored file is read', async (_, changes) => {
    const sound = await ingestedPorts();
    let broken = sound;
    for (const ending of BAD_NAMES) broken = without(broken, ending, () => undefined);

    const { members, report } = await expansion(broken, changes);

    expect(report.retrieval).toMatchObject({ bands: { index: 'computed' }, neighborsBy: 'exact search' });
    expect(members).toEqual((await expansion(sound, changes)).members);
    const population = unindexed(await opened(sound));
    const request = requestFor({ ...READS_ALL, ...changes });
    expect((await expandAudience(sound, settings, population, request, unwatched)).members).toEqual(members);
  });

  it.each([
    ['a feature to drop that nobody has', { drop: ['group0:nobody'] }],
    ['people left out', { exclude: [idList(['u1', 'u2'])] }],
    ['other seeds', { seeds: idList(['u1', 'u5', 'u9']) }],
  ])('stays the stored one for %s', async (_, changes) => {
    const { report } = await expansion(await ingestedPorts(), changes);

    expect(report.retrieval).toMatchObject({ bands: { index: 'stored' }, neighborsBy: 'hnsw' });
  });

  it('is computed where even one shard of several has the dropped feature', async () => {
    const ports = await ingestedPorts();
    const population = await opened(ports);
    const [first, second] = population.shards;
    const alone = second.features.find((feature) => !first.features.includes(feature)) ?? second.features[0];

    const shards = population.shards.map((shard) => dropFeatures(shard, new Set([alone])));

    expect((await bandsOf(ports, settings, population, shards)).isStored).toBe(false);
    expect(await storedGraphs(ports, population, shards)).toBeUndefined();
  });

  it('has no graphs where none were built, and searches all points', async () => {
    const { report } = await expansion(await ingestedPorts(100, 'never'));

    expect(report.retrieval).toMatchObject({ bands: { index: 'stored' }, neighborsBy: 'exact search' });
  });

  it.each([
    ['as ingested', (shard: Shard) => shard, true],
    ['without weights', withoutWeights, false],
  ])('has the points and bands that a computation gives: %s', async (_, change, isStored) => {
    const ports = await ingestedPorts();
    const population = await opened(ports);
    const shards = population.shards.map(change);

    const placed = await withPoints(ports, settings, population, shards);
    const computed = await withPoints(ports, settings, unindexed(population), shards);

    expect(placed.map(({ embedding }) => embedding)).toEqual(computed.map(({ embedding }) => embedding));
    const { bands, isStored: areStored } = await bandsOf(ports, settings, population, shards);
    const { bands: scratch } = await bandsOf(ports, settings, unindexed(population), shards);
    expect(areStored).toBe(isStored);
    expect([bands.hashes, bands.banding]).toEqual([scratch.hashes, scratch.banding]);
    const keys = Array.from({ length: bands.banding.bands }, (__, band) => ({ band, prefix: 0 }));
    for (const [s, { pages, prefixBits }] of bands.shards.entries()) {
      const [stored, made] = [
        await bands.buckets.read(pages, keys),
        await scratch.buckets.read(scratch.shards[s].pages, keys),
      ];
      expect(prefixBits).toBe(scratch.shards[s].prefixBits);
      expect(stored.map((page) => ({ ...page, bytes: [...page.bytes] }))).toEqual(
        made.map((page) => ({ ...page, bytes: [...page.bytes] })),
      );
    }
  });

  it('is that of the settings it was made with, whatever they are now', async () => {
    const ports = await ingestedPorts();
    const sound = await expansion(ports);
    const now = { ...settings, hashes: 64, dimensions: 4, bandSimilarityPercent: 80 };

    const later = await expandAudience(ports, now, await opened(ports), requestFor(READS_ALL), unwatched);

    expect(later).toEqual(sound);
  });
});

/** What becomes of an expansion when the file of that name is damaged; anything but these two is a fault of ours. */
async function outcomeOf(ports: Ports, sound: string, name: string): Promise<'same' | 'refused'> {
  const answer = await expansion(ports).then(JSON.stringify, (error) => error);
  if (answer === sound) return 'same';
  expect(answer).toBeInstanceOf(Invalid);
  expect(answer.message.startsWith(name.replace(/\.pages$/, ''))).toBe(true);
  return 'refused';
}

describe('a damaged index', () => {
  it.each(BAD_NAMES)('whose %s is missing is refused by its name, with a way out', async (ending) => {
    const ports = without(await ingestedPorts(), ending, () => undefined);

    const refused = expansion(ports);

    await expect(refused).rejects.toThrow(Invalid);
    await expect(refused).rejects.toThrow(
      new RegExp(`^index/people/[^ ]*${ending}: .*it is not there; delete the population and ingest it again$`),
    );
  });

  it.each(['points.arrow', 'model.arrow', 'hnsw.bin'])(
    'whose %s has a bit turned over is refused by its name',
    async (ending) => {
      const ports = without(await ingestedPorts(), ending, (bytes) =>
        bytes.with(bytes.length >> 1, bytes[bytes.length >> 1] ^ 4),
      );

      await expect(expansion(ports)).rejects.toThrow(
        new RegExp(`^index/people/[^ ]*${ending}: the .* is damaged: its \\d+ bytes are not those that were written`),
      );
    },
  );

  it('still ranks whoever needs nothing of it', async () => {
    let ports = await ingestedPorts();
    const sound = await expansion(ports, { candidates: 'all' });
    for (const ending of BAD_NAMES) ports = without(ports, ending, () => undefined);

    expect(await expansion(ports, { candidates: 'all' })).toEqual(sound);
  });

  it('gives no other answer in 10,000 accidents: it is refused by name, or the very bytes come out', async () => {
    const stored = await ingestedPorts(40, 'always');
    const manifest = await manifestOf(stored);
    const files = new Map<string, Uint8Array>();
    for (const name of await stored.objects.list('index/')) {
      files.set(name, Uint8Array.from((await stored.objects.read(name)) ?? []));
    }
    const names = [...files.keys()];
    const portsWith = (damagedName: string, bytes: Uint8Array): Ports =>
      portsOver(
        { ...stored, catalog: { ...stored.catalog, manifest: async () => manifest } },
        { ...stored.objects, read: async (name) => (name === damagedName ? bytes : files.get(name)) },
      );
    const sound = JSON.stringify(await expansion(portsWith('', new Uint8Array(0))));
    const random = seededRandom(11);
    const outcomes = { refused: 0, same: 0 };

    for (let run = 0; run < 10_000; run++) {
      const name = names[run % names.length];
      const bytes = files.get(name) ?? new Uint8Array(0);
      const changed = damaged(bytes, random);
      if (Buffer.compare(changed, bytes) === 0) continue;
      outcomes[await outcomeOf(portsWith(name, changed), sound, name)]++;
    }

    expect(names.map((name) => name.slice(name.indexOf('.') + 1))).toEqual(expect.arrayContaining(BAD_NAMES));
    expect(outcomes.refused).toBeGreaterThan(9_000);
  });
});
