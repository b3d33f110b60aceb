/**
 * Scores of people by models that did not see them as seeds: what a stack or trees may learn from, and what tells their
 * worth. In each fold every input is fitted without the fold's seeds, which stand among the others.
 *
 * Shapes: heldOut M columns of (N), each user scored by his or her own fold's models; `scoresOf(k)` M columns of (N), all
 *         users by the models of fold k. Standardised by the others, fold by fold.
 * Cost:   FOLD_COUNT + 1 fits of each input.
 */
import { type LinearModel, linearModelOf } from '../scoring/linear-model.ts';
import { finiteInPlace } from '../scoring/linear-score.ts';
import { type BlendInput, blendStage, fitInput, userScores } from './blend-inputs.ts';
import { dealFolds, FOLD_COUNT, otherRows } from './folds.ts';
import { labelsOf } from './regression-choice.ts';
import type { TrainingSet } from './training-set.ts';

export interface Standard {
  readonly mean: number;
  readonly deviation: number;
  /** What is beyond counts as this. */
  readonly most: number;
}

export interface CrossFit {
  readonly inputs: readonly BlendInput[];
  readonly fold: Uint8Array;
  readonly heldOut: readonly Float32Array[];
  scoresOf(k: number): Float32Array[];
  /** Fitted on all seeds, with what standardises them. */
  readonly models: readonly LinearModel[];
  readonly standards: readonly Standard[];
  /** All users by the models fitted on all seeds. */
  readonly final: readonly Float32Array[];
}

export function crossFit(set: TrainingSet, inputs: readonly BlendInput[], seed: number): CrossFit {
  const stage = blendStage(set);
  const fold = dealFolds(set, seed);
  const others = otherRows(set);
  const before = new Map<string, Float64Array>();
  const fitAll = (isHeldOut: (row: number) => boolean) => {
    const labels = labelsOf(set, isHeldOut);
    return inputs.map((input) => fitInput(input, stage, labels, before));
  };
  const scored = (weights: readonly Float64Array[]) =>
    inputs.map(({ scaling, ceiling }, m) => {
      // As float32, which is what the model will give: trees must find a user on the side where they were fitted.
      const scores = finiteInPlace(userScores(stage, scaling, weights[m]));
      const standard = standardOf(scores, others, ceiling);
      return { scores: standardised(scores, standard), standard };
    });
  const weights = fitAll(() => false);
  const final = scored(weights);
  const byFold = Array.from({ length: FOLD_COUNT }, (_, k) =>
    fitAll((row) => set.isSeed[row] === 1 && fold[row] === k),
  );
  const heldOut = inputs.map(() => new Float32Array(fold.length));
  for (let k = 0; k < FOLD_COUNT; k++) {
    scored(byFold[k]).forEach(({ scores }, m) => {
      for (let row = 0; row < fold.length; row++) if (fold[row] === k) heldOut[m][row] = scores[row];
    });
  }
  return {
    inputs,
    fold,
    heldOut,
    scoresOf: (k) => scored(byFold[k]).map(({ scores }) => scores),
    models: inputs.map(({ scaling }, m) => linearModelOf(weights[m], scaling, stage.rows[scaling], stage.rarity)),
    standards: final.map(({ standard }) => standard),
    final: final.map(({ scores }) => scores),
  };
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
  return finiteInPlace(Float32Array.from(scores, (score) => (Math.min(score, most) - mean) / deviation));
}
