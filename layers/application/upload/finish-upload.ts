/** An upload has ended, well or not: the world is told, and the next in the line begins. Told twice, it is told once. */
import type { StepPorts } from '../ports.ts';
import { reasonOf } from '../step-failure.ts';
import { batchFolder, STATUS_FILE } from './batch.ts';
import { jobFolder, type UploadJob } from './upload-job.ts';
import { isAtWork, leaveLine, startNext } from './upload-line.ts';
import { tellStatus } from './upload-status.ts';

export async function finishUpload(ports: StepPorts, job: UploadJob, hasSucceeded: boolean): Promise<void> {
  const { objects, ledger, workflows, announcements } = ports;
  const { population, batch } = job;
  if (await isAtWork(ledger, job)) {
    const told = { population, batch, upload: job.job, status: `${batchFolder(job)}${STATUS_FILE}` };
    if (hasSucceeded) {
      await announcements.announce('upload done', told);
    } else {
      const reason = await reasonOf(objects, jobFolder(job));
      await tellStatus(objects, job, 'failed', { reason });
      await announcements.announce('upload failed', { ...told, reason });
    }
    // Last, so that whoever is told again after a failure in here finds the upload still at work.
    await leaveLine(ledger, job);
  }
  await startNext(ledger, workflows, population);
}
