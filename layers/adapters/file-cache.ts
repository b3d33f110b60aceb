/**
 * Files kept near, in a folder that one process has for itself: at most so many bytes, and the least recently used go first.
 * What is given back is what was kept, by its hash; a disk that is full or gone keeps nothing, and that is no error.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Of } from '#application/digest.ts';
import { systemCodeOf } from './system-faults.ts';

interface KeptFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export class FileCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #kept = new Map<string, KeptFile>();
  #bytes = 0;
  #made = 0;
  /** Writes go one after the other, so that the bound holds. */
  #last: Promise<void>;

  /** Empties the folder: what a process before left there may be half of a file. */
  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#last = unlessDiskFails(async () => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
    });
  }

  /** Undefined for what is not kept, or is not any more what was kept. */
  async read(name: string): Promise<Uint8Array | undefined> {
    const file = this.#kept.get(name);
    if (!file) return undefined;
    this.#kept.delete(name);
    this.#kept.set(name, file);
    const bytes = await unlessDiskFails(() => readFile(file.path));
    if (bytes && bytes.length === file.bytes && (await sha256Of(bytes)) === file.sha256) return bytes;
    if (this.#kept.get(name) === file) await this.#forget(name, file);
    return undefined;
  }

  /** Fulfilled when it is kept, or is not going to be. */
  keep(name: string, bytes: Uint8Array): Promise<void> {
    this.#last = this.#last.then(() => unlessDiskFails(() => this.#write(name, bytes)));
    return this.#last;
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.#maxBytes || this.#kept.has(name)) return;
    for (const [oldest, file] of this.#kept) {
      if (this.#bytes + bytes.length <= this.#maxBytes) break;
      await this.#forget(oldest, file);
    }
    const path = join(this.#folder, String(++this.#made));
    const sha256 = await sha256Of(bytes);
    try {
      await writeFile(`${path}.partial`, bytes);
      await rename(`${path}.partial`, path);
    } catch (error) {
      await rm(`${path}.partial`, { force: true });
      throw error;
    }
    this.#kept.set(name, { path, bytes: bytes.length, sha256 });
    this.#bytes += bytes.length;
  }

  async #forget(name: string, { path, bytes }: KeptFile): Promise<void> {
    this.#kept.delete(name);
    this.#bytes -= bytes;
    await rm(path, { force: true });
  }
}

/** The one cache of this process, made when it is first asked for, in the folder for temporary files. */
export function temporaryFileCache(name: string, maxBytes: number): () => FileCache {
  let cache: FileCache | undefined;
  return () => {
    cache ??= new FileCache(join(tmpdir(), name), maxBytes);
    return cache;
  };
}

async function unlessDiskFails<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    return undefined;
  }
}
