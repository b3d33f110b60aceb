/** Map, second round: the best of one shard. */
import { rankShard } from '../expand-audience.ts';
import { chooseTrainedRanker } from '../population-index.ts';
import type { StepPorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { type ExpansionJob, type ExpansionTask, leave, left } from './expansion-job.ts';
import { openShard } from './expansion-shard.ts';
import type { FittedExpansion } from './fit-expansion.ts';

export async function scoreShard(ports: StepPorts, settings: Settings, job: ExpansionJob, s: number): Promise<void> {
  const task = await left<ExpansionTask>(ports, job, 'task');
  const { model, size } = await left<FittedExpansion>(ports, job, 'fit');
  const { shard, roles } = await openShard(ports, job, task, s);
  const { ranker } = await chooseTrainedRanker(ports, task.manifest, task.request);
  await leave(ports, job, `ranking/${s}`, rankShard(settings, ranker, model, shard, roles, size));
}
