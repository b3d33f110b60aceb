import { planUpload } from '#application/upload/plan-upload.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

/** First state of an upload: lists of what is to be done. */
export const handler = step(UploadJob, jobFolder, (ports, job) => planUpload(ports, ports.settings, job));
