import * as z from 'zod';
import { readUsers } from '#application/upload/read-users.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

const Task = UploadJob.extend({ split: z.int().nonnegative() });

/** One split of an upload is read and sorted into parts. */
export const handler = step(Task, jobFolder, (ports, task) => readUsers(ports, ports.settings, task, task.split));
