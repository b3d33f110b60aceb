import { fitUpload } from '#application/upload/fit-upload.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

/** The embedding and the bands are fitted for all shards. */
export const handler = step(UploadJob, jobFolder, (ports, job) => fitUpload(ports, ports.settings, job));
