/** The last step of an upload: the manifest is swapped, and the generation before the last is swept up. */
import * as z from 'zod';
import type { IngestReport } from '../ingest-users.ts';
import { ShardEntry } from '../manifest.ts';
import { summaryOf } from '../population.ts';
import type { StepPorts } from '../ports.ts';
import { manifestFrom, sweep } from '../publish-generation.ts';
import { readJson } from '../stored-json.ts';
import { fitName, UploadFit } from './fit-upload.ts';
import { indexedName } from './index-shard.ts';
import { MergeCounts, mergedPrefix } from './merge-users.ts';
import { countsName } from './read-users.ts';
import type { UploadJob } from './upload-job.ts';
import { tellStatus } from './upload-status.ts';

/** Run again after it was killed, it does what is left to do: the same manifest may be published twice. */
export async function publishUpload(ports: StepPorts, job: UploadJob): Promise<IngestReport> {
  const { objects, catalog } = ports;
  const { generation, features, usersWithoutFeatures, shards, index } = await readJson(
    objects,
    fitName(job),
    UploadFit,
  );
  await tellStatus(objects, job, 'publishing', { generation });
  const entries: ShardEntry[] = [];
  for (const place of shards.keys()) entries.push(await readJson(objects, indexedName(job, place), ShardEntry));
  const manifest = manifestFrom({ population: job.population, generation, features, shards: entries, index });
  await catalog.publish(manifest);
  await sweep(ports, manifest);
  const { added, replaced, removed, duplicates } = await countsOf(ports, job);
  const report = { ...summaryOf(manifest), added, replaced, removed, duplicates, usersWithoutFeatures };
  await tellStatus(objects, job, 'done', report);
  return report;
}

/** The counts of all splits and parts, added up. */
async function countsOf({ objects }: StepPorts, job: UploadJob) {
  const Read = z.object({ duplicates: z.int() });
  const sum = { added: 0, replaced: 0, removed: 0, duplicates: 0 };
  for (const name of await objects.list(countsName(job, ''))) {
    sum.duplicates += (await readJson(objects, name, Read)).duplicates;
  }
  for (const name of (await objects.list(mergedPrefix(job))).filter((each) => each.endsWith('.json'))) {
    const { added, replaced, removed, duplicates } = await readJson(objects, name, MergeCounts);
    sum.added += added;
    sum.replaced += replaced;
    sum.removed += removed;
    sum.duplicates += duplicates;
  }
  return sum;
}
