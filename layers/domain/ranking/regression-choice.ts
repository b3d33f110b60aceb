/**
 * Which scaling and which strength of the penalty a logistic regression needs: what finds held-out seeds best.
 *
 * Cost: fits on a sample of the others, in as many folds as hold some thousand seeds. Where those are not all, first one
 *       strength of each scaling, and then the others of those scalings that are not clearly worse; else all. Along the
 *       strengths, and from fold to fold, each fit begins where the last one ended.
 */
import { advantage, placesAmong, worthOf } from '../evaluation/places.ts';
import { SCALINGS, type Scaling, scaledScores } from '../scoring/linear-model.ts';
import { fitLogisticRegression, guessWeights, type ScaledRows } from '../scoring/logistic-regression.ts';
import { FOLD_COUNT, heldOutRows, otherRows, triedFolds } from './folds.ts';
import { type Labels, type LearningStage, labelsOf, sampledStage, stageLabels } from './learning-stage.ts';
import { countsAmong, drawOthers } from './other-sample.ts';
import { seedCountOf, type TrainingSet } from './training-set.ts';

/** C, from the strongest penalty to the weakest. Rows as they are, are longer, and need it stronger. */
export const STRENGTHS: Readonly<Record<Scaling, readonly number[]>> = {
  none: [0.03, 0.1, 0.3, 1],
  unit: [0.3, 1, 3, 10],
  'idf-unit': [0.3, 1, 3, 10],
};

/** Where nothing can be held out, and for rows of unit length: the reference of docs/rankers.md. */
export const UNTESTED_STRENGTH = 1;

/** Good enough for a ranking: a tenth of it moves no mean of the six sets of docs/datasets.md by more than 0.0025. */
const TOLERANCE = 1e-2;
/** From where comparisons of strengths begin: the others end near them, and so are told apart by no more than their strength. */
const CLOSE_TOLERANCE = 1e-3;

/** A choice is among few, and near ones are worth the same: so many held-out seeds tell. */
const ENOUGH_HELD_OUT = 1_000;
/** Of more seeds a scaling is dropped if another is better by more than so many standard errors. */
const CLEARLY = 2;

export interface RegressionChoice {
  readonly scaling: Scaling;
  readonly strength: number;
}

export function regress(
  rows: ScaledRows,
  labels: Labels,
  strength: number,
  start?: Float64Array,
  tolerance = TOLERANCE,
): Float64Array {
  const settings = { strength, tolerance };
  return fitLogisticRegression(rows, labels, settings, start ?? guessWeights(rows, labels, settings)).weights;
}

/** What is left open: the scalings and, unless they are all of each scaling's, the strengths. */
export interface OpenChoice {
  readonly scalings: readonly Scaling[];
  readonly strengths?: readonly number[] | undefined;
}

/** The best by AUC and recall of held-out seeds. */
export function chooseRegression(
  set: TrainingSet,
  stage: LearningStage,
  fold: Uint8Array,
  { scalings, strengths }: OpenChoice = { scalings: SCALINGS },
): RegressionChoice {
  const [only] = scalings;
  if (scalings.length === 1 && strengths?.length === 1) return { scaling: only, strength: strengths[0] };
  // Without the one seed that there is, nothing is known that could tell one choice from another.
  if (seedCountOf(set) < 2) {
    return { scaling: scalings.includes('unit') ? 'unit' : scalings[0], strength: UNTESTED_STRENGTH };
  }
  const share = seedShareOf(set);
  const foldCount = triedFolds(seedCountOf(set), ENOUGH_HELD_OUT, 1);
  const trialOf = choiceTrials(set, stage, fold, foldCount);
  const strengthsOf = (scaling: Scaling) => strengths ?? STRENGTHS[scaling];
  const firsts = scalings.map((scaling) => trialOf(scaling, middleOf(strengthsOf(scaling))));
  const isClearlyWorse = ({ places }: ChoiceTrial) =>
    firsts.some((other) => advantage(other.places, places, share) > CLEARLY);
  const left = foldCount === FOLD_COUNT ? firsts : firsts.filter((first) => !isClearlyWorse(first));
  const trials = left.flatMap((first) =>
    strengthsOf(first.scaling).map((strength) =>
      strength === first.strength ? first : trialOf(first.scaling, strength),
    ),
  );
  const worths = trials.map(({ places }) => places.reduce((sum, place) => sum + worthOf(place, share), 0));
  // By more than rounding: equal choices are decided by their order.
  const best = worths.reduce((high, worth, t) => (worth > worths[high] * (1 + 1e-9) ? t : high), 0);
  const { scaling, strength } = trials[best];
  return { scaling, strength };
}

function middleOf(strengths: readonly number[]): number {
  return strengths[(strengths.length - 1) >> 1];
}

interface ChoiceTrial extends RegressionChoice {
  /** Of the seeds of the folds that are tried. */
  readonly places: Float64Array;
}

/** A function that tries a choice in so many folds. */
function choiceTrials(set: TrainingSet, stage: LearningStage, fold: Uint8Array, foldCount: number) {
  const drawn = drawOthers(set);
  const sample = drawn ? sampledStage(stage, countsAmong(set, drawn)) : stage;
  const others = otherRows(set).filter((row) => drawn?.[row] !== 0);
  const folds = Array.from({ length: foldCount }, (_, k) => ({
    held: heldOutRows(set, fold, k),
    labels: stageLabels(
      sample,
      labelsOf(set, (row) => set.isSeed[row] === 1 && fold[row] === k),
    ),
  })).filter(({ held }) => held.length > 0);
  const last = new Map<Scaling, Float64Array>();
  return (scaling: Scaling, strength: number): ChoiceTrial => {
    const places = folds.map(({ held, labels }) => {
      const start = last.get(scaling);
      const weights = regress(sample.rows[scaling], labels, strength, start, start ? TOLERANCE : CLOSE_TOLERANCE);
      last.set(scaling, weights);
      const scores = scaledScores(sample.rows[scaling], weights);
      const scoresOf = (users: Uint32Array) => Float32Array.from(users, (user) => scores[sample.groups[user]]);
      return placesAmong(scoresOf(held), scoresOf(others));
    });
    return { scaling, strength, places: Float64Array.from(places.flatMap((some) => [...some])) };
  };
}

/** As many as there are seeds, as a share of everybody. */
export function seedShareOf(set: TrainingSet): number {
  return seedCountOf(set) / Math.max(1, set.isSeed.length);
}
