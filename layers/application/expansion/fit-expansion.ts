/** Between the rounds: the seeds are checked, and the ranker is fitted once on the evidence of all shards. */
import { mergeCounts } from '#domain/ranking/by-information-value.ts';
import { type CastCounts, countCast } from '../cast.ts';
import type { HeldOut } from '../evidence.ts';
import { checkCast, holdOutFrom, settleSize } from '../expand-audience.ts';
import { chooseTrainedRanker } from '../population-index.ts';
import type { StepPorts } from '../ports.ts';
import type { DropMatches } from '../ranking-options.ts';
import { mergeCompared, type SeedFindings, seedFindings } from '../seed-report.ts';
import type { Settings } from '../settings.ts';
import { type ExpansionJob, type ExpansionTask, type ListedExpansion, leave, left, listed } from './expansion-job.ts';
import type { ShardEvidence } from './gather-shard.ts';

/** What each shard needs to score its users. */
export interface FittedExpansion {
  readonly size: number;
  readonly model: unknown;
}

/** What the report will say of all shards. */
export interface ExpansionFindings {
  readonly counts: CastCounts;
  readonly castWarnings: readonly string[];
  readonly seedReport: SeedFindings;
  readonly heldOut: HeldOut | undefined;
  readonly size: number;
  readonly drops: readonly DropMatches[];
  readonly telling: ShardEvidence['telling'];
}

export async function fitExpansion(ports: StepPorts, settings: Settings, job: ExpansionJob): Promise<ListedExpansion> {
  const { request, manifest } = await left<ExpansionTask>(ports, job, 'task');
  const shards: ShardEvidence[] = [];
  for (const s of manifest.shards.keys()) shards.push(await left<ShardEvidence>(ports, job, `evidence/${s}`));
  const counts = countCast(
    request,
    shards.map(({ tally }) => tally),
  );
  const chosenRanker = await chooseTrainedRanker(ports, manifest, request);
  const castWarnings = checkCast(settings, request, chosenRanker, counts);
  const compared = mergeCompared(
    settings,
    request.seed,
    shards.map((shard) => shard.compared),
  );
  const seedReport = seedFindings(settings, request, counts, compared);
  const model = chosenRanker.ranker.fit(shards.map(({ evidence }) => evidence));
  const heldOut = holdOutFrom(request, chosenRanker, model, () => shards.flatMap(({ sample }) => sample ?? []));
  const size = settleSize(request, counts, heldOut);
  const findings: ExpansionFindings = {
    counts,
    castWarnings,
    seedReport,
    heldOut,
    size,
    drops: shards.map(({ drops }) => drops),
    telling: mergeCounts(shards.map(({ telling }) => telling)),
  };
  const fitted: FittedExpansion = { size, model };
  await leave(ports, job, 'findings', findings);
  await leave(ports, job, 'fit', fitted);
  return listed(job);
}
