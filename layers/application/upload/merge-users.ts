/** The rows of one part become its users: of those given twice the later, and of the old ones who may stay. */
import * as z from 'zod';
import type { Shard } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import { Invalid } from '../errors.ts';
import { mergeInto } from '../ingest-users.ts';
import type { StepPorts } from '../ports.ts';
import { readJson, writeJson } from '../stored-json.ts';
import { rowsPrefix } from './read-users.ts';
import { jobFolder, numbered, planName, type UploadJob, UploadPlan } from './upload-job.ts';

export const MergeCounts = z.object({
  users: z.int(),
  added: z.int(),
  replaced: z.int(),
  removed: z.int(),
  duplicates: z.int(),
});

export async function mergeUsers(ports: StepPorts, job: UploadJob, part: number): Promise<void> {
  const { mode } = await readJson(ports.objects, planName(job), UploadPlan);
  const builder = new ShardBuilder();
  for (const name of await ports.objects.list(rowsPrefix(job, 'new', part))) {
    builder.addRows(await leftRows(ports, name));
  }
  const given = builder.userCount;
  const duplicates = builder.duplicateCount;
  const old: Shard[] = [];
  for (const name of await ports.objects.list(rowsPrefix(job, 'old', part))) old.push(await leftRows(ports, name));
  const replaced = mergeInto(builder, old, mode);
  const oldCount = old.reduce((sum, shard) => sum + rowCountOf(shard.rows), 0);
  const [merged] = builder.buildParts(1);
  await ports.objects.write(mergedName(job, part), ports.shardFormat.encode(merged));
  await writeJson(ports.objects, `${mergedPrefix(job)}${numbered(part)}.json`, {
    users: merged.ids.length,
    added: given - replaced,
    replaced,
    removed: mode === 'replace' ? oldCount - replaced : 0,
    duplicates,
  });
}

export function mergedPrefix(job: UploadJob): string {
  return `${jobFolder(job)}merged/`;
}

export function mergedName(job: UploadJob, part: number): string {
  return `${mergedPrefix(job)}${numbered(part)}.arrow`;
}

/** Rows that a step before left. */
export async function leftRows({ objects, shardFormat }: StepPorts, name: string): Promise<Shard> {
  const bytes = await objects.read(name);
  if (bytes) return shardFormat.decode(bytes, name);
  throw new Invalid(`${name}: expected the rows of a step before, found nothing; upload the batch again`);
}
