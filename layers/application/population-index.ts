/**
 * The index of an opened population for one job: the stored one where the job sees the users as they were ingested, else
 * one computed for it, because everything stored has seen the features that the job must not see.
 */
import * as z from 'zod';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import type { Shard } from '#domain/features/shard.ts';
import type { AttentionScorer } from '#domain/ranking/by-attention.ts';
import type { EmbeddingKind } from '#domain/ranking/rankers.ts';
import { embeddingOf } from '#domain/ranking/seed-vectors.ts';
import { Invalid } from './errors.ts';
import type { IdList } from './id-list.ts';
import { inParallel, STORE_REQUESTS } from './in-parallel.ts';
import type { FileEntry, Manifest } from './manifest.ts';
import { type Population, readFile } from './population.ts';
import type { NeighborIndex, Ports, StoredScorer } from './ports.ts';
import { type ChosenRanker, chooseRanker, type RankingOptions } from './ranking-options.ts';
import { type BandIndex, embedShards, scratchBands } from './retrieval-index.ts';
import type { Settings } from './settings.ts';
import { ScorerCard } from './train-scorer.ts';
import { TrainingOptions } from './training.ts';

/** The manifest whose index these shards may use, if they may use one. */
function storedIndexOf(population: Population, shards: readonly Shard[]): Manifest | undefined {
  const { manifest } = population;
  const isAsIngested = shards.every(({ ids, features, rows }, s) => {
    const stored = population.shards[s];
    return ids === stored.ids && features === stored.features && rows === stored.rows;
  });
  return isAsIngested && manifest?.index && manifest.shards.every(({ index }) => index) ? manifest : undefined;
}

/** The shards with their users' points. */
export async function withPoints(
  ports: Ports,
  settings: Settings,
  population: Population,
  shards: readonly Shard[],
  kind: EmbeddingKind = 'svd',
): Promise<Shard[]> {
  if (kind === 'als') return embedShards(shards, settings, kind);
  const manifest = storedIndexOf(population, shards);
  if (!manifest?.index) return embedShards(shards, settings);
  const model = await readModel(ports, manifest.index.model);
  const read = [...shards];
  await inParallel(manifest.shards, STORE_REQUESTS, async ({ index }, s) => {
    if (index) read[s] = await withStoredPoints(ports, index.points, model, shards[s]);
  });
  return read;
}

export async function readModel(ports: Ports, entry: FileEntry): Promise<EmbeddingModel> {
  return ports.indexFormat.decodeModel(await readFile(ports, entry, 'model'), entry.name);
}

/**
 * The ranker as chosen, with what the population's scorer has learned where it works on the points that the scorer was trained
 * on: whoever sees other features than the ingest did gets points of his own, of which nothing was learned.
 */
export async function chooseTrainedRanker(
  ports: Ports,
  manifest: Manifest | undefined,
  request: RankingOptions & { readonly unlike?: IdList | undefined },
): Promise<ChosenRanker> {
  const chosen = chooseRanker(request);
  if (!chosen.usesScorer || request.drop.length > 0 || request.binary) return chosen;
  return chooseRanker({ ...request, scorer: await scorerOf(ports, manifest) });
}

/** What the attention scorer has learned of a generation; undefined where it was not trained. */
export async function scorerOf(ports: Ports, manifest: Manifest | undefined): Promise<AttentionScorer | undefined> {
  const entry = manifest?.index?.scorer;
  return entry && (await readScorer(ports, entry)).scorer;
}

export async function readScorer(ports: Ports, entry: FileEntry): Promise<StoredScorer> {
  return ports.indexFormat.decodeScorer(await readFile(ports, entry, 'trained scorer'), entry.name);
}

/** How the generation was trained, so that the next may be trained alike; as by default where it was not. */
export async function trainingOptionsOf(ports: Ports, manifest: Manifest | undefined): Promise<TrainingOptions> {
  const entry = manifest?.index?.scorer;
  if (!entry) return TrainingOptions.parse({});
  const { card } = await readScorer(ports, entry);
  return z.object(TrainingOptions.shape).parse(ScorerCard.parse(JSON.parse(card)).settings);
}

/** One shard with the points that were stored of its users. */
export async function withStoredPoints(
  ports: Ports,
  entry: FileEntry,
  model: EmbeddingModel,
  shard: Shard,
): Promise<Shard> {
  const bytes = await readFile(ports, entry, 'part of the index');
  const { dimensions, vectors, lengths, learned } = ports.indexFormat.decodePoints(bytes, entry.name);
  if (vectors.length !== dimensions * shard.ids.length || dimensions !== model.dimensions) {
    throw new Invalid(`${entry.name}: expected a point for each user of the shard, got another number`);
  }
  return { ...shard, embedding: { dimensions, vectors, lengths, model, learned } };
}

/** The bands of the shards, and whether they were stored. */
export async function bandsOf(
  ports: Ports,
  settings: Settings,
  population: Population,
  shards: readonly Shard[],
): Promise<{ readonly bands: BandIndex; readonly isStored: boolean }> {
  const manifest = storedIndexOf(population, shards);
  if (!manifest?.index) return { bands: await scratchBands(ports, settings, shards), isStored: false };
  const { hashes, bands, rows } = manifest.index;
  const entries = manifest.shards.flatMap(({ index }) =>
    index ? [{ pages: index.pages, prefixBits: index.prefixBits }] : [],
  );
  return { bands: { hashes, banding: { bands, rows }, buckets: ports.buckets, shards: entries }, isStored: true };
}

/** The stored neighbor graph of each shard, if there is one for all of them and the job may use it. */
export async function storedGraphs(
  ports: Ports,
  population: Population,
  shards: readonly Shard[],
): Promise<readonly NeighborIndex[] | undefined> {
  const entries = storedIndexOf(population, shards)?.shards.flatMap(({ index }) => index?.neighbors ?? []) ?? [];
  if (entries.length < shards.length) return undefined;
  const indexes: NeighborIndex[] = [];
  for (const [s, graph] of entries.entries()) {
    const bytes = await readFile(ports, graph, 'HNSW graph');
    indexes.push(ports.neighbors.open(bytes, embeddingOf(shards[s]).dimensions));
  }
  return indexes;
}
