/**
 * Learns an attention scorer of people: the attention on their stored points, then points of its own and the attention on
 * those, which are kept only where they find held-out items clearly better. Neither has been told them. One after the other, an epoch at a time, so that it can be stopped and gone on
 * with.
 */
import type { Merge } from '#domain/embedding/field-merge.ts';
import { placeUsers } from '#domain/embedding/place-users.ts';
import { representedUsers } from '#domain/embedding/represented-users.ts';
import type { RepresentationShape, UserRepresentation } from '#domain/embedding/user-representation.ts';
import { PAPERS_TRAINING, trainUserRepresentation } from '#domain/embedding/user-representation-training.ts';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import { dropFeatures, fieldOf, type Shard } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import type { AttentionScorer } from '#domain/ranking/by-attention.ts';
import {
  beginTraining,
  canTrain,
  dealCampaigns,
  isClearlyBetter,
  type TrainingCurve,
  type TrainingState,
  trainEpoch,
} from '#domain/scoring/look-alike-training.ts';
import { LEAST_LIKES, pseudoCampaigns } from '#domain/scoring/pseudo-campaigns.ts';
import { Invalid, NothingToLearn } from './errors.ts';
import { hintOf } from './nearest-names.ts';
import type { TrainingFigures, TrainingOptions, TrainingProgress, TrainingWatch } from './training.ts';

/** Adam's: the paper's. */
export const ATTENTION_RATE = 0.001;

/** The paper pools by the mean, power 1: between that and the sum, how much somebody has counts as well. */
export const SIZES: Readonly<Record<Merge, Omit<RepresentationShape, 'merge' | 'dimensions'>>> = {
  attention: { attention: 32, hidden: 128, poolingPower: 0.5 },
  concatenation: { attention: 0, hidden: 128, poolingPower: 0.5 },
};

/** The paper's, but for the length: what a laptop does in about a minute. */
export const REPRESENTATION_TERMS = { ...PAPERS_TRAINING, epochs: 8, mostPairs: 150_000 };

/** How far a learning has come: plain data. */
export interface Progress {
  readonly stored?: TrainingState;
  readonly representation?: { readonly model: UserRepresentation; readonly losses: readonly number[] };
  readonly learned?: TrainingState;
}

export interface Learning {
  readonly options: TrainingOptions;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly watch: TrainingWatch;
  readonly before?: Progress;
  readonly save?: (progress: Progress) => Promise<void>;
}

export interface LearnedScorer {
  readonly scorer: AttentionScorer;
  readonly figures: TrainingFigures;
  readonly isOutOfTime: boolean;
}

/** Throws NothingToLearn where next to nobody has anything in common. */
export async function learnScorer(sample: Shard, model: EmbeddingModel, learning: Learning): Promise<LearnedScorer> {
  const learner = new Learner(sample, model.dimensions, learning);
  const { points } = learning.options;
  const before = learning.before ?? {};
  const storedPlace = (shard: Shard) => placeUsers(shard, model).vectors;
  const stored = await learner.attention('attention', storedPlace, before.stored, (state) => ({ stored: state }));
  if (!stored) throw nothingIn();
  const withoutLearned = (reason?: string) => outcomeOf({ stored }, stored, learner.isOver, reason);
  if (points === 'stored') return withoutLearned();
  if (learner.isOver) return withoutLearned(OUT_OF_TIME);
  const representation = before.representation ?? (await learner.representation({ stored }));
  if (typeof representation === 'string') return withoutLearned(representation);
  const learnedPlace = (shard: Shard) =>
    representedUsers(shard, Uint32Array.from(shard.ids.keys()), representation.model);
  const learned = await learner.attention('attention on learned points', learnedPlace, before.learned, (state) => ({
    stored,
    representation,
    learned: state,
  }));
  if (!learned) return withoutLearned('on learned points too few people lie anywhere');
  const kept = points === 'learned' || isClearlyBetter(learned.judged, stored.judged) ? learned : stored;
  return outcomeOf({ stored, representation, learned }, kept, learner.isOver);
}

const MINUTE = 60_000;
const OUT_OF_TIME = 'out of time';

class Learner {
  readonly #sample: Shard;
  readonly #dimensions: number;
  readonly #learning: Learning;
  readonly #began: number;
  readonly #isItem: (feature: string) => boolean;
  /** Items that learned points are judged by, and so are not to be told while they are learned. */
  #heldOut: ReadonlySet<string> = new Set();
  isOver = false;

  constructor(sample: Shard, dimensions: number, learning: Learning) {
    this.#sample = sample;
    this.#dimensions = dimensions;
    this.#learning = learning;
    this.#began = learning.clock();
    this.#isItem = itemsOf(sample, learning.options);
  }

