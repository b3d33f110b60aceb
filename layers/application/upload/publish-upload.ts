/** The last step of an upload: the manifest is swapped, and the generation before the last is swept up. */
import { inParallel, STORE_REQUESTS } from '../in-parallel.ts';
import type { IngestReport } from '../ingest-users.ts';
import { ShardEntry } from '../manifest.ts';
import { summaryOf } from '../population.ts';
import type { StepPorts } from '../ports.ts';
import { manifestFrom, sweep } from '../publish-generation.ts';
import { readJson, writeJson } from '../stored-json.ts';
import { fitName, UploadFit } from './fit-upload.ts';
import { indexedName } from './index-shard.ts';
import { MergeCounts, mergedPrefix } from './merge-users.ts';
import { countsName, ReadCounts } from './read-users.ts';
import { scorerName, UploadScorer } from './train-upload.ts';
import { jobFolder, planName, type UploadJob, UploadPlan } from './upload-job.ts';
import { tellStatus } from './upload-status.ts';

/**
 * Run again after it was killed, it does what is left to do: the same manifest may be published twice. What it has come to is
 * left for whoever tells of it, before it is true.
 */
export async function publishUpload(ports: StepPorts, job: UploadJob): Promise<void> {
  const { objects, catalog } = ports;
  const fit = await readJson(objects, fitName(job), UploadFit);
  const { generation, features, usersWithoutFeatures, contents, cut, shards } = fit;
  const { isTrained } = await readJson(objects, planName(job), UploadPlan);
  const { scorer, card } = isTrained ? await readJson(objects, scorerName(job), UploadScorer) : {};
  await tellStatus(objects, job, 'publishing', { generation });
  const entries: ShardEntry[] = [];
  await inParallel(shards, STORE_REQUESTS, async (_, place) => {
    entries[place] = await readJson(objects, indexedName(job, place), ShardEntry);
  });
  const index = { ...fit.index, ...(scorer && { scorer }) };
  const manifest = manifestFrom({
    population: job.population,
    generation,
    features,
    cut,
    shards: entries,
    index,
    contents,
  });
  const report: IngestReport = {
    ...summaryOf(manifest),
    ...(await countsOf(ports, job)),
    usersWithoutFeatures,
    ...(card && { training: card }),
  };
  await writeJson(objects, reportName(job), report);
  await catalog.publish(manifest);
  await sweep(ports, manifest);
}

export function reportName(job: UploadJob): string {
  return `${jobFolder(job)}report.json`;
}

/** The counts of all splits and parts, added up. */
async function countsOf({ objects }: StepPorts, job: UploadJob) {
  const sum = { added: 0, replaced: 0, removed: 0, duplicates: 0 };
  await inParallel(await objects.list(countsName(job, '')), STORE_REQUESTS, async (name) => {
    sum.duplicates += (await readJson(objects, name, ReadCounts)).duplicates;
  });
  const merged = (await objects.list(mergedPrefix(job))).filter((name) => name.endsWith('.json'));
  await inParallel(merged, STORE_REQUESTS, async (name) => {
    const { added, replaced, removed, duplicates } = await readJson(objects, name, MergeCounts);
    sum.added += added;
    sum.replaced += replaced;
    sum.removed += removed;
    sum.duplicates += duplicates;
  });
  return sum;
}
