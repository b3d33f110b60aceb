/** Map, first round: what one shard knows of the seeds. */

import type { TrainingSet } from '#domain/ranking/training-set.ts';
import { type CastTally, tallyOf } from '../cast.ts';
import { countFeatures, gatherSample } from '../expand-audience.ts';
import { chooseTrainedRanker } from '../population-index.ts';
import type { StepPorts } from '../ports.ts';
import type { DropMatches } from '../ranking-options.ts';
import { type ComparedPeople, comparedPeople } from '../seed-report.ts';
import type { Settings } from '../settings.ts';
import { type ExpansionJob, type ExpansionTask, leave, left } from './expansion-job.ts';
import { openShard } from './expansion-shard.ts';

export interface ShardEvidence {
  readonly tally: CastTally;
  readonly drops: DropMatches;
  readonly telling: ReturnType<typeof countFeatures>;
  readonly evidence: unknown;
  readonly compared: ComparedPeople;
  /** Where evidence is asked for. */
  readonly sample: TrainingSet | undefined;
}

export async function gatherShard(ports: StepPorts, settings: Settings, job: ExpansionJob, s: number): Promise<void> {
  const task = await left<ExpansionTask>(ports, job, 'task');
  const opened = await openShard(ports, job, task, s);
  const { ranker } = await chooseTrainedRanker(ports, task.manifest, task.request);
  const gathered: ShardEvidence = {
    tally: tallyOf(opened),
    drops: opened.drops,
    telling: countFeatures(opened.shard, opened.roles),
    evidence: ranker.gather(opened.shard, opened.roles),
    compared: comparedPeople(settings, task.request.seed, { shards: [opened.shard], roles: [opened.roles] }),
    sample: task.request.evidence === 'none' ? undefined : gatherSample(opened.shard, opened.roles),
  };
  await leave(ports, job, `evidence/${s}`, gathered);
}
