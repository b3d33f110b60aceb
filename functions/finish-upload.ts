import { STOPPED } from '#application/step-failure.ts';
import { finishUpload } from '#application/upload/finish-upload.ts';
import { UploadJob } from '#application/upload/upload-job.ts';
import { executionEnded, onMessage } from './message.ts';

/** The execution of an upload has ended, well or not: whoever waits is told, and the next begins. */
export const handler = onMessage(executionEnded(UploadJob), {
  async run(ports, { detail: { status, input } }) {
    await finishUpload(ports, input, status === 'ABORTED' ? STOPPED : undefined);
    return status;
  },
});
