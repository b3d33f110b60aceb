/** Files that are there whole or not at all: written beside the target, then renamed. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { explainedFault, systemCodeOf } from './system-faults.ts';

const unfinished = new Set<string>();

/** Removes what is being written this moment: for the last act of an interrupted process. */
export function removeUnfinishedFiles(): void {
  for (const path of unfinished) rmSync(path, { force: true });
}

/** Large enough that a system call a block does not matter. */
const BLOCK_CHARACTERS = 1 << 16;

export class AtomicFile {
  readonly #path: string;
  readonly #written: string;
  readonly #file: number;
  #pending = '';
  #isOpen = true;

  /** Makes folders as needed. A device or a pipe is written to as it is: it cannot be replaced. A link stays a link. */
  constructor(path: string) {
    this.#path = path;
    try {
      mkdirSync(dirname(path), { recursive: true });
      const found = statSync(path, { throwIfNoEntry: false });
      const isOrdinary = found?.isFile() ?? true;
      if (found && isOrdinary) this.#path = realpathSync(path);
      this.#written = isOrdinary ? `${this.#path}.${crypto.randomUUID().slice(0, 8)}.partial` : path;
      this.#file = openSync(this.#written, 'w');
      if (isOrdinary) unfinished.add(this.#written);
    } catch (error) {
      throw explainedFault(error, path);
    }
  }

  write(chunk: Uint8Array | string): void {
    try {
      if (typeof chunk === 'string') this.#pending += chunk;
      if (typeof chunk === 'string' && this.#pending.length < BLOCK_CHARACTERS) return;
      this.#flush();
      if (typeof chunk !== 'string') writeWhole(this.#file, chunk);
    } catch (error) {
      throw explainedFault(error, this.#path);
    }
  }

  /** From now on the file is there. */
  commit(): void {
    try {
      this.#flush();
      if (this.#written !== this.#path) {
        fsyncSync(this.#file);
        renameSync(this.#written, this.#path);
      }
    } catch (error) {
      throw explainedFault(error, this.#path);
    } finally {
      this.close();
    }
  }

  /** Without a commit before: the file was never there. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
    if (this.#written === this.#path) return;
    rmSync(this.#written, { force: true });
    unfinished.delete(this.#written);
  }

  #flush(): void {
    writeWhole(this.#file, Buffer.from(this.#pending));
    this.#pending = '';
  }
}

/** All chunks as one file, whole or not at all. */
export function writeFileAtomically(path: string, chunks: Iterable<Uint8Array | string>): void {
  const file = new AtomicFile(path);
  try {
    for (const chunk of chunks) file.write(chunk);
  } catch (error) {
    file.close();
    throw error;
  }
  file.commit();
}

/** A file that is there whole, or none where one stands already: whether it was made by this call. */
export function createFileAtomically(path: string, bytes: Uint8Array): boolean {
  const written = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
  writeFileAtomically(written, [bytes]);
  try {
    linkSync(written, path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw explainedFault(error, path);
  } finally {
    rmSync(written, { force: true });
  }
}

/** The system may take fewer bytes than it is given, on a disk that fills up for one. */
function writeWhole(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
