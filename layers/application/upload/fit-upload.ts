/** What all shards of the new generation have in common: how many there are, the embedding's model, and the bands. */
import * as z from 'zod';
import { partCountFor } from '#domain/features/shard-builder.ts';
import { hashText } from '#domain/random.ts';
import { Invalid } from '../errors.ts';
import { ManifestIndex } from '../manifest.ts';
import { ContentsCount, PopulationContents } from '../population-contents.ts';
import type { StepPorts } from '../ports.ts';
import { filePrefix, wantsGraph, writeFit } from '../publish-generation.ts';
import { fitIndex, TrainingSample } from '../retrieval-index.ts';
import type { Settings } from '../settings.ts';
import { readJson, writeJson } from '../stored-json.ts';
import { leftRows, mergedName } from './merge-users.ts';
import { jobFolder, listName, planName, UploadJob, UploadPlan, writerOf } from './upload-job.ts';
import { tellStatus } from './upload-status.ts';

export const UploadFit = z.object({
  generation: z.int().positive(),
  features: z.int().nonnegative(),
  usersWithoutFeatures: z.int().nonnegative(),
  /** Absent where a function of an older release left it. */
  contents: PopulationContents.optional(),
  /** Users are in the shard of the remainder of the hash of their id; shards of nobody are left out. */
  cut: z.int().positive(),
  shards: z.array(z.int().nonnegative()),
  withGraph: z.boolean(),
  index: ManifestIndex,
});

export const FittedUpload = UploadJob.extend({ shards: z.string(), isTrained: z.boolean() });
export type FittedUpload = z.infer<typeof FittedUpload>;

export async function fitUpload(ports: StepPorts, settings: Settings, job: UploadJob): Promise<FittedUpload> {
  const { objects } = ports;
  const { parts, base, graph, isTrained } = await readJson(objects, planName(job), UploadPlan);
  await tellStatus(objects, job, 'merging', { parts });
  const sample = new TrainingSample(settings.maxTrainingUsers);
  const count = new ContentsCount();
  const hashes: Uint32Array[] = [];
  for (let part = 0; part < parts; part++) {
    const users = await leftRows(ports, mergedName(job, part));
    sample.add(users);
    count.add(users);
    hashes.push(Uint32Array.from(users.ids, (id) => hashText(id)));
  }
  const users = hashes.reduce((sum, { length }) => sum + length, 0);
  if (users === 0) throw new Invalid('expected at least one user, got none');
  const all = joined(hashes, users);
  const cut = partCountFor(all, settings.maxShardUsers);
  const shards = occupiedParts(all, cut);
  const generation = base + 1;
  const index = await writeFit(
    ports,
    filePrefix(job.population, generation, writerOf(job)),
    fitIndex(sample.shard(), settings),
  );
  const withGraph = wantsGraph(graph, users, settings);
  const features = count.featureCount;
  const contents = count.contents();
  await writeJson(objects, fitName(job), {
    generation,
    features,
    usersWithoutFeatures: contents.usersWithoutFeatures,
    contents,
    cut,
    shards,
    withGraph,
    index,
  });
  await writeJson(
    objects,
    listName(job, 'shards'),
    shards.map((_, shard) => ({ ...job, shard })),
  );
  await tellStatus(objects, job, 'indexing', { users, features, shards: shards.length });
  return { ...job, shards: listName(job, 'shards'), isTrained };
}

export function fitName(job: UploadJob): string {
  return `${jobFolder(job)}fit.json`;
}

/** The parts of a cut that have users, rising. */
function occupiedParts(hashes: Uint32Array, cut: number): number[] {
  const isOccupied = new Uint8Array(cut);
  for (const hash of hashes) isOccupied[hash % cut] = 1;
  return [...isOccupied.keys()].filter((part) => isOccupied[part]);
}

function joined(parts: readonly Uint32Array[], length: number): Uint32Array {
  const whole = new Uint32Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
