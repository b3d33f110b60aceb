/** One shard of the new generation is written: its rows, points, band pages, and an HNSW graph where it pays. */
import { partOf, ShardBuilder } from '#domain/features/shard-builder.ts';
import { readModel, readScorer } from '../population-index.ts';
import type { StepPorts } from '../ports.ts';
import { filePrefix, writeShard } from '../publish-generation.ts';
import { readJson, writeJson } from '../stored-json.ts';
import { fitName, UploadFit } from './fit-upload.ts';
import { leftRows, mergedName } from './merge-users.ts';
import { scorerName, UploadScorer } from './train-upload.ts';
import { jobFolder, numbered, planName, type UploadJob, UploadPlan, writerOf } from './upload-job.ts';

/** `place` is the shard's place among those of the generation. */
export async function indexShard(ports: StepPorts, job: UploadJob, place: number): Promise<void> {
  const { parts, isTrained } = await readJson(ports.objects, planName(job), UploadPlan);
  const { generation, cut, shards, index, withGraph } = await readJson(ports.objects, fitName(job), UploadFit);
  const remainder = shards[place];
  const builder = new ShardBuilder();
  // Both numbers are powers of two: a shard is made of whole parts, or lies within one.
  const nested = Math.min(parts, cut);
  for (let part = remainder % nested; part < parts; part += nested) {
    const users = await leftRows(ports, mergedName(job, part));
    for (const [row, id] of users.ids.entries()) {
      if (partOf(id, cut) === remainder) builder.addRows(users, row, row + 1);
    }
  }
  const [shard] = builder.buildParts(1);
  const model = await readModel(ports, index.model);
  const { scorer } = isTrained ? await readJson(ports.objects, scorerName(job), UploadScorer) : {};
  const representation = scorer && (await readScorer(ports, scorer)).scorer.representation;
  const { hashes, bands, rows } = index;
  const base = `${filePrefix(job.population, generation, writerOf(job))}-${place}`;
  const entry = await writeShard(
    ports,
    base,
    shard,
    { model, representation, hashes, banding: { bands, rows } },
    withGraph,
  );
  await writeJson(ports.objects, indexedName(job, place), { ...entry, part: remainder });
}

export function indexedName(job: UploadJob, place: number): string {
  return `${jobFolder(job)}indexed/${numbered(place)}.json`;
}
