/** What the use cases need from the world, in their own words. Each port has one contract suite in test/contracts. */
import type { DatedIds } from '#domain/features/dated-ids.ts';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import type { Shard, UserRows } from '#domain/features/shard.ts';
import type { AttentionScorer } from '#domain/ranking/by-attention.ts';
import type { BandPage } from '#domain/retrieval/band-page.ts';
import type { Neighbors } from '#domain/retrieval/exact-search.ts';
import type { IdList } from './id-list.ts';
import type { FileEntry, Manifest, ManifestIndex, ShardIndex } from './manifest.ts';

/** Bytes under names such as `index/people/00000001-0.arrow`. */
export interface ObjectStore {
  read(name: string): Promise<Uint8Array | undefined>;
  /** Whole or not at all; replaces what stood under the name. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * The same where nothing stands under the name, whoever else asks for it at this moment: whether it was written by this call.
   * A store may say no to a call whose answer was lost on the way, and that it had done.
   */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  /** The bytes that begin at `start`, up to but not including `end`, as they come; undefined if there is nothing under the name. */
  stream(name: string, start?: number, end?: number): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** The names that start with `prefix`, in the order of texts. */
  list(prefix: string): Promise<string[]>;
  /** The same with what is known of each without reading it. */
  entries(prefix: string): Promise<ObjectEntry[]>;
  /** Names that are not there are no error. */
  remove(names: readonly string[]): Promise<void>;
}

export interface ObjectEntry {
  readonly name: string;
  readonly bytes: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modified: number;
  /** Another one as soon as other bytes are written. */
  readonly tag: string;
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
  /** Where the users lie by what the scorer has learned, (U×D), where it works on points of its own. */
  readonly learned?: Float32Array | undefined;
}

/** How the parts of an index are written; each decoder throws Invalid, naming `where`, for bytes that are not one. */
export interface IndexFormat {
  encodePoints(ids: readonly string[], points: Points): Uint8Array;
  decodePoints(bytes: Uint8Array, where: string): Points;
  /** The ids that were encoded with the points, for whoever does not read the rows. */
  decodePointIds(bytes: Uint8Array, where: string): string[];
  encodeModel(model: EmbeddingModel): Uint8Array;
  decodeModel(bytes: Uint8Array, where: string): EmbeddingModel;
  encodeScorer(scorer: StoredScorer): Uint8Array;
  decodeScorer(bytes: Uint8Array, where: string): StoredScorer;
}

/** What a training of the attention scorer came to, with what is told of it: a text of JSON. */
export interface StoredScorer {
  /** Empty where the untrained scorer was kept. */
  readonly scorer: AttentionScorer;
  readonly card: string;
}

