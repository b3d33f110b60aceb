import * as z from 'zod';
import { mergeUsers } from '#application/upload/merge-users.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

const Task = UploadJob.extend({ part: z.int().nonnegative() });

/** The rows of one part become its users. */
export const handler = step(Task, jobFolder, (ports, task) => mergeUsers(ports, task, task.part));
