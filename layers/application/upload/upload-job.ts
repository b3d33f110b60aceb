/** An upload on its way: what its steps are told, and the names of what they leave to each other. */
import * as z from 'zod';
import { TrainingOptions } from '../training.ts';

/** Names, never data: what the states of an upload pass on. */
export const UploadJob = z.object({
  population: z.string(),
  batch: z.string(),
  job: z.string().regex(/^[0-9a-f]{16}$/),
});
export type UploadJob = z.infer<typeof UploadJob>;

/** How a file is read: by ranges of bytes, as a whole, or cut into pieces before. */
const UploadedFile = z.object({
  name: z.string(),
  bytes: z.int().positive(),
  kind: z.enum(['ndjson', 'csv', 'gzip', 'long gzip']),
});
export type UploadedFile = z.infer<typeof UploadedFile>;

/** What one function reads: part of a file, a piece of one, or a shard of the generation before. */
const Split = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('range'), file: z.string(), start: z.int().nonnegative(), end: z.int().positive() }),
  z.object({ kind: z.literal('file'), file: z.string(), of: z.string() }),
  z.object({ kind: z.literal('shard'), shard: z.int().nonnegative() }),
]);
export type Split = z.infer<typeof Split>;

export const UploadPlan = z.object({
  mode: z.enum(['upsert', 'replace']),
  graph: z.enum(['auto', 'always', 'never']),
  isTrained: z.boolean(),
  trainingIsOptional: z.boolean(),
  training: TrainingOptions,
  /** The generation that the upload goes out from; 0 where there is none. */
  base: z.int().nonnegative(),
  files: z.array(UploadedFile),
  splits: z.array(Split),
  /** Into how many parts rows are sorted on their way, by the hash of the id. */
  parts: z.int().positive(),
});
export type UploadPlan = z.infer<typeof UploadPlan>;

/** Below here lies all that a job leaves from step to step; the bucket's lifecycle takes it away. */
export function jobFolder({ population, job }: Pick<UploadJob, 'population' | 'job'>): string {
  return `parts/${population}/${job}/`;
}

export function planName(job: UploadJob): string {
  return `${jobFolder(job)}plan.json`;
}

/** A list for a map over functions: an array of what each is told. */
export function listName(job: UploadJob, list: 'long' | 'splits' | 'parts' | 'shards'): string {
  return `${jobFolder(job)}${list}.json`;
}

export function piecesName(job: UploadJob, file: number): string {
  return `${jobFolder(job)}pieces/${numbered(file)}.json`;
}

/** Six digits, so that names sort as numbers do. */
export function numbered(n: number): string {
  return String(n).padStart(6, '0');
}

/** What marks this job's files of a new generation. */
export function writerOf({ job }: UploadJob): string {
  return job.slice(0, 8);
}
