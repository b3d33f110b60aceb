import * as z from 'zod';
import { splitFile } from '#application/upload/split-file.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

const Task = UploadJob.extend({ file: z.int().nonnegative() });

/** One gzipped file that is too long for one function becomes several plain ones. */
export const handler = step(Task, jobFolder, (ports, task) => splitFile(ports, ports.settings, task, task.file));