/** How the seeds of a live audience are written; the decoder throws Invalid, naming `where`, for bytes that are not such. */
export interface SeedFormat {
  encode(seeds: DatedIds): Uint8Array;
  decode(bytes: Uint8Array, where: string): DatedIds;
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

/** Finds the points nearest to directions. */
export interface NeighborIndex {
  /** Of each direction at most `k` rows, the nearest first; the zero vector is nobody's neighbor. */
  nearest(queries: readonly ArrayLike<number>[], k: number): Neighbors[];
}

/** Searches for neighbors: by looking at all points, or by a graph that was built before. */
export interface NeighborSearch {
  exact(vectors: Float32Array, dimensions: number): NeighborIndex;
  /** The bytes of a graph over the points. */
  build(vectors: Float32Array, dimensions: number, seed: number): Uint8Array;
  open(graph: Uint8Array, dimensions: number): NeighborIndex;
}

/** A shard that lies in the store, and what is to be written of it. */
export interface IndexTask {
  /** What the names of its files begin with. */
  readonly base: string;
  readonly rows: FileEntry & { readonly users: number };
  readonly index: ManifestIndex;
  readonly withGraph: boolean;
}

/** Threads of this machine that index shards, each what a function of the stack does. */
export interface IndexThreads {
  readonly count: number;
  index(task: IndexTask): Promise<ShardIndex>;
  /** Whatever they do: afterwards nothing is written. They begin again when they are asked. */
  end(): Promise<void>;
}

export interface Ports {
  readonly objects: ObjectStore;
  readonly catalog: Catalog;
  readonly shardFormat: ShardFormat;
  readonly indexFormat: IndexFormat;
  readonly dataFormat: DataFormat;
  readonly buckets: BucketStore;
  /** A bucket store of this moment, for an index that is not to be kept. */
  scratchBuckets(): BucketStore;
  readonly neighbors: NeighborSearch;
  /** Absent where there is one thread. */
  readonly threads?: IndexThreads | undefined;
}

/** A small text that several writers change, with the number of the change that made it. */
export interface LedgerRecord {
  readonly content: string;
  readonly version: number;
}

/** Records of work that must not be done twice: each change is made only if nobody was faster. */
export interface Ledger {
  read(name: string): Promise<LedgerRecord | undefined>;
  /**
   * Makes this the record's content if `version` is still its version (0: there is no record); else a Conflict, and nothing
   * has changed. From `forgottenAt` on (milliseconds since 1970) the record may be forgotten; 0 keeps it for good.
   */
  write(name: string, content: string, version: number, forgottenAt?: number): Promise<void>;
}

/** Gives the bytes of a file from their beginning. */
export type Source = () => Promise<AsyncIterable<Uint8Array>>;

/** Files that people hand in: what they are is told by their content, never by their name, which is for messages alone. */
export interface InputFormats {
  /** Told by a file's first bytes; Invalid for what cannot be read. */
  kindOf(name: string, head: Uint8Array): 'ndjson' | 'csv' | 'gzip';
  /** The users of a file, or of one that begins so; or of whole lines from midway of NDJSON, if that is said. */
  users(name: string, source: Source, lines?: 'later ndjson lines'): AsyncIterable<UserRows>;
  ids(name: string, source: Source): Promise<IdList>;
  /** A gzipped file of users as several plain ones of about so many bytes, cut between users. */
  pieces(name: string, source: Source, bytes: number): AsyncIterable<Uint8Array>;
}

/** Plain data (numbers, texts, lists, maps, typed arrays) as bytes, for what a job leaves to the next, and what can be made anew. */
export interface DataFormat {
  encode(value: unknown): Uint8Array;
  /** What was encoded, of the type that it had. */
  decode<Value>(bytes: Uint8Array): Value;
}

/** Messages that this system leaves for itself. */
export interface Messages {
  /** It comes after so many seconds, 900 at most, or later; at least once. */
  send(message: object, delaySeconds: number): Promise<void>;
}

/** Work of several steps, each in a function of its own. */
export interface Workflows {
  /** A second start under the same name is no second work: it says whether the first runs, or has ended. */
  start(workflow: 'upload' | 'expansion', name: string, input: object): Promise<'running' | 'ended'>;
}

/** Addresses by which whoever has no account reads or writes one object, for a while. */
export interface Links {
  /** How long they are good for. */
  readonly readSeconds: number;
  readonly writeSeconds: number;
  toRead(name: string): Promise<string>;
  /** One PUT of the whole object. */
  toWrite(name: string): Promise<string>;
}

/** Objects that whoever has no account sends in parts, each to an address of its own; there whole when they end, or never. */
export interface Transfers {
  /** How long an address is good for. */
  readonly writeSeconds: number;
  /** Begins one, and names it. */
  begin(name: string): Promise<string>;
  /** One PUT of the part, which are counted from 1; it is answered with a tag. */
  toPart(name: string, transfer: string, part: number): Promise<string>;
  /**
   * Makes the parts of these tags, in their order, the object; also where that was done before. Throws Invalid for other tags,
   * NotFound for a transfer that there is not.
   */
  end(name: string, transfer: string, tags: readonly string[]): Promise<void>;
}

/** Tells whoever listens what has become of an upload or an expansion. */
export interface Announcements {
  announce(what: string, detail: object): Promise<void>;
}

/** Where the files of an index were read: all in the function's layer, or the others in a cache of the machine, or at least one in the store. */
export type IndexSource = 'layer' | 'cache' | 'storage';

/** An object store that may have read some files before. */
export interface NearbyObjects extends ObjectStore {
  /** Undefined before any file of an index was read. */
  indexFrom(): IndexSource | undefined;
}

/** Layers that hold the files of an index, and the functions of pinned populations, each of which may carry one. */
export interface IndexLayers {
  /** The populations that have a function of their own. */
  readonly populations: readonly string[];
  /** The bytes of files that a layer has room for. */
  readonly roomBytes: number;
  /** Another one as soon as another function takes the calls. */
  revision(population: string): Promise<string>;
  /** The layer that was published with this mark, if it is there still. */
  find(population: string, mark: string): Promise<string | undefined>;
  /** Makes a layer of the files, each read when its turn comes. */
  publish(
    population: string,
    mark: string,
    files: readonly FileEntry[],
    read: (file: FileEntry) => Promise<Uint8Array>,
  ): Promise<string>;
  /**
   * Lets a function of the code of now take the calls that carries this layer, or none. A Conflict where somebody was faster
   * since `revision`; then the calls go where they went.
   */
  release(population: string, layer: string | undefined, revision: string): Promise<void>;
  /** Removes what was made here and takes no calls any more, but for what took them before; that as well where no layer is carried now. */
  prune(population: string): Promise<void>;
}

/** What use cases need that run as steps. */
export interface StepPorts extends Ports {
  /** The store, for one job: files of an index come from nearby where they are there. */
  nearby(objects: ObjectStore): NearbyObjects;
  readonly inputs: InputFormats;
  readonly ledger: Ledger;
  readonly workflows: Workflows;
  readonly announcements: Announcements;
}

/** What live audiences need. */
export interface LivePorts extends Ports, Pick<StepPorts, 'nearby' | 'inputs' | 'dataFormat' | 'ledger'> {
  readonly seedFormat: SeedFormat;
  readonly messages: Messages;
}

/** Told how far a stage has come. A new stage begins when its name is first told; calls are cheap and frequent. */
export type Watch = (stage: string, done: number, total: number) => void;
