import { publishUpload } from '#application/upload/publish-upload.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

/** Last state of an upload: the new generation takes the place of the old one. */
export const handler = step(UploadJob, jobFolder, publishUpload);
