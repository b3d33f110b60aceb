/** The uploads of one population, one after the other: who is at work, who waits, and who was there before. */
import * as z from 'zod';
import { changeRecord, recordOf } from '../ledger-record.ts';
import type { Ledger } from '../ports.ts';
import type { UploadJob } from './upload-job.ts';

const Entry = z.object({ batch: z.string(), job: z.string() });

const Line = z.object({
  running: Entry.optional(),
  waiting: z.array(Entry).default([]),
  ended: z.array(Entry).default([]),
});

/** An event may come again for days; so many uploads later nobody tells it from a new one. */
const REMEMBERED = 200;

/** Puts an upload at the end of the line, unless it is or was in it; says whether it is new. */
export async function joinLine(ledger: Ledger, { population, batch, job }: UploadJob): Promise<boolean> {
  let isNew = false;
  await changeRecord(ledger, nameOf(population), Line, (line) => {
    isNew = ![line.running, ...line.waiting, ...line.ended].some((entry) => entry?.job === job);
    if (!isNew) return undefined;
    // An upload of the same batch that has not begun would read what now lies there: this one takes its place.
    return { ...line, waiting: [...line.waiting.filter((entry) => entry.batch !== batch), { batch, job }] };
  });
  return isNew;
}

/** Who is at work; if nobody is, the first who waits, who is at work from now on. */
export async function whoseTurn(ledger: Ledger, population: string): Promise<UploadJob | undefined> {
  const { running } = await changeRecord(ledger, nameOf(population), Line, ({ running, waiting, ended }) => {
    const [first, ...others] = waiting;
    return running || !first ? undefined : { running: first, waiting: others, ended };
  });
  return running && { population, ...running };
}

/** The upload has ended, well or not: the place is free. */
export async function leaveLine(ledger: Ledger, { population, job }: UploadJob): Promise<void> {
  await changeRecord(ledger, nameOf(population), Line, ({ running, waiting, ended }) =>
    running?.job === job ? { waiting, ended: [...ended, running].slice(-REMEMBERED) } : undefined,
  );
}

/** The batches of all uploads that are remembered, each once: those who wait, who is at work, who was there before, newest first. */
export async function batchesInLine(ledger: Ledger, population: string): Promise<string[]> {
  const { running, waiting, ended } = await recordOf(ledger, nameOf(population), Line);
  const uploads = [...ended, ...(running ? [running] : []), ...waiting];
  return [...new Set(uploads.reverse().map(({ batch }) => batch))];
}

export async function isAtWork(ledger: Ledger, { population, job }: UploadJob): Promise<boolean> {
  return (await recordOf(ledger, nameOf(population), Line)).running?.job === job;
}

function nameOf(population: string): string {
  return `uploads/${population}`;
}
