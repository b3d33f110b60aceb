/**
 * Trains the attention scorer of a population on the points that its index has. A training that was stopped is gone on with:
 * after each epoch it is put down how far it has come.
 */
import * as z from 'zod';
import { placeUsers } from '#domain/embedding/place-users.ts';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import { fieldOf, type Shard } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { CLUSTER_COUNT } from '#domain/ranking/by-attention.ts';
import type { AttentionWeights } from '#domain/scoring/attention.ts';
import {
  beginTraining,
  canTrain,
  dealCampaigns,
  type LookAlikeTerms,
  type TrainingState,
  trainEpoch,
} from '#domain/scoring/look-alike-training.ts';
import { LEAST_LIKES, type PseudoCampaign, pseudoCampaigns } from '#domain/scoring/pseudo-campaigns.ts';
import { sha256Of } from './digest.ts';
import { Invalid, NothingToLearn } from './errors.ts';
import { hintOf } from './nearest-names.ts';
import type { Ports } from './ports.ts';
import { readIfAny } from './stored-json.ts';

/** A week: no limit, but for whoever asks for one. */
const MOST_MINUTES = 10_080;

/** What may be said of a training. */
export const TrainingOptions = z.strictObject({
  epochs: z.int().min(0).max(1_000).default(30),
  /** No epoch begins when so many have passed. */
  minutes: z.number().positive().max(MOST_MINUTES).default(MOST_MINUTES),
  /** Fields whose features are learned from; all fields where there are none. */
  items: z.array(z.string()).max(1_000).default([]),
  /** Features that nothing is learned from. */
  drop: z.array(z.string()).max(10_000).default([]),
  seed: z.int().nonnegative().max(9_999_999_999).default(1),
});
export type TrainingOptions = z.infer<typeof TrainingOptions>;

const Figures = z.object({
  campaigns: z.int(),
  heldOut: z.int(),
  untrained: z.number(),
  epochs: z.array(z.object({ loss: z.number().nullable(), auc: z.number() })).min(1),
  kept: z.int(),
  ended: z.string(),
});