  /** Nothing where there is not enough to learn from. */
  async attention(
    stage: TrainingProgress['stage'],
    place: (shard: Shard) => Float32Array,
    before: TrainingState | undefined,
    progressAt: (state: TrainingState) => Progress,
  ): Promise<TrainingState | undefined> {
    const { epochs, seed, clusters, globalShare } = this.#learning.options;
    const terms = { epochs, seed, clusters, globalShare, rate: ATTENTION_RATE };
    const campaigns = pseudoCampaigns(this.#sample, this.#dimensions, place, seededRandom(seed), this.#isItem);
    if (!canTrain(campaigns)) return undefined;
    const dealt = dealCampaigns(campaigns, this.#dimensions, terms);
    this.#heldOut = dealt.heldOut;
    let state = before ?? beginTraining(dealt, place(this.#sample), terms);
    const paceOf = this.#pace(state.curve.epochs.length);
    while (!state.curve.ended) {
      await this.#learning.watch({ stage, ...attentionProgress(state.curve, epochs, paceOf) });
      if (this.#isTimeOver()) return { ...state, curve: { ...state.curve, ended: OUT_OF_TIME } };
      state = trainEpoch(dealt, terms, state);
      await this.#learning.save?.(progressAt(state));
    }
    return state;
  }

  /** Or why there is none. */
  async representation(before: Progress): Promise<NonNullable<Progress['representation']> | string> {
    const { watch, save, options } = this.#learning;
    const { merge } = options;
    const shape = { ...SIZES[merge], merge, dimensions: this.#dimensions };
    const terms = { ...REPRESENTATION_TERMS, seed: options.seed };
    const { epochs } = terms;
    const people = dropFeatures(this.#sample, new Set(options.drop));
    const isTold = (feature: string) => this.#isItem(feature) && !this.#heldOut.has(feature);
    const paceOf = this.#pace(0);
    const losses: number[] = [];
    await watch({ stage: 'representation', epoch: 0, epochs, secondsLeft: this.#secondsLeft() });
    for (const { model, loss } of trainUserRepresentation(people, shape, terms, isTold)) {
      losses.push(loss);
      await watch({
        stage: 'representation',
        epoch: losses.length,
        epochs,
        loss,
        secondsLeft: paceOf(losses.length, epochs),
      });
      if (!Number.isFinite(loss)) return 'the loss was no number';
      if (losses.length === epochs) {
        const representation = { model, losses };
        await save?.({ ...before, representation });
        return representation;
      }
      if (this.#isTimeOver()) break;
    }
    return OUT_OF_TIME;
  }

  #isTimeOver(): boolean {
    this.isOver ||= this.#secondsLeft() <= 0;
    return this.isOver;
  }

  #secondsLeft(): number {
    const { clock, options } = this.#learning;
    return Math.max(0, options.minutes * MINUTE - (clock() - this.#began)) / 1_000;
  }

  /** How long the epochs that are left will take by those that were run since now, at most. */
  #pace(first: number): (done: number, all: number) => number {
    const { clock } = this.#learning;
    const began = clock();
    return (done, all) => {
      const toCome = done > first ? ((clock() - began) / (done - first)) * (all - done) : Number.POSITIVE_INFINITY;
      return Math.min(toCome / 1_000, this.#secondsLeft());
    };
  }
}

function itemsOf(sample: Shard, { items, drop }: TrainingOptions): (feature: string) => boolean {
  const fields = [...new Set(sample.features.map(fieldOf))];
  const strange = items.find((field) => !fields.includes(field));
  if (strange !== undefined)
    throw new Invalid(
      `expected items to be fields of the population, got ${JSON.stringify(strange)}${hintOf(strange, fields)}`,
    );
  const [wanted, dropped] = [new Set(items.length === 0 ? fields : items), new Set(drop)];
  return (feature) => wanted.has(fieldOf(feature)) && !dropped.has(feature);
}

function nothingIn(): NothingToLearn {
  return new NothingToLearn(
    `expected features of two kinds or more, each with at least ${LEAST_LIKES} users and as many others, to train on, got fewer`,
  );
}

function attentionProgress(
  curve: TrainingCurve,
  epochs: number,
  paceOf: (done: number, all: number) => number,
): Omit<TrainingProgress, 'stage'> {
  const { loss, auc } = curve.epochs[curve.epochs.length - 1];
  return {
    epoch: curve.epochs.length - 1,
    epochs,
    loss: Number.isFinite(loss) ? loss : undefined,
    auc,
    untrained: curve.untrained,
    best: bestOf(curve),
    secondsLeft: paceOf(curve.epochs.length, epochs + 1),
  };
}

function bestOf({ untrained, epochs }: TrainingCurve): number {
  return Math.max(untrained, ...epochs.map(({ auc }) => auc));
}

function outcomeOf(
  { stored, representation, learned }: Progress & { readonly stored: TrainingState },
  kept: TrainingState,
  isOutOfTime: boolean,
  unlearned?: string,
): LearnedScorer {
  const isLearned = kept === learned;
  return {
    scorer: { weights: kept.best, ...(isLearned && representation && { representation: representation.model }) },
    figures: {
      campaigns: stored.curve.campaigns,
      heldOut: stored.curve.heldOut,
      points: isLearned ? 'learned' : 'stored',
      untrained: stored.curve.untrained,
      auc: bestOf(kept.curve),
      stored: curveOf(stored.curve),
      ...(unlearned !== undefined && { unlearned }),
      ...(learned && { learned: { ...curveOf(learned.curve), losses: [...(representation?.losses ?? [])] } }),
    },
    isOutOfTime,
  };
}

function curveOf({ untrained, epochs, kept, ended }: TrainingCurve): TrainingFigures['stored'] {
  return {
    untrained,
    epochs: epochs.map(({ loss, auc }) => ({ loss: Number.isFinite(loss) ? loss : null, auc })),
    kept,
    ended: ended ?? '',
  };
}
