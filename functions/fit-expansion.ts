import { ExpansionJob, expansionFolder } from '#application/expansion/expansion-job.ts';
import { fitExpansion } from '#application/expansion/fit-expansion.ts';
import { step } from './step.ts';

/** The ranker is fitted on the evidence of all shards. */
export const handler = step(ExpansionJob, expansionFolder, (ports, job) => fitExpansion(ports, ports.settings, job));
