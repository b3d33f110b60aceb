/**
 * Trains the attention scorer of a population, and says of what, how, and what that is worth. A training that was stopped is gone
 * on with: after each epoch it is put down how far it has come.
 */
import * as z from 'zod';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import type { Shard } from '#domain/features/shard.ts';
import type { AttentionScorer } from '#domain/ranking/by-attention.ts';
import { CODE_VERSION } from './code-version.ts';
import { sha256Of } from './digest.ts';
import { NothingToLearn } from './errors.ts';
import { ATTENTION_RATE, learnScorer, type Progress, REPRESENTATION_TERMS, SIZES } from './learn-scorer.ts';
import { partsPrefix } from './population.ts';
import type { Ports } from './ports.ts';
import { readIfAny } from './stored-json.ts';
import { TrainingFigures, TrainingOptions, type TrainingWatch } from './training.ts';

/** What a trained scorer is, for people: how it was made, of what, and what that was worth. */
export const ScorerCard = z.object({
  model: z.string(),
  settings: z.object({
    ...TrainingOptions.shape,
    rate: z.number(),
    dimensions: z.int(),
    representation: z.record(z.string(), z.number()),
  }),
  data: z.object({
    population: z.string(),
    generation: z.int(),
    /** Of so many users, a sample of these was learned from. */
    users: z.int(),
    sampled: z.int(),
    features: z.int(),
    /** Of the sample, as a shard. */
    sha256: z.string(),
  }),
  figures: TrainingFigures,
});
export type ScorerCard = z.infer<typeof ScorerCard>;

export interface TrainedScorer {
  /** Empty where nothing that was learned finds held-out items better than the untrained scorer. */
  readonly scorer: AttentionScorer;
  readonly card: ScorerCard;
}

/** The sample of users to learn from, of the population that it was taken from. */
export interface TrainingData {
  readonly population: string;
  readonly generation: number;
  readonly users: number;
  readonly sample: Shard;
  readonly model: EmbeddingModel;
}

/** A training as a part of making a generation. */
export interface Training {
  /** Whether a generation without it will do where there is nothing to learn from. */
  readonly isOptional: boolean;
  readonly options: TrainingOptions;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly watch: TrainingWatch;
}

/** Throws NothingToLearn where that is so. */
export async function trainScorer(
  ports: Ports,
  data: TrainingData,
  { options, clock, watch }: Omit<Training, 'isOptional'>,
): Promise<TrainedScorer> {
  const sha256 = await sha256Of(ports.shardFormat.encode(data.sample));
  const checkpoint = await checkpointName(data, sha256, options);
  const before = await readIfAny(ports.objects, checkpoint);
  const learned = await learnScorer(data.sample, data.model, {
    options,
    clock,
    watch,
    ...(before && { before: ports.dataFormat.decode<Progress>(before) }),
    save: (progress) => ports.objects.write(checkpoint, ports.dataFormat.encode(progress)),
  });
  // What ran out of time can be gone on with.
  if (!learned.isOutOfTime) await ports.objects.remove([checkpoint]);
  return { scorer: learned.scorer, card: cardOf(data, options, sha256, learned.figures) };
}

/** The same; nothing where there is nothing to learn from and that will do. */
export async function trainIfPossible(
  ports: Ports,
  data: TrainingData,
  training: Training,
): Promise<TrainedScorer | undefined> {
  try {
    return await trainScorer(ports, data, training);
  } catch (error) {
    if (training.isOptional && error instanceof NothingToLearn) return undefined;
    throw error;
  }
}

/** The same data and options go on where they stopped, by the same code; a longer time makes no other training. */
async function checkpointName(
  { population, model }: TrainingData,
  sha256: string,
  options: TrainingOptions,
): Promise<string> {
  const identity = await sha256Of(
    JSON.stringify([CODE_VERSION, sha256, { ...options, minutes: undefined }, model.dimensions]),
  );
  return `${partsPrefix(population)}training-${identity.slice(0, 16)}.bin`;
}

function cardOf(
  { population, generation, users, sample, model }: TrainingData,
  options: TrainingOptions,
  sha256: string,
  figures: TrainingFigures,
): ScorerCard {
  const { dimensions } = model;
  const representation = { ...SIZES[options.merge], ...REPRESENTATION_TERMS };
  return {
    model: 'look-alike attention (Liu et al. 2019), one layer, trained on features as campaigns',
    settings: { ...options, rate: ATTENTION_RATE, dimensions, representation },
    data: { population, generation, users, sampled: sample.ids.length, features: sample.features.length, sha256 },
    figures,
  };
}
