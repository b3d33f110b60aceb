import * as z from 'zod';
import { indexShard } from '#application/upload/index-shard.ts';
import { jobFolder, UploadJob } from '#application/upload/upload-job.ts';
import { step } from './step.ts';

const Task = UploadJob.extend({ shard: z.int().nonnegative() });

/** One shard is written with its index. */
export const handler = step(Task, jobFolder, (ports, task) => indexShard(ports, task, task.shard));
