/** Map, first round: what one shard knows of the seeds. */

import type { TrainingSet } from '#domain/ranking/training-set.ts';
import { type CastTally, tallyOf } from '../cast.ts';
import { countFeatures, gatherSample } from '../expand-audience.ts';
import { chooseTrainedRanker } from '../population-index.ts';
import type { StepPorts } from '../ports.ts';
import type { DropMatches } from '../ranking-options.ts';
import { type ExpansionJob, type ExpansionTask, leave, left } from './expansion-job.ts';
import { openShard } from './expansion-shard.ts';

export interface ShardEvidence {
  readonly tally: CastTally;
  readonly drops: DropMatches;
  readonly telling: ReturnType<typeof countFeatures>;
  readonly evidence: unknown;
  readonly sample: TrainingSet;
}

export async function gatherShard(ports: StepPorts, job: ExpansionJob, s: number): Promise<void> {
  const task = await left<ExpansionTask>(ports, job, 'task');
  const opened = await openShard(ports, job, task, s);
  const { ranker } = await chooseTrainedRanker(ports, task.manifest, task.request);
  const gathered: ShardEvidence = {
    tally: tallyOf(opened),
    drops: opened.drops,
    telling: countFeatures(opened.shard, opened.roles),
    evidence: ranker.gather(opened.shard, opened.roles),
    sample: gatherSample(opened.shard, opened.roles),
  };
  await leave(ports, job, `evidence/${s}`, gathered);
}
