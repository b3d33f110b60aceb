/**
 * Between the fit and the index of an upload: the attention scorer learns of the new generation, where that is wanted. A training
 * that a function could not end is gone on with by the next that tries.
 */
import * as z from 'zod';
import { FileEntry } from '../manifest.ts';
import { readModel } from '../population-index.ts';
import type { StepPorts } from '../ports.ts';
import { filePrefix, writeScorer } from '../publish-generation.ts';
import { TrainingSample } from '../retrieval-index.ts';
import type { Settings } from '../settings.ts';
import { readJson, writeJson } from '../stored-json.ts';
import { ScorerCard, trainIfPossible } from '../train-scorer.ts';
import { type FittedUpload, fitName, UploadFit } from './fit-upload.ts';
import { leftRows, mergedName } from './merge-users.ts';
import { jobFolder, planName, type UploadJob, UploadPlan, writerOf } from './upload-job.ts';
import { tellStatus } from './upload-status.ts';

export const UploadScorer = z.object({ scorer: FileEntry.optional(), card: ScorerCard.optional() });

export async function trainUpload(
  ports: StepPorts,
  settings: Settings,
  job: FittedUpload,
  clock: () => number,
): Promise<FittedUpload> {
  const { objects } = ports;
  const { parts, training, trainingIsOptional } = await readJson(objects, planName(job), UploadPlan);
  const { generation, index } = await readJson(objects, fitName(job), UploadFit);
  const sample = new TrainingSample(settings.scorerUsers);
  let users = 0;
  for (let part = 0; part < parts; part++) {
    const rows = await leftRows(ports, mergedName(job, part));
    users += rows.ids.length;
    sample.add(rows);
  }
  const { population } = job;
  const model = await readModel(ports, index.model);
  const data = { population, generation, users, sample: sample.shard(), model };
  const scorer = await trainIfPossible(ports, data, {
    options: training,
    isOptional: trainingIsOptional,
    clock,
    watch: (progress) => tellStatus(objects, job, 'training', progress),
  });
  const prefix = filePrefix(population, generation, writerOf(job));
  const written = scorer && (await writeScorer(ports, prefix, scorer));
  await writeJson(objects, scorerName(job), { scorer: written, card: scorer?.card });
  return job;
}

export function scorerName(job: UploadJob): string {
  return `${jobFolder(job)}scorer.json`;
}
