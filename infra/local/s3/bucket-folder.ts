/**
 * One bucket as files: each object under its key in the bucket's folder, for people to look at, and a record of it in a hidden one.
 *
 *   <folder>/<bucket>/<key>                     the bytes, where the key is a path of its own
 *   <folder>/.s3/escaped/<bucket>/<name>        the bytes of all other keys
 *   <folder>/.s3/records/<bucket>/<hash>.json   what is known of the object
 *   <folder>/.s3/written/<name>                 what is being written
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { systemCodeOf } from '#adapters/system-faults.ts';
import { escapedName, isPath } from './object-path.ts';
import { type ObjectDescription, readStoredObject, type StoredObject } from './stored-object.ts';

/** Why a path cannot be a file's: on the way there is a file, at its end is a folder, or it is too long. */
const NO_PLACE = ['ENOTDIR', 'EEXIST', 'EISDIR', 'ENAMETOOLONG', 'EILSEQ', 'EINVAL'];

export class BucketFolder {
  readonly #folder: string;
  readonly #escaped: string;
  readonly #records: string;
  readonly #writing: string;
  readonly #objects = new Map<string, StoredObject>();
  #sorted: readonly string[] | undefined;

  /** Opens the bucket, or makes it. */
  constructor(root: string, name: string) {
    this.#folder = join(root, name);
    this.#escaped = join(root, '.s3', 'escaped', name);
    this.#records = join(root, '.s3', 'records', name);
    this.#writing = writingFolder(root);
    for (const folder of [this.#folder, this.#escaped, this.#records]) mkdirSync(folder, { recursive: true });
    for (const file of readdirSync(this.#records)) this.#load(join(this.#records, file));
  }

  find(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  /** In the order of S3, which is that of their UTF-8 bytes. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()]
      .map((key) => Buffer.from(key))
      .sort((left, right) => left.compare(right))
      .map((bytes) => bytes.toString());
    return this.#sorted;
  }

  /** The file of an object as it is this moment; it stays readable when the object is replaced. */
  open(object: StoredObject): number {
    const path = this.#pathOf(object);
    const file = openSync(path, 'r');
    const { size } = fstatSync(file);
    if (size === object.size) return file;
    closeSync(file);
    throw new Error(
      `expected the ${object.size} bytes of an object in ${path}, got ${size}: somebody changed the file`,
    );
  }

  /** Makes what was written to a file the object of that key, in one go. */
  commit(written: string, description: ObjectDescription): StoredObject {
    const found = this.#objects.get(description.key);
    const isEscaped = found ? found.isEscaped : !this.#hasPlace(description.key);
    const object = { ...description, isEscaped, written: basename(written) };
    const path = this.#pathOf(object);
    const record = this.#recordOf(object.key);
    mkdirSync(dirname(path), { recursive: true });
    try {
      writeFileSync(`${record}.next`, JSON.stringify(object));
      renameSync(written, path);
    } catch (error) {
      rmSync(`${record}.next`, { force: true });
      throw error;
    }
    renameSync(`${record}.next`, record);
    this.#objects.set(object.key, object);
    if (!found) this.#sorted = undefined;
    return object;
  }

  remove(object: StoredObject): void {
    rmSync(this.#recordOf(object.key), { force: true });
    this.#objects.delete(object.key);
    this.#sorted = undefined;
    const path = this.#pathOf(object);
    rmSync(path, { force: true });
    this.#removeEmptyFolders(dirname(path));
  }

  /** The record comes after the bytes: if the process ends between the two, the next one finishes what it began. */
  #load(path: string): void {
    const object = readStoredObject(readFileSync(path, 'utf8'));
    const isNext = path.endsWith('.next');
    if (isNext && (object === undefined || existsSync(join(this.#writing, object.written)))) {
      rmSync(path);
      return;
    }
    if (object === undefined) throw new Error(`expected the record of an object in ${path}, got something else`);
    if (isNext) renameSync(path, path.slice(0, -'.next'.length));
    this.#objects.set(object.key, object);
  }

  /** Whether a new object can have its key as its path: nothing is there, and there are only folders on the way. */
  #hasPlace(key: string): boolean {
    if (!isPath(key)) return false;
    const path = join(this.#folder, key);
    try {
      mkdirSync(dirname(path), { recursive: true });
      return statSync(path, { throwIfNoEntry: false }) === undefined;
    } catch (error) {
      if (NO_PLACE.some((code) => code === systemCodeOf(error))) return false;
      throw error;
    }
  }

  #pathOf({ key, isEscaped }: Pick<StoredObject, 'key' | 'isEscaped'>): string {
    return isEscaped ? join(this.#escaped, escapedName(key)) : join(this.#folder, key);
  }

  #recordOf(key: string): string {
    return join(this.#records, `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  /** S3 has no folders, so that an empty one would be the trace of something that never was. */
  #removeEmptyFolders(folder: string): void {
    if (!folder.startsWith(this.#folder + sep)) return;
    try {
      rmdirSync(folder);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].some((code) => code === systemCodeOf(error))) return;
      throw error;
    }
    this.#removeEmptyFolders(dirname(folder));
  }
}

/** The buckets that are stored below a folder. */
export function bucketsIn(root: string): string[] {
  const records = join(root, '.s3', 'records');
  return existsSync(records) ? readdirSync(records) : [];
}

/** Where files are written before they come to their place; on the same disk, so that they can be renamed. */
export function writingFolder(root: string): string {
  return join(root, '.s3', 'written');
}
