/** A new generation of a population, made and published: whole or not at all, whoever else publishes meanwhile. */
import { representedUsers } from '#domain/embedding/represented-users.ts';
import { embedUsers } from '#domain/embedding/truncated-svd.ts';
import { type Shard, userCountOf } from '#domain/features/shard.ts';
import { partOf } from '#domain/features/shard-builder.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import { sha256Of } from './digest.ts';
import { Conflict } from './errors.ts';
import { inParallel } from './in-parallel.ts';
import {
  type FileEntry,
  FORMAT_VERSION,
  type Manifest,
  type ManifestIndex,
  type ShardEntry,
  type ShardIndex,
} from './manifest.ts';
import { readShard, removeFiles, shardPrefix } from './population.ts';
import { ContentsCount } from './population-contents.ts';
import { readModel, readScorer } from './population-index.ts';
import type { IndexTask, Ports, Watch } from './ports.ts';
import { fitIndex, INDEX_SEED, type IndexFit, signaturesOf, trainingShard, writeBandPages } from './retrieval-index.ts';
import type { Settings } from './settings.ts';
import { type ScorerCard, type TrainedScorer, type Training, trainIfPossible } from './train-scorer.ts';

/** Whether to build HNSW graphs: `auto` does where `auto` would not look at everybody. */
export type GraphMode = 'auto' | 'always' | 'never';

interface Generation {
  readonly population: string;
  readonly generation: number;
  readonly graph: GraphMode;
  /** Into how many parts the users were cut; nobody's are left out of the shards. */
  readonly cut: number;
  /** How the attention scorer is to be trained, if it is. */
  readonly training?: Training | undefined;
}

export interface PublishedGeneration {
  readonly manifest: Manifest;
  readonly card?: ScorerCard | undefined;
}

/** Writes shards and index, then swaps the manifest: until then nobody sees them, and a failure sweeps them up. */
export async function publishGeneration(
  ports: Ports,
  settings: Settings,
  { population, generation, graph, cut, training }: Generation,
  shards: readonly Shard[],
  watch: Watch,
): Promise<PublishedGeneration> {
  // The mark of this writer: two ingests at once never touch each other's files.
  const prefix = filePrefix(population, generation, crypto.randomUUID().slice(0, 8));
  const withGraph = wantsGraph(graph, userCountOf(shards), settings);
  const published = await publishWritten(ports, prefix, async () => {
    watch('fit the embedding', 0, 1);
    const fit = fitIndex(trainingShard(shards, settings.maxTrainingUsers), settings);
    const scorer = training && (await trainOn(ports, settings, { population, generation }, shards, fit, training));
    const index = await writeFit(ports, prefix, fit, scorer);
    const placing = { ...fit, representation: scorer?.scorer.representation };
    const written = await writeShards(ports, prefix, { shards, cut }, { fit: placing, index, withGraph }, watch);
    const count = new ContentsCount();
    for (const shard of shards) count.add(shard);
    const [features, contents] = [count.featureCount, count.contents()];
    const manifest = manifestFrom({ population, generation, features, cut, shards: written, index, contents });
    return { manifest, card: scorer?.card };
  });
  await sweep(ports, published.manifest);
  watch('write the index', 1, 1);
  return published;
}

/** What the names of all files of one writer of a generation begin with. */
export function filePrefix(population: string, generation: number, writer: string): string {
  return `${shardPrefix(population)}${generationText(generation)}-${writer}`;
}

export function wantsGraph(graph: GraphMode, users: number, settings: Settings): boolean {
  return graph === 'always' || (graph === 'auto' && users > settings.scanUsers);
}

/** The manifest of a generation whose files are all written. */
export function manifestFrom(content: Omit<Manifest, 'formatVersion' | 'users'>): Manifest {
  const { population, generation, features, cut, shards, index, contents } = content;
  const users = shards.reduce((sum, shard) => sum + shard.users, 0);
  return { formatVersion: FORMAT_VERSION, population, generation, users, features, cut, shards, index, contents };
}

function trainOn(
  ports: Ports,
  { scorerUsers }: Settings,
  { population, generation }: Pick<Generation, 'population' | 'generation'>,
  shards: readonly Shard[],
  { model }: IndexFit,
  training: Training,
): Promise<TrainedScorer | undefined> {
  const sample = trainingShard(shards, scorerUsers);
  const data = { population, generation, users: userCountOf(shards), sample, model };
  return trainIfPossible(ports, data, training);
}

/** Publishes what `write` wrote under the prefix, and removes it where it is certain that it was not published. */
async function publishWritten<Written extends PublishedGeneration>(
  ports: Ports,
  prefix: string,
  write: () => Promise<Written>,
): Promise<Written> {
  let isWritten = false;
  try {
    const written = await write();
    isWritten = true;
    await ports.catalog.publish(written.manifest);
    return written;
  } catch (error) {
    // Any failure to publish but a Conflict leaves it open whether the swap has happened, so the files must stay.
    if (!isWritten || error instanceof Conflict) await removeFiles(ports, await ports.objects.list(prefix));
    throw error;
  }
}

