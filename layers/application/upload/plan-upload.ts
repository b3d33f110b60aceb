/** The first step of an upload: what is there to read, and how the work is cut. Run again, it comes to the same. */
import * as z from 'zod';
import { Invalid } from '../errors.ts';
import { TRAIN_MODES, wantsTraining } from '../ingest-users.ts';
import type { Manifest } from '../manifest.ts';
import { trainingOptionsOf } from '../population-index.ts';
import type { ObjectEntry, StepPorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { readIfAny, readJson, readOptions, writeJson } from '../stored-json.ts';
import { TrainingOptions } from '../training.ts';
import { batchFolder, holdsUsers, OPTIONS_FILE } from './batch.ts';
import {
  listName,
  piecesName,
  planName,
  type Split,
  type UploadedFile,
  type UploadJob,
  UploadPlan,
} from './upload-job.ts';
import { tellStatus } from './upload-status.ts';

/** A function has fifteen, and the last epoch must end. */
const MOST_STACK_MINUTES = 12;

/** What may be said of a batch. */
export const UploadOptions = z.strictObject({
  mode: z.enum(['upsert', 'replace']).default('upsert'),
  index: z.enum(['auto', 'always', 'never']).default('auto'),
  /** Whether the attention scorer is trained: `auto` where the generation before has one. */
  train: z.enum(TRAIN_MODES).default('auto'),
  /** How it is trained: else as the generation before was. */
  training: TrainingOptions.extend({
    minutes: z.number().positive().max(MOST_STACK_MINUTES).default(MOST_STACK_MINUTES),
  }).optional(),
});

/** Where the next states find their lists. */
export interface PlannedUpload extends UploadJob {
  readonly long: string;
  readonly splits: string;
  readonly parts: string;
  /** Whether there are gzipped files that have to be cut into pieces before the plan can be made. */
  readonly hasLongFiles: boolean;
}

/** A map over more functions than this would not list its items in memory. */
const MAX_ITEMS = 10_000;

/** Plain bytes of text a gzipped byte, about; a wrong guess costs balance, not correctness. */
const GZIP_RATIO = 6;
const MAX_PARTS = 1_024;
const HEAD_BYTES = 1 << 16;

export async function planUpload(ports: StepPorts, settings: Settings, job: UploadJob): Promise<PlannedUpload> {
  const folder = batchFolder(job);
  const {
    mode,
    index: graph,
    train,
    training,
  } = await readOptions(ports.objects, `${folder}${OPTIONS_FILE}`, UploadOptions);
  const manifest = await ports.catalog.manifest(job.population);
  const files = await filesOf(ports, settings, job, train === 'always' && manifest !== undefined);
  const shards = manifest?.shards.length ?? 0;
  const pieces = await piecesOf(ports, job, files);
  const splits = [
    ...splitsOf(files, pieces, settings),
    ...Array.from({ length: shards }, (_, shard): Split => ({ kind: 'shard', shard })),
  ];
  if (splits.length > MAX_ITEMS) {
    throw new Invalid(`${folder}: expected at most ${MAX_ITEMS - shards} files, got ${files.length}; join small ones`);
  }
  const parts = partsFor(files, manifest?.users ?? 0, settings);
  const plan: UploadPlan = {
    mode,
    graph,
    isTrained: wantsTraining(train, manifest),
    trainingIsOptional: train === 'auto',
    training: await trainingFor(ports, training, manifest),
    base: manifest?.generation ?? 0,
    files: [...files],
    splits,
    parts,
  };
  await writeJson(ports.objects, planName(job), plan);
  const long = files.flatMap(({ kind }, file) => (kind === 'long gzip' && !pieces.has(file) ? [{ ...job, file }] : []));
  await writeJson(ports.objects, listName(job, 'long'), long);
  await writeJson(
    ports.objects,
    listName(job, 'splits'),
    splits.map((_, split) => ({ ...job, split })),
  );
  await writeJson(
    ports.objects,
    listName(job, 'parts'),
    Array.from({ length: parts }, (_, part) => ({ ...job, part })),
  );
  await tellStatus(ports.objects, job, 'reading', { files: files.length, splits: splits.length });
  return {
    ...job,
    long: listName(job, 'long'),
    splits: listName(job, 'splits'),
    parts: listName(job, 'parts'),
    hasLongFiles: long.length > 0,
  };
}

async function trainingFor(
  ports: StepPorts,
  given: TrainingOptions | undefined,
  manifest: Manifest | undefined,
): Promise<TrainingOptions> {
  const { minutes, ...options } = given ?? (await trainingOptionsOf(ports, manifest));
  return { ...options, minutes: Math.min(minutes, MOST_STACK_MINUTES) };
}

/**
 * The files as they were when the upload was planned first: what comes later is another upload's. None where a population is
 * to be trained as it stands.
 */
async function filesOf(
  ports: StepPorts,
  settings: Settings,
  job: UploadJob,
  mayBeNone: boolean,
): Promise<readonly UploadedFile[]> {
  const { objects } = ports;
  if (await readIfAny(objects, planName(job))) return (await readJson(objects, planName(job), UploadPlan)).files;
  const folder = batchFolder(job);
  const entries = (await objects.entries(folder)).filter(({ name }) => holdsUsers(name));
  if (entries.length === 0 && !mayBeNone)
    throw new Invalid(`${folder}: expected files of users, or a population that is to be trained, got neither`);
  const files: UploadedFile[] = [];
  for (const entry of entries) files.push(await fileFrom(ports, settings, entry));
  return files;
}

async function fileFrom({ objects, inputs }: StepPorts, settings: Settings, { name, bytes }: ObjectEntry) {
  if (bytes === 0) throw new Invalid(`${name}: expected at least one user, got none`);
  const head: Uint8Array[] = [];
  for await (const chunk of (await objects.stream(name, 0, Math.min(bytes, HEAD_BYTES))) ?? []) head.push(chunk);
  const kind = inputs.kindOf(name, joined(head));
  return { name, bytes, kind: kind === 'gzip' && bytes > settings.maxGzipBytes ? 'long gzip' : kind } as const;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** The pieces into which long files were cut, by the file's number. */
async function piecesOf({ objects }: StepPorts, job: UploadJob, files: readonly UploadedFile[]) {
  const pieces = new Map<number, readonly string[]>();
  for (const [file, { kind }] of files.entries()) {
    const name = piecesName(job, file);
    if (kind === 'long gzip' && (await objects.list(name)).includes(name)) {
      pieces.set(file, await readJson(objects, name, z.array(z.string())));
    }
  }
  return pieces;
}

function splitsOf(
  files: readonly UploadedFile[],
  pieces: ReadonlyMap<number, readonly string[]>,
  { splitBytes }: Settings,
): Split[] {
  const plain = files.reduce((sum, { bytes, kind }) => sum + (kind === 'ndjson' ? bytes : 0), 0);
  const step = Math.max(splitBytes, Math.ceil((2 * plain) / MAX_ITEMS));
  return files.flatMap(({ name, bytes, kind }, file): Split[] => {
    if (kind === 'ndjson') {
      return Array.from({ length: Math.ceil(bytes / step) }, (_, n) => ({
        kind: 'range',
        file: name,
        start: n * step,
        end: Math.min(bytes, (n + 1) * step),
      }));
    }
    if (kind === 'long gzip') return (pieces.get(file) ?? []).map((piece) => ({ kind: 'file', file: piece, of: name }));
    return [{ kind: 'file', file: name, of: name }];
  });
}

/** A power of two: so many parts that one function can hold the users of one, old and new. */
function partsFor(files: readonly UploadedFile[], oldUsers: number, { splitBytes, maxShardUsers }: Settings): number {
  const plainBytes = files.reduce((sum, { bytes, kind }) => sum + bytes * (kind.endsWith('gzip') ? GZIP_RATIO : 1), 0);
  let parts = 1;
  while (parts < MAX_PARTS && (plainBytes > parts * splitBytes || oldUsers > parts * maxShardUsers)) parts *= 2;
  return parts;
}
