import { FittedUpload } from '#application/upload/fit-upload.ts';
import { trainUpload } from '#application/upload/train-upload.ts';
import { jobFolder } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

/** The attention scorer learns of the new generation. */
export const handler = step(FittedUpload, jobFolder, (ports, job) =>
  trainUpload(ports, ports.settings, job, () => performance.now()),
);
