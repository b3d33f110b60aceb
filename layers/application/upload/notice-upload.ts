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
  OPTIONS_FILE,
  placeInBatch,
  STATUS_FILE,
  SUCCESS_FILE,
} from './batch.ts';
import { advanceLine } from './finish-upload.ts';
import type { UploadJob } from './upload-job.ts';
import { joinLine } from './upload-line.ts';
import { tellStatus } from './upload-status.ts';

export type Notice = 'ignored' | 'not yet closed' | 'known' | 'new';

export async function noticeUpload(
  ports: StepPorts,
  settings: Settings,
  objectName: string,
  now: number,
): Promise<Notice> {
  const { objects } = ports;
  const { population, batch, file } = placeInBatch(objectName);
  if (isPrivate(objectName) && file !== SUCCESS_FILE) return 'ignored';
  const entries = await objects.entries(batchFolder({ population, batch }));
  const success = entries.find(({ name }) => fileOf(name) === SUCCESS_FILE);
  const newest = newestOf(entries);
  // A `_SUCCESS` older than a file was there before the batch was filled again.
  const isClosed = (success && success.modified >= newest) || now - newest >= 1_000 * settings.quietSeconds - SLACK_MS;
  if (!isClosed) return 'not yet closed';
  const job = await jobOf({ population, batch }, entries);
  const holds = (isWanted: (name: string) => boolean) => entries.some(({ name }) => isWanted(name));
  if (!holds(holdsUsers) && !success) return 'ignored'; // options alone, or a folder
  // Options may say that the population is to be trained as it stands.
  if (!holds((name) => holdsUsers(name) || fileOf(name) === OPTIONS_FILE)) {
    const reason = `${objectName}: expected files of users in the batch, got none`;
    await tellStatus(objects, job, 'failed', { reason });
    throw new Invalid(reason);
  }
  const isNew = await joinLine(ports.ledger, job);
  if (isNew) await tellStatus(objects, job, 'waiting');
  await advanceLine(ports, population);
  return isNew ? 'new' : 'known';
}

/** The last message of a batch is the last that comes: it must not find its own object too young by a difference of clocks. */
const SLACK_MS = 5_000;

/** When something was written last; what akin itself writes there does not count. */
function newestOf(entries: readonly ObjectEntry[]): number {
  return entries.filter(({ name }) => !isPrivate(name)).reduce((latest, { modified }) => Math.max(latest, modified), 0);
}

/** Another upload as soon as anything in the batch is another, or is written again. */
async function jobOf(batch: Batch, entries: readonly ObjectEntry[]): Promise<UploadJob> {
  const lines = entries
    .filter(({ name }) => fileOf(name) !== STATUS_FILE)
    .map(({ name, bytes, modified, tag }) => `${name} ${bytes} ${modified} ${tag}\n`);
  return { ...batch, job: (await sha256Of(lines.join(''))).slice(0, 16) };
}
