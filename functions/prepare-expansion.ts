import { ExpansionJob, expansionFolder } from '#application/expansion/expansion-job.ts';
import { prepareExpansion } from '#application/expansion/prepare-expansion.ts';
import { step } from './step.ts';

/** First state of an expansion over many functions: the list of its shards. */
export const handler = step(ExpansionJob, expansionFolder, (ports, job) =>
  prepareExpansion(ports, ports.settings, job),
);
