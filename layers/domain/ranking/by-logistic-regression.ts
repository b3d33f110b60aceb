/**
 * Logistic regression: the weights of features that best tell the seeds from the others.
 *
 * Negatives: `all` others; the `exposed`, who were shown the campaign and did not come; some others `sampled` for each seed;
 *            or those whom `spy` seeds tell to be no look-alikes (B. Liu et al. 2002).
 * Scaling and strength are chosen by held-out seeds.
 */

import { hashText } from '../random.ts';
import {
  type LinearModel,
  linearModelOf,
  rarityOf,
  SCALINGS,
  type Scaling,
  scaledScores,
  scaleRows,
} from '../scoring/linear-model.ts';
import { byLinearModel } from './by-linear-model.ts';
import { dealFolds } from './folds.ts';
import { labelsOf, learningStage, stageLabels } from './learning-stage.ts';
import type { Ranker } from './ranker.ts';
import { chooseRegression, type RegressionChoice, regress, UNTESTED_STRENGTH } from './regression-choice.ts';
import { rolesIn, type TrainingSet, trainingSetOf } from './training-set.ts';

export type Negatives = 'all' | 'exposed' | 'sampled' | 'spy';

export interface RegressionModel extends LinearModel {
  readonly choice: RegressionChoice;
}

/** As many negatives for each seed as keep the spread of the result small (sampled), at a tenth of the cost of all. */
const NEGATIVES_PER_SEED = 10;
/** Liu et al. 2002 hide 15 % of the positives, and take as negative who scores below nearly all of them. */
const SPY_SHARE = 0.15;
const SPIES_BELOW = 0.05;

export function byLogisticRegression(
  negatives: Negatives,
  scaling: Scaling | 'chosen',
  seed: number,
  strengths?: readonly number[],
): Ranker<TrainingSet, RegressionModel> {
  return byLinearModel(
    'logistic-regression',
    ({ background, exposed }) => (negatives === 'exposed' ? exposed : background),
    (whole) => {
      const set = withNegatives(whole, negatives, seed);
      return fitChosen(set, scaling === 'chosen' ? SCALINGS : [scaling], strengths, seed);
    },
  );
}

function fitChosen(
  set: TrainingSet,
  scalings: readonly Scaling[],
  strengths: readonly number[] | undefined,
  seed: number,
): RegressionModel {
  const stage = learningStage(set);
  const choice = chooseRegression(set, stage, dealFolds(set, seed), { scalings, strengths });
  const rows = stage.rows[choice.scaling];
  const weights = regress(rows, stageLabels(stage, labelsOf(set)), choice.strength);
  return { ...linearModelOf(weights, choice.scaling, rows, stage.rarity), choice };
}

function withNegatives(set: TrainingSet, negatives: Negatives, seed: number): TrainingSet {
  if (negatives === 'all' || negatives === 'exposed') return set;
  const { seeds, background } = rolesIn(set);
  const chosen =
    negatives === 'sampled' ? sampled(set, seeds, background, seed) : reliable(set, seeds, background, seed);
  // Nobody would be left to tell the seeds from.
  return chosen.length === 0 ? set : trainingSetOf(set.shard, rolesIn(set), chosen);
}

function byHash({ shard: { ids } }: TrainingSet, rows: Uint32Array, seed: number): Uint32Array {
  const hashes = new Map(Array.from(rows, (row) => [row, hashText(ids[row], seed ^ 0x5b1)]));
  return rows.toSorted((left, right) => (hashes.get(left) ?? 0) - (hashes.get(right) ?? 0) || left - right);
}

function sampled(set: TrainingSet, seeds: Uint32Array, background: Uint32Array, seed: number): Uint32Array {
  return byHash(set, background, seed).subarray(0, NEGATIVES_PER_SEED * seeds.length);
}

/** The others who score below nearly all spies: seeds that were hidden among them. */
function reliable(set: TrainingSet, seeds: Uint32Array, background: Uint32Array, seed: number): Uint32Array {
  const spies = byHash(set, seeds, seed).subarray(0, Math.round(SPY_SHARE * seeds.length));
  if (spies.length === 0) return background;
  const hidden = new Set(spies);
  const rarity = rarityOf(set.shard);
  const rows = scaleRows(set.shard.rows, 'unit', rarity);
  const weights = regress(
    rows,
    labelsOf(set, (row) => hidden.has(row)),
    UNTESTED_STRENGTH,
  );
  const scores = scaledScores(rows, weights);
  const spyScores = Float64Array.from(spies, (row) => scores[row]).sort();
  const threshold = spyScores[Math.floor(SPIES_BELOW * spyScores.length)];
  return background.filter((row) => scores[row] < threshold);
}
