/** Uploads that partners ask for by a call: they get addresses to write to, and say when a batch is complete. */
import * as z from 'zod';
import { NotFound } from '../errors.ts';
import { ListName } from '../expansion/campaign.ts';
import { checkPopulationName, manifestOf } from '../population.ts';
import type { Links, ObjectStore, Ports, Transfers } from '../ports.ts';
import { jsonBytes, readIfAny, readOptions, writeJson } from '../stored-json.ts';
import {
  type Batch,
  BatchName,
  batchFolder,
  checkedBatchFolder,
  FileName,
  holdsUsers,
  OPTIONS_FILE,
  STATUS_FILE,
  SUCCESS_FILE,
} from './batch.ts';
import { UploadOptions } from './plan-upload.ts';
import { beginTransfer, MOST_FILE_BYTES, PART_BYTES, type Transfer } from './requested-transfer.ts';

const MOST_FILES = 1_000;

/** A file by its name; with its size, it may come in parts. */
const FileRequest = z.union([FileName, z.strictObject({ name: FileName, bytes: z.int().min(1).max(MOST_FILE_BYTES) })]);

/** Files of users for a batch, or one list of ids for expansions. */
export const UploadBody = z.union(
  [
    z.strictObject({ batch: BatchName, files: z.array(FileRequest).min(1).max(MOST_FILES) }),
    z.strictObject({ list: ListName }),
  ],
  {
    error:
      'expected {"batch": "…", "files": ["…"]} with 1 to 1000 names, or {"name": "…", "bytes": …}, or {"list": "…"}: letters, digits, dots, dashes and underscores',
  },
);
export type UploadBody = z.infer<typeof UploadBody>;

export const CloseBody = UploadOptions;
export type CloseBody = z.infer<typeof CloseBody>;

export interface OpenUpload {
  readonly expires: number;
  /** What to PUT where, or what to send in parts. */
  readonly files: readonly OpenFile[];
}

interface OpenFile {
  readonly name: string;
  readonly url?: string;
  readonly transfer?: Transfer;
}

export async function openUpload(
  { links, transfers }: { readonly links: Links; readonly transfers: Transfers },
  population: string,
  body: UploadBody,
): Promise<OpenUpload> {
  checkPopulationName(population);
  const folder = 'list' in body ? `seeds/${population}/lists/` : batchFolder({ population, batch: body.batch });
  const wanted = 'list' in body ? [body.list] : body.files;
  const sizes = new Map(wanted.map((file) => (typeof file === 'string' ? [file, 0] : [file.name, file.bytes])));
  const files = await Promise.all(
    [...sizes].map(async ([name, bytes]) =>
      bytes > PART_BYTES
        ? { name, transfer: await beginTransfer(transfers, `${folder}${name}`, bytes) }
        : { name, url: await links.toWrite(`${folder}${name}`) },
    ),
  );
  return { expires: links.writeSeconds, files };
}

/** The batch is complete: it is read as soon as those before it are. */
export async function closeUpload(ports: Ports, batch: Batch, options: CloseBody): Promise<void> {
  const { objects } = ports;
  const folder = checkedBatchFolder(batch);
  const entries = await objects.entries(folder);
  const files = entries.filter(({ name }) => holdsUsers(name));
  if (files.length === 0) {
    if (options.train !== 'always')
      throw new NotFound(`expected files of users in the batch ${JSON.stringify(batch.batch)}, got none`);
    await manifestOf(ports, batch.population); // it is to be trained as it stands
  }
  const success = entries.find(({ name }) => name === `${folder}${SUCCESS_FILE}`);
  const isSame = success && files.every(({ modified }) => modified <= success.modified);
  // Said again, it must not be another upload of the same batch.
  if (isSame && JSON.stringify(await optionsOf(objects, folder)) === JSON.stringify(options)) return;
  await saveOptions(objects, folder, options);
  await writeJson(objects, `${folder}${STATUS_FILE}`, { ...batch, state: 'closed' });
  // What is written again is another upload: of several calls at the same moment only one writes.
  if (success) await objects.write(success.name, new Uint8Array());
  else await objects.create(`${folder}${SUCCESS_FILE}`, new Uint8Array());
}

/** Leaves options alone that are these already: written again, they would make the batch another one. */
async function saveOptions(objects: ObjectStore, folder: string, options: CloseBody): Promise<void> {
  const name = `${folder}${OPTIONS_FILE}`;
  const bytes = jsonBytes(options);
  if (await objects.create(name, bytes)) return;
  const found = await objects.read(name);
  if (found && isEqual(found, bytes)) return;
  await objects.write(name, bytes);
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

function optionsOf(objects: ObjectStore, folder: string): Promise<CloseBody> {
  return readOptions(objects, `${folder}${OPTIONS_FILE}`, UploadOptions);
}

/** What akin last said of the batch. */
export async function uploadStatus({ objects }: Ports, batch: Batch): Promise<unknown> {
  const folder = checkedBatchFolder(batch);
  const bytes = await readIfAny(objects, `${folder}${STATUS_FILE}`);
  if (bytes) return JSON.parse(new TextDecoder().decode(bytes));
  if ((await objects.list(folder)).length > 0) return { ...batch, state: 'open' };
  throw new NotFound(`expected a batch with files in it, got ${JSON.stringify(batch.batch)}`);
}
