/** An expansion that a dropped seed file asked for: what its steps are told, and what they leave to each other. */
import * as z from 'zod';
import type { ExpansionRequest } from '../audience-report.ts';
import { NotFound } from '../errors.ts';
import type { Manifest } from '../manifest.ts';
import type { StepPorts } from '../ports.ts';
import { readIfAny } from '../stored-json.ts';

/** Names, never data: what the states of an expansion pass on. */
export const ExpansionJob = z.object({
  population: z.string(),
  campaign: z.string(),
  job: z.string().regex(/^[0-9a-f]{16}$/),
});
export type ExpansionJob = z.infer<typeof ExpansionJob>;

/** What the expansion is about: one generation, whatever is published meanwhile. */
export interface ExpansionTask {
  readonly request: ExpansionRequest;
  readonly manifest: Manifest;
}

/** Below here lies all that an expansion leaves from step to step; the bucket's lifecycle takes it away. */
export function expansionFolder({ population, job }: ExpansionJob): string {
  return `parts/${population}/${job}/`;
}

/** The job, and where the list of its shards lies, for the maps over them. */
export interface ListedExpansion extends ExpansionJob {
  readonly shards: string;
}

export function listed(job: ExpansionJob): ListedExpansion {
  const { population, campaign, job: id } = job;
  return { population, campaign, job: id, shards: `${expansionFolder(job)}shards.json` };
}

/** What one step leaves to others: `task`, `fit`, or of each shard `evidence` and `ranking`. */
export type LeftName = 'task' | 'model' | 'fit' | 'findings' | `evidence/${number}` | `ranking/${number}`;

export async function leave({ objects, dataFormat }: StepPorts, job: ExpansionJob, what: LeftName, value: unknown) {
  await objects.write(`${expansionFolder(job)}${what}`, dataFormat.encode(value));
}

export async function left<Value>(
  { objects, dataFormat }: StepPorts,
  job: ExpansionJob,
  what: LeftName,
): Promise<Value> {
  const name = `${expansionFolder(job)}${what}`;
  const bytes = await objects.read(name);
  if (bytes) return dataFormat.decode<Value>(bytes);
  throw new NotFound(`${name}: expected what a step before left, but it is gone; drop the seeds again`);
}

/** The same where a step before had a choice. */
export async function leftIfAny<Value>(
  { objects, dataFormat }: StepPorts,
  job: ExpansionJob,
  what: LeftName,
): Promise<Value | undefined> {
  const bytes = await readIfAny(objects, `${expansionFolder(job)}${what}`);
  return bytes && dataFormat.decode<Value>(bytes);
}
