import * as z from 'zod';
import { ExpansionJob, expansionFolder } from '#application/expansion/expansion-job.ts';
import { gatherShard } from '#application/expansion/gather-shard.ts';
import { step } from './step.ts';

const Task = ExpansionJob.extend({ shard: z.int().nonnegative() });

/** What one shard knows of the seeds. */
export const handler = step(Task, expansionFolder, (ports, task) =>
  gatherShard(ports, ports.settings, task, task.shard),
);
