/** Reduce: the shards' rankings become one audience, written as any other. */
import { saveAudience } from '../audience-files.ts';
import { audienceFrom, type ShardRanking } from '../audience-report.ts';
import { chooseTrainedRanker } from '../population-index.ts';
import type { StepPorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { tellReady } from './end-expansion.ts';
import { type ExpansionJob, type ExpansionTask, left } from './expansion-job.ts';
import type { ExpansionFindings } from './fit-expansion.ts';

export async function mergeAudience(
  ports: StepPorts,
  settings: Settings,
  job: ExpansionJob,
  now: number,
): Promise<void> {
  const { request, manifest } = await left<ExpansionTask>(ports, job, 'task');
  const { counts, castWarnings, seedReport, heldOut, size, drops, telling } = await left<ExpansionFindings>(
    ports,
    job,
    'findings',
  );
  const rankings: ShardRanking[] = [];
  for (const s of manifest.shards.keys()) rankings.push(await left<ShardRanking>(ports, job, `ranking/${s}`));
  const { population: name, generation } = manifest;
  const population = { name, generation, sha256: manifest.shards.map(({ sha256 }) => sha256) };
  const scored = counts.candidateCount;
  const audience = audienceFrom(settings, request, {
    population,
    counts,
    castWarnings,
    seedReport,
    heldOut,
    size,
    chosenRanker: await chooseTrainedRanker(ports, manifest, request),
    retrieval: { mode: request.candidates, used: 'all', scored, scoredShare: 1, recall: undefined },
    retrievalWarnings: warnOfRetrieval(request.candidates),
    foundBy: () => 'everybody',
    telling: [telling],
    drops,
    rankings,
  });
  const files = await saveAudience(ports.objects, settings, population, request, audience);
  await tellReady(ports, job, files, audience, now);
}

/** Every shard has a function of its own here, so looking at everybody takes no longer than retrieving would. */
function warnOfRetrieval(mode: string): string[] {
  if (mode === 'auto' || mode === 'all') return [];
  return [`candidates by ${mode} were asked for; the population is expanded shard by shard, so everybody was scored`];
}
