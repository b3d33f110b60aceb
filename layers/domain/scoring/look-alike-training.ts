/**
 * Trains the look-alike attention scorer on pseudo-campaigns, and stops when campaigns that it never learned from are no
 * longer found better.
 *
 * Reference: Liu et al. 2019 (RALM) §4.3: C = 20 centroids anew in every epoch, Adam, sigmoid cross entropy. A target is never
 *            among the seeds that were clustered for it. Departures: the layer begins as a whitening (whitening.ts), not at
 *            random; likes and others weigh alike in the loss.
 *            Chance is drawn anew in each epoch, so that a training that is gone on with comes to the same.
 * Shapes:    points (M×D), R = D.
 * Cost:      an epoch is a k-means and BATCHES_A_CAMPAIGN batches for each campaign.
 */

import { placesAmong } from '../evaluation/places.ts';
import { pointsAt } from '../features/embedding.ts';
import { compareTexts } from '../features/text-order.ts';
import { Adam, type AdamMemory } from '../kernels/adam.ts';
import type { Numbers } from '../kernels/numbers.ts';
import { hashText, type Random, seededRandom, shuffled } from '../random.ts';
import { type AttentionWeights, prepareAudience } from './attention.ts';
import { attentionScores } from './attention-scores.ts';
import { kMeans } from './k-means.ts';
import {
  addLookAlikeGradient,
  emptyLookAlike,
  type LookAlikeBatch,
  type LookAlikeWeights,
} from './look-alike-learning.ts';
import type { PlacedPeople, PseudoCampaign } from './pseudo-campaigns.ts';
import { whiteningLayer } from './whitening.ts';

export interface LookAlikeTerms {
  readonly clusters: number;
  readonly globalShare: number;
  readonly epochs: number;
  readonly rate: number;
  readonly seed: number;
}

/** How well campaigns were found that were not learned from: mean AUC. */
export interface TrainingCurve {
  readonly campaigns: number;
  readonly heldOut: number;
  readonly untrained: number;
  /** Before the first epoch, and after each. */
  readonly epochs: readonly { readonly loss: number; readonly auc: number }[];
  /** What was kept: the index in `epochs`, or −1 for the untrained scorer. */
  readonly kept: number;
  /** Absent while there is more to do. */
  readonly ended?: 'all epochs' | 'no better epoch' | 'the loss was no number' | 'out of time' | undefined;
}

/** How far a training has come, as plain data: whoever has it and the campaigns can go on from there. */
export interface TrainingState {
  readonly weights: LookAlikeWeights;
  readonly adam: AdamMemory;
  /** Absent where no epoch found the held-out campaigns better than the untrained scorer does. */
  readonly best?: LookAlikeWeights | undefined;
  /** How the held-out campaigns were found by what is best so far. */
  readonly judged: readonly JudgedItem[];
  readonly curve: TrainingCurve;
}

export interface JudgedItem {
  readonly item: string;
  readonly group: string;
  readonly auc: number;
}

/** A fifth, as in the folds of seeds. */
const HELD_OUT_SHARE = 0.2;
const BATCHES_A_CAMPAIGN = 2;
const BATCH_LIKES = 64;
const BATCH_OTHERS = 192;
/** So many epochs without a better one end the training. */
const PATIENCE = 3;
/** The sigmoid's start: cosines of about half a unit apart are told apart surely. */
const TEMPERATURE = 5;

/** Whether enough campaigns are there to learn from some and to judge by others. */
export function canTrain(campaigns: readonly PseudoCampaign[]): boolean {
  return new Set(campaigns.map(({ group }) => group)).size >= 2;
}

/** From the beginning to the end. */
export function trainLookAlike(
  campaigns: readonly PseudoCampaign[],
  population: Float32Array,
  dimensions: number,
  terms: LookAlikeTerms,
  watch: (state: TrainingState) => void,
): TrainingState {
  const dealt = dealCampaigns(campaigns, dimensions, terms);
  let state = beginTraining(dealt, population, terms);
  while (!state.curve.ended) {
    watch(state);
    state = trainEpoch(dealt, terms, state);
  }
  return state;
}

