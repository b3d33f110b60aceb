/** What the use cases need from the world, in their own words. Each port has one contract suite in test/contracts. */
import type { Shard } from '#domain/features/shard.ts';
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

export interface Ports {
  readonly objects: ObjectStore;
  readonly catalog: Catalog;
  readonly shardFormat: ShardFormat;
}

/** Told how far a stage has come. A new stage begins when its name is first told; calls are cheap and frequent. */
export type Watch = (stage: string, done: number, total: number) => void;
