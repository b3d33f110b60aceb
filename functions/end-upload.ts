import * as z from 'zod';
import { finishUpload } from '#application/upload/finish-upload.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

const Task = UploadJob.extend({ hasSucceeded: z.boolean() });

/** Last state of an upload, however it went: events of ended executions are sent at best effort, so they are not relied on. */
export const handler = step(Task, jobFolder, async (ports, { hasSucceeded, ...job }) => {
  await finishUpload(ports, job, hasSucceeded);
  return job;
});