/** Before the first epoch. `population` (M×D) is whom the layer begins to whiten. */
export function beginTraining(
  { learned, judges, dimensions }: DealtCampaigns,
  population: Float32Array,
  terms: LookAlikeTerms,
): TrainingState {
  const { clusters, globalShare } = terms;
  const weights = { ...whitenedStart(population, dimensions), clusters, globalShare };
  const plain = judgeBy(judges, dimensions);
  const whitened = judgeBy(judges, dimensions, weights);
  const [untrained, auc] = [meanOf(plain), meanOf(whitened)];
  return {
    weights,
    adam: new Adam(terms.rate).memoryOf(tensorsOf(weights)),
    best: auc > untrained ? weights : undefined,
    judged: auc > untrained ? whitened : plain,
    curve: {
      campaigns: learned.length,
      heldOut: judges.length,
      untrained,
      epochs: [{ loss: Number.NaN, auc }],
      kept: auc > untrained ? 0 : -1,
      ended: terms.epochs === 0 ? 'all epochs' : undefined,
    },
  };
}

/** One epoch further: the same whether those before it ran here or elsewhere. */
export function trainEpoch(
  { learned, judges, dimensions }: DealtCampaigns,
  terms: LookAlikeTerms,
  { weights: before, adam: memory, best, judged, curve }: TrainingState,
): TrainingState {
  const epoch = curve.epochs.length;
  const weights = structuredClone(before);
  const adam = Adam.from(memory, tensorsOf(weights), terms.rate);
  const random = seededRandom(hashText(`epoch ${epoch}`, terms.seed));
  const loss = runEpoch(learned, weights, adam, terms.clusters, random);
  if (!Number.isFinite(loss))
    return { weights, adam: memory, best, judged, curve: { ...curve, ended: 'the loss was no number' } };
  const found = judgeBy(judges, dimensions, weights);
  const auc = meanOf(found);
  const isBest = auc > Math.max(curve.untrained, ...curve.epochs.map((each) => each.auc));
  const kept = isBest ? epoch : curve.kept;
  const isIdle = epoch - Math.max(0, kept) === PATIENCE;
  const ended = isIdle ? 'no better epoch' : epoch >= terms.epochs ? 'all epochs' : undefined;
  return {
    weights,
    adam: adam.memoryOf(tensorsOf(weights)),
    best: isBest ? weights : best,
    judged: isBest ? found : judged,
    curve: { ...curve, epochs: [...curve.epochs, { loss, auc }], kept, ended },
  };
}

function tensorsOf(weights: LookAlikeWeights): Numbers[] {
  return LEARNED.map((name) => weights[name]);
}

/** Campaigns to learn from, and others to judge by. */
export interface DealtCampaigns {
  readonly dimensions: number;
  readonly learned: readonly PseudoCampaign[];
  readonly judges: readonly Judge[];
  /** The items of the campaigns to judge by. */
  readonly heldOut: ReadonlySet<string>;
}

/** A campaign with its seeds, as their centroids, and whom to find: the same in every epoch. */
interface Judge {
  readonly item: string;
  readonly group: string;
  readonly centroids: Float64Array;
  readonly targets: Uint32Array;
  readonly likes: PlacedPeople;
  readonly others: PlacedPeople;
}

/**
 * Whole groups are held out until a fifth of the campaigns are; some group is always learned from. By the hashes of their names,
 * so that of other points of the same people the same are held out.
 */
export function dealCampaigns(
  campaigns: readonly PseudoCampaign[],
  dimensions: number,
  { clusters, seed }: LookAlikeTerms,
): DealtCampaigns {
  const groups = [...new Set(campaigns.map(({ group }) => group))];
  groups.sort((left, right) => hashText(left, seed) - hashText(right, seed) || compareTexts(left, right));
  const isHeldOut = new Set<string>();
  let count = 0;
  for (const each of groups.slice(0, -1)) {
    if (count >= HELD_OUT_SHARE * campaigns.length) break;
    isHeldOut.add(each);
    count += campaigns.filter(({ group }) => group === each).length;
  }
  const heldOut = campaigns.filter(({ group }) => isHeldOut.has(group));
  const judges = heldOut.map(({ item, group, likes, others }) => {
    const [centroids, targets] = seedsAndTargets(likes, dimensions, clusters, seededRandom(seed));
    return { item, group, centroids, targets, likes, others };
  });
  return {
    dimensions,
    learned: campaigns.filter(({ group }) => !isHeldOut.has(group)),
    judges,
    heldOut: new Set(heldOut.map(({ item }) => item)),
  };
}

