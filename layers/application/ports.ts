/** What the use cases need from the world, in their own words. Each port has one contract suite in test/contracts. */
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import type { Shard } from '#domain/features/shard.ts';
import type { BandPage } from '#domain/retrieval/band-page.ts';
import type { Neighbors } from '#domain/retrieval/exact-search.ts';
import type { Manifest } from './manifest.ts';

/** Bytes under names such as `index/people/00000001-0.arrow`. */
export interface ObjectStore {
  read(name: string): Promise<Uint8Array | undefined>;
  /** Whole or not at all; replaces what stood under the name. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** The names that start with `prefix`, in the order of texts. */
  list(prefix: string): Promise<string[]>;
  /** Names that are not there are no error. */
  remove(names: readonly string[]): Promise<void>;
}

/** Which populations there are, and the newest manifest of each. */
export interface Catalog {
  populations(): Promise<string[]>;
  manifest(population: string): Promise<Manifest | undefined>;
  /** Makes this the current generation if the one before it still is; else a Conflict, and nothing has changed. */
  publish(manifest: Manifest): Promise<void>;
  remove(population: string): Promise<void>;
}

/** How a shard is written: an open format, so that other tools read it as well. */
export interface ShardFormat {
  encode(shard: Shard): Uint8Array;
  /** Throws Invalid, naming `where`, for bytes that are not a shard. */
  decode(bytes: Uint8Array, where: string): Shard;
}

/** Where users lie and how they are signed: the part of a shard that only retrieval and rankers on points read. */
export interface Points {
  readonly dimensions: number;
  /** (U×D) unit or zero. */
  readonly vectors: Float32Array;
  /** (U): how long each vector was before it was made one of unit length. */
  readonly lengths: Float32Array;
  /** (U×H). */
  readonly signatures: Uint16Array;
}

/** How the parts of an index are written; each decoder throws Invalid, naming `where`, for bytes that are not one. */
export interface IndexFormat {
  encodePoints(ids: readonly string[], points: Points): Uint8Array;
  decodePoints(bytes: Uint8Array, where: string): Points;
  encodeModel(model: EmbeddingModel): Uint8Array;
  decodeModel(bytes: Uint8Array, where: string): EmbeddingModel;
}

/** The band pages of shards, by shard, band and prefix. */
export interface BucketStore {
  /** All pages of a shard at once; whole or not at all. */
  write(shard: string, pages: readonly BandPage[]): Promise<void>;
  /** Every part of the wanted pages; a page that nobody is in is no error. Throws Invalid where a shard or part is missing. */
  read(shard: string, keys: readonly PageKey[]): Promise<BandPage[]>;
  remove(shards: readonly string[]): Promise<void>;
}

export interface PageKey {
  readonly band: number;
  readonly prefix: number;
}

/** Finds the points nearest to a direction. */
export interface NeighborIndex {
  /** At most `k` rows, the nearest first; the zero vector is nobody's neighbor. */
  nearest(query: ArrayLike<number>, k: number): Neighbors;
}

/** Searches for neighbors: by looking at all points, or by a graph that was built before. */
export interface NeighborSearch {
  exact(vectors: Float32Array, dimensions: number): NeighborIndex;
  /** The bytes of a graph over the points. */
  build(vectors: Float32Array, dimensions: number, seed: number): Uint8Array;
  open(graph: Uint8Array, dimensions: number): NeighborIndex;
}

export interface Ports {
  readonly objects: ObjectStore;
  readonly catalog: Catalog;
  readonly shardFormat: ShardFormat;
  readonly indexFormat: IndexFormat;
  readonly buckets: BucketStore;
  /** A bucket store of this moment, for an index that is not to be kept. */
  scratchBuckets(): BucketStore;
  readonly neighbors: NeighborSearch;
}

/** Told how far a stage has come. A new stage begins when its name is first told; calls are cheap and frequent. */
export type Watch = (stage: string, done: number, total: number) => void;
