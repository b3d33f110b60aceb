/**
 * Scores of people by models that did not see them as seeds: what a stack or trees may learn from, and what tells their
 * worth. In each fold that is tried every input is fitted without the fold's seeds, which stand among the others.
 *
 * Shapes: heldOut M columns of (N), each user scored by his or her own fold's models; byFold, for each fold, M columns of
 *         (N), all users by its models. Standardised by the others, fold by fold.
 * Cost:   a fit of each input for each fold, regressions on a sample of the others; and one on everybody of those that are
 *         asked for in the end.
 */
import { type LinearModel, linearModelOf } from '../scoring/linear-model.ts';
import { finiteInPlace } from '../scoring/linear-score.ts';
import { type BlendInput, fitInputs } from './blend-inputs.ts';
import { dealFolds, otherRows, triedFolds } from './folds.ts';
import { learnerRows } from './learner-rows.ts';
import { type LearningStage, labelsOf, learningStage, sampledStage, userScores } from './learning-stage.ts';
import { countsForAll, drawOthers } from './other-sample.ts';
import { seedCountOf, type TrainingSet } from './training-set.ts';

export interface Standard {
  readonly mean: number;
  readonly deviation: number;
  /** What is beyond counts as this. */
  readonly most: number;
}

/** An input fitted on all seeds, what standardises it, and all users' standardised scores, (N). */
export interface FittedInput {
  readonly name: string;
  readonly model: LinearModel;
  readonly standard: Standard;
  readonly scores: Float32Array;
}

export interface CrossFit {
  readonly fold: Uint8Array;
  /** Of all in the folds that were tried. */
  readonly heldOut: readonly Float32Array[];
  readonly byFold: readonly (readonly Float32Array[])[];
  /** Those to learn from: who has a score of `heldOut`, or some of them. */
  readonly rows: Uint32Array;
}

/** A training set in the making of a blend. */
export interface BlendWork {
  readonly set: TrainingSet;
  readonly stage: LearningStage;
  readonly others: Uint32Array;
  /** What was fitted last, to begin from. */
  readonly before: Map<string, Float64Array>;
}

export function blendWork(set: TrainingSet): BlendWork {
  return { set, stage: learningStage(set), others: otherRows(set), before: new Map() };
}

export function crossFit(work: BlendWork, inputs: readonly BlendInput[], seed: number): CrossFit {
  const { set, stage, before } = work;
  const fold = dealFolds(set, seed);
  const foldCount = triedFolds(seedCountOf(set));
  const drawn = drawOthers(set);
  const sample = drawn ? sampledStage(stage, countsForAll(set, drawn)) : stage;
  const byFold = Array.from({ length: foldCount }, (_, k) => {
    const labels = labelsOf(set, (row) => set.isSeed[row] === 1 && fold[row] === k);
    return scored(work, inputs, fitInputs(inputs, stage, labels, before, sample)).map(({ scores }) => scores);
  });
  const heldOut = inputs.map((_, m) => {
    const own = new Float32Array(fold.length);
    for (let row = 0; row < fold.length; row++) if (fold[row] < foldCount) own[row] = byFold[fold[row]][m][row];
    return own;
  });
  return { fold, heldOut, byFold, rows: learnerRows(set, seed, (row) => fold[row] < foldCount) };
}

export function fitOnAll(work: BlendWork, inputs: readonly BlendInput[]): FittedInput[] {
  const { set, stage, before } = work;
  const weights = fitInputs(inputs, stage, labelsOf(set), before);
  return scored(work, inputs, weights).map((own, m) => {
    const { name, scaling } = inputs[m];
    return { ...own, name, model: linearModelOf(weights[m], scaling, stage.rows[scaling], stage.rarity) };
  });
}

function scored({ stage, others }: BlendWork, inputs: readonly BlendInput[], weights: readonly Float64Array[]) {
  return inputs.map(({ scaling, ceiling }, m) => {
    // As float32, which is what the model will give: trees must find a user on the side where they were fitted.
    const scores = finiteInPlace(userScores(stage, scaling, weights[m]));
    const standard = standardOf(scores, others, ceiling);
    return { scores: standardised(scores, standard), standard };
  });
}

/** Some steps of float32. */
const ROUNDING = 1e-6;

export function standardOf(scores: ArrayLike<number>, rows: Uint32Array, ceiling = Number.POSITIVE_INFINITY): Standard {
  let sum = 0;
  for (const row of rows) sum += scores[row];
  const mean = sum / Math.max(1, rows.length);
  let squares = 0;
  for (const row of rows) squares += (scores[row] - mean) ** 2;
  const deviation = Math.sqrt(squares / Math.max(1, rows.length));
  // Scores that are equal but for rounding tell nobody from anybody.
  const differs = deviation > ROUNDING * Math.abs(mean);
  return {
    mean,
    deviation: differs ? deviation : Number.POSITIVE_INFINITY,
    most: differs ? mean + ceiling * deviation : Number.POSITIVE_INFINITY,
  };
}

export function standardised(scores: ArrayLike<number>, { mean, deviation, most }: Standard): Float32Array {
  const standard = new Float32Array(scores.length);
  for (let n = 0; n < standard.length; n++) standard[n] = (Math.min(scores[n], most) - mean) / deviation;
  return finiteInPlace(standard);
}
