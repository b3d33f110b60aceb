import { ExpansionJob, expansionFolder } from '#application/expansion/expansion-job.ts';
import { mergeAudience } from '#application/expansion/merge-audience.ts';
import { step } from './step.ts';

/** Last state of an expansion over many functions: one audience. */
export const handler = step(ExpansionJob, expansionFolder, async (ports, job) => {
  await mergeAudience(ports, ports.settings, job, Date.now());
  return job;
});
