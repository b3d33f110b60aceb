/**
 * One split of an upload is read, and its rows are left by part: the parts of the hash of the id.
 *
 * Memory: so many users as `readUsers` says; what was read is put down whenever it is reached.
 */
import * as z from 'zod';
import type { UserRows } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { Conflict, Invalid } from '../errors.ts';
import { inParallel, STORE_REQUESTS } from '../in-parallel.ts';
import { manifestOf, readShard } from '../population.ts';
import type { Source, StepPorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { sourceOf } from '../stored-file.ts';
import { readJson, writeJson } from '../stored-json.ts';
import { jobFolder, numbered, planName, type Split, type UploadJob, UploadPlan } from './upload-job.ts';
import { wholeLines } from './whole-lines.ts';

export async function readUsers(ports: StepPorts, settings: Settings, job: UploadJob, split: number): Promise<void> {
  const plan = await readJson(ports.objects, planName(job), UploadPlan);
  const rows = new RowsByPart(ports, job, split, plan.parts);
  const given = plan.splits[split];
  if (given.kind === 'shard') {
    const shard = await oldShard(ports, job, plan, given.shard);
    rows.builder.addRows(shard);
    await rows.putDown('old');
    return;
  }
  for await (const users of usersOf(ports, given)) await rows.add(users, settings.readUsers);
  if (given.kind === 'file' && rows.isEmpty) throw new Invalid(`${given.of}: expected at least one user, got none`);
  await rows.putDown('new');
  await writeJson(ports.objects, countsName(job, split), { duplicates: rows.duplicates });
}

export const ReadCounts = z.object({ duplicates: z.int() });

/** What is known of a split once it is read. */
export function countsName(job: UploadJob, split: number | ''): string {
  return `${jobFolder(job)}read/${split === '' ? '' : `${numbered(split)}.json`}`;
}

/** Below here lie the rows of one part, in the order in which they were given. */
export function rowsPrefix(job: UploadJob, age: 'new' | 'old', part: number): string {
  return `${jobFolder(job)}rows/${age}/${numbered(part)}/`;
}

/** Gathers rows and puts them down by part. */
class RowsByPart {
  readonly #ports: StepPorts;
  readonly #job: UploadJob;
  readonly #split: number;
  readonly #parts: number;
  #times = 0;
  builder = new ShardBuilder();
  duplicates = 0;

  constructor(ports: StepPorts, job: UploadJob, split: number, parts: number) {
    this.#ports = ports;
    this.#job = job;
    this.#split = split;
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#times === 0 && this.builder.userCount === 0;
  }

  /** Adds new users, of whom at most so many are held. */
  async add(users: UserRows, most: number): Promise<void> {
    for (let row = 0; row < users.ids.length; ) {
      const end = Math.min(users.ids.length, row + most - this.builder.userCount);
      this.builder.addRows(users, row, end);
      if (this.builder.userCount >= most) await this.putDown('new');
      row = end;
    }
  }

  async putDown(age: 'new' | 'old'): Promise<void> {
    const { objects, shardFormat } = this.#ports;
    await inParallel(this.builder.buildParts(this.#parts), STORE_REQUESTS, async (shard, part) => {
      if (shard.ids.length === 0) return;
      const name = `${rowsPrefix(this.#job, age, part)}${numbered(this.#split)}-${numbered(this.#times)}.arrow`;
      await objects.write(name, shardFormat.encode(shard));
    });
    this.duplicates += this.builder.duplicateCount;
    this.builder = new ShardBuilder();
    this.#times++;
  }
}

async function oldShard(ports: StepPorts, { population }: UploadJob, { base }: UploadPlan, shard: number) {
  const manifest = await manifestOf(ports, population);
  if (manifest.generation === base) return readShard(ports, manifest.shards[shard]);
  throw new Conflict(
    `expected generation ${base} of ${JSON.stringify(population)}, but somebody else published ${manifest.generation} meanwhile; upload the batch again`,
  );
}

function usersOf({ inputs, objects }: StepPorts, split: Exclude<Split, { kind: 'shard' }>) {
  if (split.kind === 'file') return inputs.users(split.of, sourceOf(objects, split.file));
  const { file, start, end } = split;
  const from = Math.max(0, start - 1);
  const lines: Source = async () => wholeLines(await sourceOf(objects, file, from)(), start > 0, end - from);
  return start === 0
    ? inputs.users(file, lines)
    : inputs.users(`${file} (from byte ${start})`, lines, 'later ndjson lines');
}
