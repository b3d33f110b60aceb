/** The steps of uploads and expansions, one after the other in this process: what state machines do in the stack. */
import { gzipSync } from 'node:zlib';
import { inputFormats } from '#adapters/formats/input-formats.ts';
import { memoryLedger } from '#adapters/memory-ledger.ts';
import { finishExpansion } from '#application/expansion/end-expansion.ts';
import {
  type ExpansionJob,
  ExpansionJob as ExpansionJobSchema,
  expansionFolder,
} from '#application/expansion/expansion-job.ts';
import { fitExpansion } from '#application/expansion/fit-expansion.ts';
import { gatherShard } from '#application/expansion/gather-shard.ts';
import { mergeAudience } from '#application/expansion/merge-audience.ts';
import { prepareExpansion } from '#application/expansion/prepare-expansion.ts';
import { scoreShard } from '#application/expansion/score-shard.ts';
import type { StepPorts } from '#application/ports.ts';
import type { Settings } from '#application/settings.ts';
import { isCallers, leavingReason } from '#application/step-failure.ts';
import { finishUpload } from '#application/upload/finish-upload.ts';
import { fitUpload } from '#application/upload/fit-upload.ts';
import { indexShard } from '#application/upload/index-shard.ts';
import { mergeUsers } from '#application/upload/merge-users.ts';
import { planUpload } from '#application/upload/plan-upload.ts';
import { publishUpload } from '#application/upload/publish-upload.ts';
import { readUsers } from '#application/upload/read-users.ts';
import { splitFile } from '#application/upload/split-file.ts';
import { trainUpload } from '#application/upload/train-upload.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import type { User } from '#domain/features/shard.ts';
import { emptySite, SETTINGS } from './people.ts';

export interface Announcement {
  readonly what: string;
  readonly detail: unknown;
}

export interface Stage {
  readonly folder: string;
  readonly ports: StepPorts;
  /** The same before they were changed. */
  readonly plain: StepPorts;
  readonly announced: Announcement[];
  /** Every execution that was asked for, a second start of the same name included. */
  readonly started: string[];
  /** Whether executions end without a word. */
  endsAreLost: boolean;
  /** Runs what was started, until nothing is. */
  settle(): Promise<void>;
}

/** How one function is invoked: at once and once, or again where it fails, as a queue or a state machine does. */
export type Invoke = <T>(step: () => Promise<T>) => Promise<T>;

const once: Invoke = (step) => step();

/** A data folder whose workflows run when they are told to. */
export function stageWith(
  settings: Settings = SETTINGS,
  change: (ports: StepPorts) => StepPorts = (ports) => ports,
  invoke: Invoke = once,
): Stage {
  const { folder, ports: stores } = emptySite();
  const announced: Announcement[] = [];
  const started: string[] = [];
  const waiting: (() => Promise<void>)[] = [];
  const ended = new Set<string>();
  const plain: StepPorts = {
    ...stores,
    nearby: (objects) => ({ ...objects, indexFrom: () => undefined }),
    inputs: inputFormats,
    ledger: memoryLedger(),
    announcements: {
      async announce(what, detail) {
        announced.push({ what, detail });
      },
    },
    workflows: {
      async start(workflow, name, input) {
        const isAgain = started.includes(name);
        started.push(name);
        if (isAgain) return ended.has(name) ? 'ended' : 'running';
        waiting.push(async () => {
          if (workflow === 'expansion') await runExpansion(ports, settings, input, invoke);
          else await runUpload(ports, settings, input, stage, invoke);
          ended.add(name);
        });
        return 'running';
      },
    },
  };
  const ports = change(plain);
  const stage: Stage = {
    folder,
    ports,
    plain,
    announced,
    endsAreLost: false,
    started,
    async settle() {
      for (let next = waiting.shift(); next; next = waiting.shift()) await next();
    },
  };
  return stage;
}

async function runUpload(
  ports: StepPorts,
  settings: Settings,
  input: object,
  stage: Stage,
  invoke: Invoke,
): Promise<void> {
  const job = UploadJob.parse(input);
  await succeeds(() =>
    upload(ports, settings, job, (step) => invoke(() => leavingReason(ports.objects, jobFolder(job), step))),
  );
  if (!stage.endsAreLost) await invoke(() => finishUpload(ports, job));
}

/** As the state machine of infra/akin-stack.ts has it. */
export async function upload(
  ports: StepPorts,
  settings: Settings,
  job: UploadJob,
  invoke: Invoke = once,
): Promise<void> {
  let planned = await invoke(() => planUpload(ports, settings, job));
  while (planned.hasLongFiles) {
    for (const { file } of await invoke(() => listOf(ports, planned.long))) {
      await invoke(() => splitFile(ports, settings, job, file));
    }
    planned = await invoke(() => planUpload(ports, settings, job));
  }
  for (const { split } of await invoke(() => listOf(ports, planned.splits))) {
    await invoke(() => readUsers(ports, settings, job, split));
  }
  for (const { part } of await invoke(() => listOf(ports, planned.parts)))
    await invoke(() => mergeUsers(ports, job, part));
  const fitted = await invoke(() => fitUpload(ports, settings, job));
  const { shards, isTrained } = fitted;
  if (isTrained) await invoke(() => trainUpload(ports, settings, fitted, () => performance.now()));
  for (const { shard } of await invoke(() => listOf(ports, shards))) await invoke(() => indexShard(ports, job, shard));
  await invoke(() => publishUpload(ports, job));
}

async function runExpansion(ports: StepPorts, settings: Settings, input: object, invoke: Invoke): Promise<void> {
  const job = ExpansionJobSchema.parse(input);
  const hasSucceeded = await succeeds(() =>
    expand(ports, settings, job, (step) => invoke(() => leavingReason(ports.objects, expansionFolder(job), step))),
  );
  if (!hasSucceeded) await invoke(() => finishExpansion(ports, job, Date.now()));
}

async function expand(ports: StepPorts, settings: Settings, job: ExpansionJob, invoke: Invoke): Promise<void> {
  const prepared = await invoke(() => prepareExpansion(ports, settings, job));
  for (const { shard } of await invoke(() => listOf(ports, prepared.shards)))
    await invoke(() => gatherShard(ports, settings, job, shard));
  const fitted = await invoke(() => fitExpansion(ports, settings, job));
  for (const { shard } of await invoke(() => listOf(ports, fitted.shards))) {
    await invoke(() => scoreShard(ports, settings, job, shard));
  }
  await invoke(() => mergeAudience(ports, settings, job, Date.now()));
}

/** What a caller can act on ends the execution; anything else is the test's failure. */
async function succeeds(steps: () => Promise<void>): Promise<boolean> {
  try {
    await steps();
    return true;
  } catch (error) {
    if (isCallers(error)) return false;
    throw error;
  }
}

async function listOf(
  { objects }: StepPorts,
  name: string,
): Promise<Record<'file' | 'split' | 'part' | 'shard', number>[]> {
  return JSON.parse(await textOf(objects, name));
}

export async function textOf(objects: StepPorts['objects'], name: string): Promise<string> {
  const bytes = await objects.read(name);
  if (!bytes) throw new Error(`expected an object ${name}, found none`);
  return new TextDecoder().decode(bytes);
}

export async function drop({ objects }: StepPorts, name: string, content: string | Uint8Array): Promise<void> {
  await objects.write(name, typeof content === 'string' ? new TextEncoder().encode(content) : content);
}

export function ndjsonOf(users: readonly User[]): string {
  return users.map((user) => `${JSON.stringify(user)}\n`).join('');
}

export function gzipped(text: string): Uint8Array {
  return gzipSync(text);
}
