/** The outside world of the command line: one folder, and nothing to start. */
import { availableParallelism } from 'node:os';
import { arrowIndexFormat } from '#adapters/formats/arrow-index.ts';
import { arrowSeedFormat } from '#adapters/formats/arrow-seeds.ts';
import { arrowShardFormat } from '#adapters/formats/arrow-shard.ts';
import { inputFormats } from '#adapters/formats/input-formats.ts';
import { hnswlibNeighbors } from '#adapters/hnswlib-neighbors.ts';
import { localFolderBucketStore } from '#adapters/local-folder-bucket-store.ts';
import { localFolderCatalog } from '#adapters/local-folder-catalog.ts';
import { localFolderLedger } from '#adapters/local-folder-ledger.ts';
import { localFolderObjectStore } from '#adapters/local-folder-object-store.ts';
import { memoryBucketStore } from '#adapters/memory-bucket-store.ts';
import { memoryMessages } from '#adapters/memory-messages.ts';
import { v8DataFormat } from '#adapters/v8-data-format.ts';
import type { IndexThreads, LivePorts, ObjectStore, Ports } from '#application/ports.ts';
import { type Settings, settingsFrom } from '#application/settings.ts';
import { indexThreads } from './index-threads.ts';

export function localPorts(folder: string): Ports {
  const objects = localFolderObjectStore(folder);
  return {
    objects,
    catalog: localFolderCatalog(folder),
    shardFormat: arrowShardFormat,
    indexFormat: arrowIndexFormat,
    dataFormat: v8DataFormat,
    buckets: localFolderBucketStore(objects),
    scratchBuckets: memoryBucketStore,
    neighbors: hnswlibNeighbors,
    threads: threadsFor(folder, objects),
  };
}

/** None where there would be one: it would do what this one does, and cost a start. */
function threadsFor(folder: string, objects: ObjectStore): IndexThreads | undefined {
  const { threads } = localSettings();
  const count = threads === 0 ? availableParallelism() : threads;
  return count > 1 ? indexThreads(folder, objects, count) : undefined;
}

/** Nobody waits for messages here: refreshes are by hand. */
export function localLivePorts(folder: string): LivePorts {
  return {
    ...localPorts(folder),
    nearby: (objects) => ({ ...objects, indexFrom: () => undefined }),
    inputs: inputFormats,
    ledger: localFolderLedger(folder),
    seedFormat: arrowSeedFormat,
    messages: memoryMessages(Date.now),
  };
}

export function localSettings(): Settings {
  return settingsFrom(process.env);
}
