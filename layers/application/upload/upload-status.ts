/** How an upload stands, written beside what was dropped. */
import type { ObjectStore } from '../ports.ts';
import { writeJson } from '../stored-json.ts';
import { batchFolder, STATUS_FILE } from './batch.ts';
import type { UploadJob } from './upload-job.ts';

export type UploadState =
  | 'waiting'
  | 'reading'
  | 'merging'
  | 'training'
  | 'indexing'
  | 'publishing'
  | 'done'
  | 'failed';

export async function tellStatus(
  objects: ObjectStore,
  { population, batch, job }: UploadJob,
  state: UploadState,
  details: object = {},
): Promise<void> {
  await writeJson(objects, `${batchFolder({ population, batch })}${STATUS_FILE}`, {
    population,
    batch,
    upload: job,
    state,
    ...details,
  });
}
