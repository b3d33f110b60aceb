/** An upload has ended, well or not: the world is told, and the next in the line begins. Told twice, it is told once. */
import * as z from 'zod';
import type { StepPorts } from '../ports.ts';
import { filePrefix } from '../publish-generation.ts';
import { reasonOf } from '../step-failure.ts';
import { readIfAny, readJson } from '../stored-json.ts';
import { batchFolder, STATUS_FILE } from './batch.ts';
import { fitName, UploadFit } from './fit-upload.ts';
import { reportName } from './publish-upload.ts';
import { jobFolder, type UploadJob, writerOf } from './upload-job.ts';
import { isAtWork, leaveLine, whoseTurn } from './upload-line.ts';
import { tellStatus } from './upload-status.ts';

/** `otherwise` is the reason of a failure of which no step has left one. */
export async function finishUpload(ports: StepPorts, job: UploadJob, otherwise?: string): Promise<void> {
  if (await isAtWork(ports.ledger, job)) await tellEnd(ports, job, otherwise);
  await advanceLine(ports, job.population);
}

/**
 * Starts whoever's turn it is. Who is at work is started again, in case the first start was lost; where that has ended and
 * nobody was told, the end is told now, and the next begins.
 */
export async function advanceLine(ports: StepPorts, population: string): Promise<void> {
  for (let job = await whoseTurn(ports.ledger, population); job; job = await whoseTurn(ports.ledger, population)) {
    if ((await ports.workflows.start('upload', `upload-${job.job}`, job)) === 'running') return;
    await tellEnd(ports, job);
  }
}

/** Whether it went well is what the catalog says: a step may fail after the new generation was published. */
async function tellEnd(ports: StepPorts, job: UploadJob, otherwise?: string): Promise<void> {
  const { objects, ledger, announcements } = ports;
  const { population, batch } = job;
  const told = { population, batch, upload: job.job, status: `${batchFolder(job)}${STATUS_FILE}` };
  if (await isPublished(ports, job)) {
    await tellStatus(objects, job, 'done', await readJson(objects, reportName(job), z.record(z.string(), z.json())));
    await announcements.announce('upload done', told);
  } else {
    const reason = await reasonOf(objects, jobFolder(job), otherwise);
    await tellStatus(objects, job, 'failed', { reason });
    await announcements.announce('upload failed', { ...told, reason });
  }
  // Last, so that whoever is told again after a failure in here finds the upload still at work.
  await leaveLine(ledger, job);
}

async function isPublished({ objects, catalog }: StepPorts, job: UploadJob): Promise<boolean> {
  if (!(await readIfAny(objects, fitName(job)))) return false;
  const { generation } = await readJson(objects, fitName(job), UploadFit);
  const manifest = await catalog.manifest(job.population);
  const prefix = filePrefix(job.population, generation, writerOf(job));
  return manifest?.shards.some(({ name }) => name.startsWith(prefix)) ?? false;
}