function whitenedStart(population: Float32Array, D: number): LookAlikeWeights {
  const weights = emptyLookAlike(D, D);
  const { layer, bias } = whiteningLayer(population, D);
  weights.layer.set(layer);
  weights.layerBias.set(bias);
  weights.slope[0] = 1;
  for (let d = 0; d < D; d++) weights.local[d * D + d] = weights.global[d * D + d] = 1;
  weights.calibration[0] = TEMPERATURE;
  return weights;
}

/** Each campaign's seeds are clustered anew, and the rest of its likes are told from others; the mean loss. */
function runEpoch(
  campaigns: readonly PseudoCampaign[],
  weights: LookAlikeWeights,
  adam: Adam,
  clusters: number,
  random: Random,
): number {
  const D = weights.dimensions;
  let loss = 0;
  const gradient = emptyLookAlike(weights.dimensions, weights.outputs);
  for (const n of shuffled(Uint32Array.from(campaigns.keys()), random)) {
    const { likes, others } = campaigns[n];
    const [centroids, targets] = seedsAndTargets(likes, D, clusters, random);
    for (let batch = 0; batch < BATCHES_A_CAMPAIGN; batch++) {
      const some = shuffled(targets, random).subarray(0, BATCH_LIKES);
      const rest = Uint32Array.from(
        { length: BATCH_OTHERS },
        () => others.rows[Math.floor(random() * others.rows.length)],
      );
      loss += addLookAlikeGradient(gradient, weights, batchOf(centroids, likes, some, others, rest, D));
      adam.beginStep();
      for (const name of LEARNED) adam.move(weights[name], gradient[name]);
    }
  }
  return loss / (campaigns.length * BATCHES_A_CAMPAIGN);
}

const LEARNED = ['layer', 'layerBias', 'slope', 'local', 'global', 'globalQuery', 'calibration'] as const;

/** Half of the people are seeds, as their centroids; the other half are whom to find. */
function seedsAndTargets(
  { points, rows }: PlacedPeople,
  D: number,
  clusters: number,
  random: Random,
): [Float64Array, Uint32Array] {
  const order = shuffled(rows, random);
  const half = order.length >> 1;
  return [kMeans(pointsAt(points, order.subarray(0, half), D), D, clusters, random).centroids, order.subarray(half)];
}

function batchOf(
  centroids: Float64Array,
  likes: PlacedPeople,
  some: Uint32Array,
  others: PlacedPeople,
  rest: Uint32Array,
  D: number,
): LookAlikeBatch {
  const N = some.length + rest.length;
  const targets = new Float64Array(N * D);
  targets.set(pointsAt(likes.points, some, D));
  targets.set(pointsAt(others.points, rest, D), some.length * D);
  const labels = new Uint8Array(N).fill(1, 0, some.length);
  const shares = new Float64Array(N).fill(0.5 / some.length, 0, some.length).fill(0.5 / rest.length, some.length);
  return { centroids, targets, labels, shares };
}

function judgeBy(judges: readonly Judge[], D: number, scorer?: AttentionWeights): JudgedItem[] {
  return judges.map(({ item, group, centroids, targets, likes, others }) => {
    const audience = prepareAudience(centroids, D, scorer);
    const places = placesAmong(
      attentionScores(audience, likes.points, targets),
      attentionScores(audience, others.points, others.rows),
    );
    return { item, group, auc: places.reduce((sum, place) => sum + place, 0) / places.length };
  });
}

function meanOf(judged: readonly JudgedItem[]): number {
  return judged.reduce((sum, { auc }) => sum + auc, 0) / judged.length;
}

/** Fewer groups do not tell what is better of what happens to be. */
const LEAST_GROUPS = 8;
const CLEARLY = 2;

/** Whether the one finds the same held-out items better by more than two standard errors, of groups that each count once. */
export function isClearlyBetter(one: readonly JudgedItem[], other: readonly JudgedItem[]): boolean {
  const before = new Map(other.map(({ item, auc }) => [item, auc]));
  const both = one.filter(({ item }) => before.has(item));
  const gains = Map.groupBy(both, ({ group }) => group)
    .values()
    .map((items) => items.reduce((sum, { item, auc }) => sum + auc - (before.get(item) ?? auc), 0) / items.length)
    .toArray();
  if (gains.length < LEAST_GROUPS) return false;
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (gains.length - 1);
  return mean > CLEARLY * Math.sqrt(variance / gains.length);
}
