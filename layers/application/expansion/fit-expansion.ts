/** Between the rounds: the seeds are checked, and the ranker is fitted once on the evidence of all shards. */
import { type CastCounts, countCast } from '../cast.ts';
import { type Settled, settle } from '../expand-audience.ts';
import type { StepPorts } from '../ports.ts';
import { chooseRanker, type DropMatches } from '../ranking-options.ts';
import type { Settings } from '../settings.ts';
import { type ExpansionJob, type ExpansionTask, type ListedExpansion, leave, left, listed } from './expansion-job.ts';
import type { ShardEvidence } from './gather-shard.ts';

export interface FittedExpansion {
  readonly counts: CastCounts;
  readonly settled: Settled;
  readonly drops: readonly DropMatches[];
  readonly telling: readonly ShardEvidence['telling'][];
  readonly model: unknown;
}

export async function fitExpansion(ports: StepPorts, settings: Settings, job: ExpansionJob): Promise<ListedExpansion> {
  const { request, manifest } = await left<ExpansionTask>(ports, job, 'task');
  const shards: ShardEvidence[] = [];
  for (const s of manifest.shards.keys()) shards.push(await left<ShardEvidence>(ports, job, `evidence/${s}`));
  const counts = countCast(
    request,
    shards.map(({ tally }) => tally),
  );
  const fitted: FittedExpansion = {
    counts,
    settled: settle(settings, request, counts),
    drops: shards.map(({ drops }) => drops),
    telling: shards.map(({ telling }) => telling),
    model: chooseRanker(request).ranker.fit(shards.map(({ evidence }) => evidence)),
  };
  await leave(ports, job, 'fit', fitted);
  return listed(job);
}
