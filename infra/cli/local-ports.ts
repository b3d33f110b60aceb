/** The outside world of the command line: one folder, and nothing to start. */
import { arrowIndexFormat } from '#adapters/formats/arrow-index.ts';
import { arrowShardFormat } from '#adapters/formats/arrow-shard.ts';
import { hnswlibNeighbors } from '#adapters/hnswlib-neighbors.ts';
import { localFolderBucketStore } from '#adapters/local-folder-bucket-store.ts';
import { localFolderCatalog } from '#adapters/local-folder-catalog.ts';
import { localFolderObjectStore } from '#adapters/local-folder-object-store.ts';
import { memoryBucketStore } from '#adapters/memory-bucket-store.ts';
import { v8DataFormat } from '#adapters/v8-data-format.ts';
import type { Ports } from '#application/ports.ts';
import { type Settings, settingsFrom } from '#application/settings.ts';

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
  };
}

export function localSettings(): Settings {
  return settingsFrom(process.env);
}
