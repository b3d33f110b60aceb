import { finishUpload } from '#application/upload/finish-upload.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

/** Last state of an upload, however it went: events of ended executions are sent at best effort, so they are not relied on. */
export const handler = step(UploadJob, jobFolder, async (ports, job) => {
  await finishUpload(ports, job);
  return job;
});
