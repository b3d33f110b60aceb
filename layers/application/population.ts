/** Populations: opening one whole, listing them, saying what one holds, and deleting one. */
import type { Shard } from '#domain/features/shard.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import { sha256Of } from './digest.ts';
import { Invalid, NotFound } from './errors.ts';
import { inParallel, STORE_REQUESTS } from './in-parallel.ts';
import type { FileEntry, Manifest, ShardEntry } from './manifest.ts';
import { hintOf } from './nearest-names.ts';
import { ContentsCount, type PopulationContents } from './population-contents.ts';
import type { Ports, Watch } from './ports.ts';

/** The users to search, all of one generation. */
export interface Population {
  readonly name: string;
  readonly generation: number;
  readonly shards: readonly Shard[];
  /** SHA-256 of each shard's bytes; empty for users that were never stored. */
  readonly sha256: readonly string[];
  /** Absent for users that were never stored. */
  readonly manifest?: Manifest | undefined;
}

/** Names are parts of object names, so nothing that a path could trip over. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** `where` says in what the name stands, if that is not plain. */
export function checkPopulationName(name: string, where = ''): string {
  if (NAME.test(name)) return name;
  throw new Invalid(
    `${where}expected a population name of 1 to 63 letters, digits, dots, dashes and underscores that starts with a letter or digit, got ${JSON.stringify(name)}`,
  );
}

export async function manifestOf({ catalog }: Ports, name: string): Promise<Manifest> {
  const manifest = await catalog.manifest(checkPopulationName(name));
  if (manifest) return manifest;
  const known = await catalog.populations();
  const hint = known.length === 0 ? '; none was ingested here yet' : hintOf(name, known);
  throw new NotFound(`expected the name of an ingested population, got ${JSON.stringify(name)}${hint}`);
}

/** Reads every shard of the current generation; a damaged or missing one is refused by name. */
export async function openPopulation(ports: Ports, name: string, watch: Watch): Promise<Population> {
  return openGeneration(ports, await manifestOf(ports, name), watch);
}

/** Reads every shard of one generation. */
export async function openGeneration(ports: Ports, manifest: Manifest, watch: Watch): Promise<Population> {
  const shards: Shard[] = [];
  let opened = 0;
  watch('open the population', 0, manifest.shards.length);
  await inParallel(manifest.shards, STORE_REQUESTS, async (entry, s) => {
    shards[s] = await readShard(ports, entry);
    watch('open the population', ++opened, manifest.shards.length);
  });
  const { population, generation } = manifest;
  return { name: population, generation, shards, sha256: manifest.shards.map((entry) => entry.sha256), manifest };
}

/** An ingest reads what is there, in order to keep or to count it, so it cannot mend a population. */
const REMEDY = 'delete the population and ingest it again';

/** One shard of a generation, if it is what was written. */
export async function readShard(ports: Ports, entry: ShardEntry): Promise<Shard> {
  const shard = ports.shardFormat.decode(await readFile(ports, entry, 'shard'), entry.name);
  if (rowCountOf(shard.rows) === entry.users) return shard;
  throw new Invalid(`${entry.name}: expected ${entry.users} users, got ${rowCountOf(shard.rows)}`);
}

/** The bytes of a file that a manifest names, if they are those that were written. */
export async function readFile({ objects }: Ports, entry: FileEntry, what: string): Promise<Uint8Array> {
  const bytes = await objects.read(entry.name);
  if (!bytes) throw new Invalid(`${entry.name}: the manifest names this ${what}, but it is not there; ${REMEDY}`);
  if (bytes.length === entry.bytes && (await sha256Of(bytes)) === entry.sha256) return bytes;
  throw new Invalid(
    `${entry.name}: the ${what} is damaged: its ${bytes.length} bytes are not those that were written; ${REMEDY}`,
  );
}

export interface PopulationSummary {
  readonly population: string;
  readonly generation: number;
  readonly users: number;
  readonly features: number;
  readonly shards: number;
  /** Of the shards' rows. */
  readonly bytes: number;
  /** Of all that retrieval reads: points, band pages, HNSW graphs and the embedding's model. */
  readonly indexBytes: number;
}

export async function listPopulations(ports: Ports): Promise<PopulationSummary[]> {
  const names = await ports.catalog.populations();
  const manifests = await Promise.all(names.map((name) => ports.catalog.manifest(name)));
  return manifests.flatMap((manifest) => (manifest ? [summaryOf(manifest)] : [])); // one may just have been deleted
}

export function summaryOf({ population, generation, users, features, shards, index }: Manifest): PopulationSummary {
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const indexBytes = shards.reduce((sum, shard) => sum + indexBytesOf(shard), index?.model.bytes ?? 0);
  return { population, generation, users, features, shards: shards.length, bytes, indexBytes };
}

function indexBytesOf({ index }: ShardEntry): number {
  return index ? index.points.bytes + index.pageBytes + (index.neighbors?.bytes ?? 0) : 0;
}

export interface PopulationStatus extends PopulationSummary, Omit<PopulationContents, 'entries'> {
  readonly featuresPerUser: number;
}

export async function statusOf(ports: Ports, name: string, watch: Watch): Promise<PopulationStatus> {
  const manifest = await manifestOf(ports, name);
  return statusFrom(manifest, manifest.contents ?? (await contentsOf(ports, manifest, watch)));
}

/** The same without reading a shard; of a generation whose contents were not counted, what there is to be told. */
export async function statusAtHand(ports: Ports, name: string): Promise<PopulationSummary | PopulationStatus> {
  const manifest = await manifestOf(ports, name);
  return manifest.contents ? statusFrom(manifest, manifest.contents) : summaryOf(manifest);
}

function statusFrom(manifest: Manifest, { entries, ...contents }: PopulationContents): PopulationStatus {
  const summary = summaryOf(manifest);
  return { ...summary, featuresPerUser: summary.users === 0 ? 0 : entries / summary.users, ...contents };
}

async function contentsOf(ports: Ports, manifest: Manifest, watch: Watch): Promise<PopulationContents> {
  const count = new ContentsCount();
  const { shards } = await openGeneration(ports, manifest, watch);
  for (const shard of shards) count.add(shard);
  return count.contents();
}

/**
 * Forgets a population: first its manifest, so that nobody opens it any more, then its shards, its audiences and what a training
 * that was stopped has left.
 */
export async function deletePopulation(ports: Ports, name: string): Promise<PopulationSummary> {
  const manifest = await manifestOf(ports, name);
  await ports.catalog.remove(name);
  for (const prefix of [shardPrefix(name), audiencePrefix(name), partsPrefix(name)]) {
    await removeFiles(ports, await ports.objects.list(prefix));
  }
  return summaryOf(manifest);
}

/** Removes files, and with the rows of a shard its band pages wherever they are. */
export async function removeFiles({ objects, buckets }: Ports, names: readonly string[]): Promise<void> {
  await buckets.remove(names.flatMap((name) => /^(.*-\d+)\.arrow$/.exec(name)?.[1] ?? []));
  await objects.remove(names);
}

export function shardPrefix(population: string): string {
  return `index/${population}/`;
}

/** Of work that is under way. */
export function partsPrefix(population: string): string {
  return `parts/${population}/`;
}

export function audiencePrefix(population: string): string {
  return `audiences/${population}/`;
}