/** What a trained scorer is, for people: how it was made, of what, and what that was worth. */
export const ScorerCard = z.object({
  model: z.string(),
  settings: z.object({
    ...TrainingOptions.shape,
    clusters: z.int(),
    rate: z.number(),
    dimensions: z.int(),
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
  figures: Figures,
});
export type ScorerCard = z.infer<typeof ScorerCard>;

export interface TrainedScorer {
  /** Absent where nothing that was learned finds held-out items better than the untrained scorer. */
  readonly weights?: AttentionWeights | undefined;
  readonly card: ScorerCard;
}

/** How far a training has come. */
export interface TrainingProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Of the last epoch; absent before the first. */
  readonly loss?: number | undefined;
  /** On items that nothing was learned from: now, untrained, and the best so far. */
  readonly auc: number;
  readonly untrained: number;
  readonly best: number;
  /** At most. */
  readonly secondsLeft: number;
}

export type TrainingWatch = (progress: TrainingProgress) => void | Promise<void>;

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
  const began = clock();
  const { sample, model } = data;
  const terms: LookAlikeTerms = { ...ATTENTION_TERMS, epochs: options.epochs, seed: options.seed };
  const campaigns = dealCampaigns(campaignsFor(sample, model, options), model.dimensions, terms);
  const sha256 = await sha256Of(ports.shardFormat.encode(sample));
  const checkpoint = await checkpointName(data, sha256, options);
  let state =
    (await checkpointAt(ports, checkpoint)) ?? beginTraining(campaigns, placeUsers(sample, model).vectors, terms);
  const first = state.curve.epochs.length;
  while (!state.curve.ended) {
    const spent = clock() - began;
    await watch(progressOf(state, options, first, spent));
    if (spent >= options.minutes * MINUTE) {
      state = { ...state, curve: { ...state.curve, ended: 'out of time' } };
      break;
    }
    state = trainEpoch(campaigns, terms, state);
    if (!state.curve.ended) await ports.objects.write(checkpoint, ports.dataFormat.encode(state));
  }
  // What ran out of time can be gone on with.
  if (state.curve.ended !== 'out of time') await ports.objects.remove([checkpoint]);
  return { weights: state.best, card: cardOf(data, options, terms, sha256, state) };
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

const MINUTE = 60_000;

/** The paper's, but for the number of epochs, which held-out items decide. */
export const ATTENTION_TERMS = { clusters: CLUSTER_COUNT, rate: 0.001 };

function campaignsFor(sample: Shard, model: EmbeddingModel, { items, drop, seed }: TrainingOptions): PseudoCampaign[] {
  const fields = [...new Set(sample.features.map(fieldOf))];
  const strange = items.find((field) => !fields.includes(field));
  if (strange !== undefined)
    throw new Invalid(
      `expected items to be fields of the population, got ${JSON.stringify(strange)}${hintOf(strange, fields)}`,
    );
  const [wanted, dropped] = [new Set(items.length === 0 ? fields : items), new Set(drop)];
  const campaigns = pseudoCampaigns(
    sample,
    model.dimensions,
    (shard) => placeUsers(shard, model).vectors,
    seededRandom(seed),
    (feature) => wanted.has(fieldOf(feature)) && !dropped.has(feature),
  );
  if (canTrain(campaigns)) return campaigns;
  throw new NothingToLearn(
    `expected features with at least ${LEAST_LIKES} users, of two kinds or more, to train on, got ${campaigns.length}`,
  );
}

/** The same data and options go on where they stopped; a longer time makes no other training. */
async function checkpointName(
  { population, model }: TrainingData,
  sha256: string,
  { epochs, items, drop, seed }: TrainingOptions,
): Promise<string> {
  const identity = await sha256Of(
    JSON.stringify([sha256, { epochs, items, drop, seed }, ATTENTION_TERMS, model.dimensions]),
  );
  return `parts/${population}/training-${identity.slice(0, 16)}.bin`;
}

async function checkpointAt(ports: Ports, name: string): Promise<TrainingState | undefined> {
  const bytes = await readIfAny(ports.objects, name);
  return bytes && ports.dataFormat.decode<TrainingState>(bytes);
}

function progressOf(
  { curve }: TrainingState,
  { epochs, minutes }: TrainingOptions,
  first: number,
  spent: number,
): TrainingProgress {
  const done = curve.epochs.length;
  const last = curve.epochs[done - 1];
  const toCome = done === first ? Number.POSITIVE_INFINITY : (spent / (done - first)) * (epochs - done + 1);
  return {
    epoch: done - 1,
    epochs,
    loss: Number.isFinite(last.loss) ? last.loss : undefined,
    auc: last.auc,
    untrained: curve.untrained,
    best: Math.max(curve.untrained, ...curve.epochs.map(({ auc }) => auc)),
    secondsLeft: Math.max(0, Math.min(toCome, minutes * MINUTE - spent)) / 1_000,
  };
}

function cardOf(
  { population, generation, users, sample, model }: TrainingData,
  options: TrainingOptions,
  { clusters, rate }: LookAlikeTerms,
  sha256: string,
  { curve }: TrainingState,
): ScorerCard {
  const { campaigns, heldOut, untrained, epochs, kept, ended = '' } = curve;
  return {
    model: 'look-alike attention (Liu et al. 2019), one layer, trained on features as campaigns',
    settings: { ...options, clusters, rate, dimensions: model.dimensions },
    data: { population, generation, users, sampled: sample.ids.length, features: sample.features.length, sha256 },
    figures: {
      campaigns,
      heldOut,
      untrained,
      epochs: epochs.map(({ loss, auc }) => ({ loss: Number.isFinite(loss) ? loss : null, auc })),
      kept,
      ended,
    },
  };
}
