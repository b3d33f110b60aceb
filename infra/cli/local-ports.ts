/** The outside world of the command line: one folder, and nothing to start. */
import { arrowShardFormat } from '#adapters/formats/arrow-shard.ts';
import { localFolderCatalog } from '#adapters/local-folder-catalog.ts';
import { localFolderObjectStore } from '#adapters/local-folder-object-store.ts';
import type { Ports } from '#application/ports.ts';
import { type Settings, settingsFrom } from '#application/settings.ts';

export function localPorts(folder: string): Ports {
  return {
    objects: localFolderObjectStore(folder),
    catalog: localFolderCatalog(folder),
    shardFormat: arrowShardFormat,
  };
}

export function localSettings(): Settings {
  return settingsFrom(process.env);
}
