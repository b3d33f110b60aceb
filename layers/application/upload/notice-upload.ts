/**
 * An object was dropped below `populations/`: if its batch is closed by it, the upload gets its place in the line.
 *
 * A batch is closed by an object `_SUCCESS`, or by some quiet minutes after its last object. What identifies an upload is what
 * lies in the batch: an event that comes twice, late or out of order finds the upload known, and changes nothing.
 */
import { sha256Of } from '../digest.ts';
import { Invalid } from '../errors.ts';
import type { ObjectEntry, StepPorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import {
  type Batch,
  batchFolder,
  fileOf,
  holdsUsers,
  isPrivate,
  placeInBatch,
  STATUS_FILE,
  SUCCESS_FILE,
} from './batch.ts';
import type { UploadJob } from './upload-job.ts';
import { joinLine, startNext } from './upload-line.ts';
import { tellStatus } from './upload-status.ts';

export type Notice = 'ignored' | 'not yet closed' | 'known' | 'new';

export async function noticeUpload(
  { objects, ledger, workflows }: StepPorts,
  settings: Settings,
  objectName: string,
  now: number,
): Promise<Notice> {
  const { population, batch, file } = placeInBatch(objectName);
  if (isPrivate(file) && file !== SUCCESS_FILE) return 'ignored';
  const entries = await objects.entries(batchFolder({ population, batch }));
  const isClosed = entries.some(({ name }) => fileOf(name) === SUCCESS_FILE) || isQuiet(entries, settings, now);
  if (!isClosed) return 'not yet closed';
  if (!entries.some(({ name }) => holdsUsers(name))) {
    throw new Invalid(`${objectName}: expected files of users in the batch, got none`);
  }
  const job = await jobOf({ population, batch }, entries);
  const isNew = await joinLine(ledger, job);
  if (isNew) await tellStatus(objects, job, 'waiting');
  await startNext(ledger, workflows, population);
  return isNew ? 'new' : 'known';
}

/** Whether nothing was written for so long; what akin itself writes there does not count. */
function isQuiet(entries: readonly ObjectEntry[], { quietSeconds }: Settings, now: number): boolean {
  const newest = entries
    .filter(({ name }) => !isPrivate(fileOf(name)))
    .reduce((latest, { modified }) => Math.max(latest, modified), 0);
  return now - newest >= 1_000 * quietSeconds;
}

/** Another upload as soon as anything in the batch is another, or is written again. */
async function jobOf(batch: Batch, entries: readonly ObjectEntry[]): Promise<UploadJob> {
  const lines = entries
    .filter(({ name }) => fileOf(name) !== STATUS_FILE)
    .map(({ name, bytes, modified, tag }) => `${name} ${bytes} ${modified} ${tag}\n`);
  return { ...batch, job: (await sha256Of(lines.join(''))).slice(0, 16) };
}
