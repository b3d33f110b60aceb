/** Objects as files below one folder; a name is the path. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { ObjectStore } from '#application/ports.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { explainedFault, systemCodeOf } from './system-faults.ts';

export function localFolderObjectStore(folder: string): ObjectStore {
  const root = resolve(folder);
  const within = (name: string, path: string) => {
    if (path.startsWith(root + sep)) return path;
    throw new RangeError(`expected an object name that stays within its store, got ${JSON.stringify(name)}`);
  };
  const pathOf = (name: string) => within(name, resolve(root, name));

  return {
    async read(name) {
      try {
        return await readFile(pathOf(name));
      } catch (error) {
        if (systemCodeOf(error) === 'ENOENT') return undefined;
        throw explainedFault(error, pathOf(name));
      }
    },

    async write(name, bytes) {
      writeFileAtomically(pathOf(name), [bytes]);
    },

    async list(prefix) {
      const below = within(prefix, join(root, '/', prefix.slice(0, prefix.lastIndexOf('/') + 1)));
      const names = await filesBelow(below);
      return names
        .map((name) =>
          join(below, name)
            .slice(root.length + 1)
            .replaceAll(sep, '/'),
        )
        .filter((name) => name.startsWith(prefix) && !name.endsWith('.partial'))
        .sort(compareTexts);
    },

    async remove(names) {
      for (const name of names) await removeFile(pathOf(name));
    },
  };
}

async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw explainedFault(error, path);
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw explainedFault(error, folder);
  }
}