/** Of how the index of all shards is made. */
interface Indexing {
  readonly fit: IndexFit;
  /** The fit as it was written. */
  readonly index: ManifestIndex;
  readonly withGraph: boolean;
}

/** Several side by side where there are threads: each shard's files are the same whoever writes them. */
async function writeShards(
  ports: Ports,
  prefix: string,
  { shards, cut }: { readonly shards: readonly Shard[]; readonly cut: number },
  { fit, index, withGraph }: Indexing,
  watch: Watch,
): Promise<ShardEntry[]> {
  const threads = shards.length > 1 ? ports.threads : undefined;
  const entries: ShardEntry[] = [];
  let written = 0;
  watch('write the index', 0, shards.length);
  try {
    await inParallel(shards, threads?.count ?? 1, async (shard, s) => {
      const base = `${prefix}-${s}`;
      const rows = await writeRows(ports, base, shard);
      const own = threads
        ? await threads.index({ base, rows, index, withGraph })
        : await writeShardIndex(ports, base, shard, fit, withGraph);
      entries[s] = { ...rows, index: own, part: partOf(shard.ids[0], cut) };
      watch('write the index', ++written, shards.length);
    });
  } finally {
    await threads?.end();
  }
  return entries;
}

/** Writes what all shards have in common; the manifest's entry of it. */
export async function writeFit(
  ports: Ports,
  prefix: string,
  { model, hashes, banding }: IndexFit,
  scorer?: TrainedScorer,
): Promise<ManifestIndex> {
  const modelFile = await writeFile(ports, `${prefix}.model.arrow`, ports.indexFormat.encodeModel(model));
  return { hashes, ...banding, model: modelFile, scorer: scorer && (await writeScorer(ports, prefix, scorer)) };
}

/** Also where the untrained scorer was kept: that it was tried is worth knowing. */
export async function writeScorer(ports: Ports, prefix: string, { scorer, card }: TrainedScorer): Promise<FileEntry> {
  const bytes = ports.indexFormat.encodeScorer({ scorer, card: JSON.stringify(card) });
  return writeFile(ports, `${prefix}.scorer.safetensors`, bytes);
}

/** Writes the files of one shard under names that begin with `base`, its rows first; the manifest's entry of it. */
export async function writeShard(
  ports: Ports,
  base: string,
  shard: Shard,
  fit: IndexFit,
  withGraph: boolean,
): Promise<ShardEntry> {
  const rows = await writeRows(ports, base, shard);
  return { ...rows, index: await writeShardIndex(ports, base, shard, fit, withGraph) };
}

async function writeRows(ports: Ports, base: string, shard: Shard): Promise<IndexTask['rows']> {
  const file = await writeFile(ports, `${base}.arrow`, ports.shardFormat.encode(shard));
  return { ...file, users: rowCountOf(shard.rows) };
}

/** Writes the index of a shard whose rows, like the fit, lie in the store. */
export async function indexStoredShard(ports: Ports, { base, rows, index, withGraph }: IndexTask): Promise<ShardIndex> {
  const shard = await readShard(ports, rows);
  const model = await readModel(ports, index.model);
  const representation = index.scorer && (await readScorer(ports, index.scorer)).scorer.representation;
  const fit = { model, representation, hashes: index.hashes, banding: { bands: index.bands, rows: index.rows } };
  return writeShardIndex(ports, base, shard, fit, withGraph);
}

async function writeShardIndex(
  ports: Ports,
  base: string,
  shard: Shard,
  { model, representation, hashes, banding }: IndexFit,
  withGraph: boolean,
): Promise<ShardIndex> {
  const { dimensions, vectors, lengths } = embedUsers(shard, model);
  const signatures = signaturesOf(shard, hashes);
  const learned = representation && representedUsers(shard, Uint32Array.from(shard.ids.keys()), representation);
  const bytes = ports.indexFormat.encodePoints(shard.ids, { dimensions, vectors, lengths, signatures, learned });
  const points = await writeFile(ports, `${base}.points.arrow`, bytes);
  const pages = await writeBandPages(ports.buckets, base, shard, signatures, hashes, banding);
  const graph = withGraph ? ports.neighbors.build(vectors, dimensions, INDEX_SEED) : undefined;
  const neighbors = graph && (await writeFile(ports, `${base}.hnsw.bin`, graph));
  return { points, pages: base, ...pages, neighbors };
}

async function writeFile({ objects }: Ports, name: string, bytes: Uint8Array): Promise<FileEntry> {
  const sha256 = await sha256Of(bytes);
  await objects.write(name, bytes);
  return { name, bytes: bytes.length, sha256 };
}

/**
 * Removes what is of the generations before the last: a reader that opened the last one may still be at work. Files of
 * later generations are somebody's who has not published yet.
 */
export async function sweep(ports: Ports, { population, generation }: Manifest): Promise<void> {
  const prefix = shardPrefix(population);
  const oldest = `${prefix}${generationText(Math.max(1, generation - 1))}`;
  const names = await ports.objects.list(prefix);
  await removeFiles(
    ports,
    names.filter((name) => name < oldest),
  );
}

/** Eight digits, so that names sort by generation. */
function generationText(generation: number): string {
  return String(generation).padStart(8, '0');
}
