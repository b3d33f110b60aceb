import { finishExpansion } from '#application/expansion/end-expansion.ts';
import { ExpansionJob, expansionFolder } from '#application/expansion/expansion-job.ts';
import { step } from './step.ts';

/** Last state of an expansion that failed: events of ended executions are sent at best effort, so they are not relied on. */
export const handler = step(ExpansionJob, expansionFolder, async (ports, job) => {
  await finishExpansion(ports, job, Date.now());
  return job;
});
