/** Objects as files below one folder; a name is the path. */
import { createReadStream } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { ObjectEntry, ObjectStore } from '#application/ports.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { createFileAtomically, writeFileAtomically } from './atomic-file.ts';
import { checkObjectName, checkObjectPrefix, outsideOfStore } from './object-name.ts';
import { explainedFault, systemCodeOf } from './system-faults.ts';

export function localFolderObjectStore(folder: string): ObjectStore {
  const root = resolve(folder);
  const pathOf = (name: string) => {
    checkObjectName(name);
    const path = resolve(root, name);
    if (!path.startsWith(root + sep)) throw outsideOfStore(name);
    return path;
  };

  const list = async (prefix: string): Promise<string[]> => {
    checkObjectPrefix(prefix);
    const below = join(root, '/', prefix.slice(0, prefix.lastIndexOf('/') + 1));
    const names = await filesBelow(below);
    return names
      .map((name) =>
        join(below, name)
          .slice(root.length + 1)
          .replaceAll(sep, '/'),
      )
      .filter((name) => name.startsWith(prefix) && !name.endsWith('.partial'))
      .sort(compareTexts);
  };

  return {
    list,

    async read(name) {
      return unlessMissing(pathOf(name), (path) => readFile(path));
    },

    async write(name, bytes) {
      writeFileAtomically(pathOf(name), [bytes]);
    },

    async create(name, bytes) {
      return createFileAtomically(pathOf(name), bytes);
    },

    async stream(name, start = 0, end = Number.POSITIVE_INFINITY) {
      return unlessMissing(pathOf(name), async (path) => {
        await stat(path);
        return chunksOf(path, start, end);
      });
    },

    async entries(prefix) {
      const entries: ObjectEntry[] = [];
      for (const name of await list(prefix)) {
        const entry = await unlessMissing(pathOf(name), (path) => entryOf(name, path));
        if (entry) entries.push(entry);
      }
      return entries;
    },

    async remove(names) {
      for (const path of names.map(pathOf)) await removeFile(path);
    },
  };
}

async function unlessMissing<T>(path: string, use: (path: string) => Promise<T>): Promise<T | undefined> {
  try {
    return await use(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw explainedFault(error, path);
  }
}

/** Opens the file when the first chunk is asked for, so that nothing stays open of a stream that nobody reads. */
async function* chunksOf(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (end <= start) return;
  try {
    yield* createReadStream(path, { start, end: end - 1 });
  } catch (error) {
    throw explainedFault(error, path);
  }
}

/** The file's number is part of the tag: a new file may be of the same size, and of the same tick of the clock. */
async function entryOf(name: string, path: string): Promise<ObjectEntry> {
  const { size, mtimeMs, mtimeNs, ino } = await stat(path, { bigint: true });
  return { name, bytes: Number(size), modified: Number(mtimeMs), tag: `${size}-${mtimeNs}-${ino}` };
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
