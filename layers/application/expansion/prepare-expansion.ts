/** The first step of an expansion over many functions: the list of its shards, and points where the stored ones won't do. */
import { fitImplicitAls } from '#domain/embedding/implicit-als.ts';
import { fitTruncatedSvd } from '#domain/embedding/truncated-svd.ts';
import { readShard } from '../population.ts';
import type { StepPorts } from '../ports.ts';
import { chooseRanker, prepareShards } from '../ranking-options.ts';
import { INDEX_SEED, TrainingSample } from '../retrieval-index.ts';
import type { Settings } from '../settings.ts';
import { writeJson } from '../stored-json.ts';
import { type ExpansionJob, type ExpansionTask, type ListedExpansion, leave, left, listed } from './expansion-job.ts';

export async function prepareExpansion(
  ports: StepPorts,
  settings: Settings,
  job: ExpansionJob,
): Promise<ListedExpansion> {
  const { request, manifest } = await left<ExpansionTask>(ports, job, 'task');
  const { embedding } = chooseRanker(request);
  const seesAll = request.drop.length === 0 && !request.binary && manifest.index !== undefined;
  if (embedding && (embedding === 'als' || !seesAll)) {
    const sample = new TrainingSample(settings.maxTrainingUsers);
    for (const entry of manifest.shards) {
      const [shard] = prepareShards([await readShard(ports, entry)], request.drop, request.binary);
      sample.add(shard);
    }
    const fitPoints = embedding === 'als' ? fitImplicitAls : fitTruncatedSvd;
    await leave(ports, job, 'model', fitPoints(sample.shard(), settings.dimensions, INDEX_SEED));
  }
  await writeJson(
    ports.objects,
    listed(job).shards,
    manifest.shards.map((_, shard) => ({ ...job, shard })),
  );
  return listed(job);
}
