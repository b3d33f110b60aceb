import * as z from 'zod';
import { ExpansionJob, expansionFolder } from '#application/expansion/expansion-job.ts';
import { scoreShard } from '#application/expansion/score-shard.ts';
import { step } from './step.ts';

const Task = ExpansionJob.extend({ shard: z.int().nonnegative() });

/** The best of one shard. */
export const handler = step(Task, expansionFolder, (ports, task) =>
  scoreShard(ports, ports.settings, task, task.shard),
);
