/** Who expands a dropped seed file: one, whoever is told of it and however often. */
import * as z from 'zod';
import { changeRecord, recordOf } from '../ledger-record.ts';
import type { Ledger } from '../ports.ts';
import type { ExpansionJob } from './expansion-job.ts';

const Claim = z.object({
  /** `running`: in a function, which may die; `started`: as a workflow, which tells of its end itself. */
  state: z.enum(['free', 'running', 'started', 'ready', 'failed']).default('free'),
  owner: z.string().default(''),
  /** Milliseconds since 1970 from which on a running claim is taken for abandoned. */
  until: z.number().default(0),
  reason: z.string().optional(),
});
type Claim = z.infer<typeof Claim>;

/** Longer than any function of Lambda may run. */
const LEASE_MS = 20 * 60_000;

/** After a month nobody tells a late event from a new one. */
const REMEMBERED_MS = 30 * 24 * 3_600_000;

/** Takes the job for `owner`, who may have it already; what it was before otherwise. */
export async function claim(ledger: Ledger, job: ExpansionJob, owner: string, now: number): Promise<Claim | 'taken'> {
  let isTaken = false;
  const record = await changeRecord(
    ledger,
    nameOf(job),
    Claim,
    ({ state, owner: holder, until }): Claim | undefined => {
      isTaken = state === 'free' || (state === 'running' && (holder === owner || until < now));
      return isTaken ? { state: 'running', owner, until: now + LEASE_MS } : undefined;
    },
    now + REMEMBERED_MS,
  );
  return isTaken ? 'taken' : record;
}

/** What has become of the job is on record from now on. */
export async function settleClaim(
  ledger: Ledger,
  job: ExpansionJob,
  state: 'started' | 'ready' | 'failed',
  now: number,
  reason?: string,
): Promise<void> {
  await changeRecord(
    ledger,
    nameOf(job),
    Claim,
    (record) => (hasEnded(record) ? undefined : { ...record, state, reason }),
    now + REMEMBERED_MS,
  );
}

/** Whether it is on record how the job has ended. */
export async function isSettled(ledger: Ledger, job: ExpansionJob): Promise<boolean> {
  return hasEnded(await recordOf(ledger, nameOf(job), Claim));
}

function hasEnded({ state }: Claim): boolean {
  return state === 'ready' || state === 'failed';
}

function nameOf({ population, job }: ExpansionJob): string {
  return `expansions/${population}/${job}`;
}
