/**
 * The ranker that is chosen by evidence: a stack of linear scores, with boosted trees over them where seeds are many; or a
 * single one where that finds held-out seeds better. Fitted again on all seeds when it is chosen.
 *
 * Reference: docs/rankers.md; D. Wolpert 1992 for stacking on held-out scores.
 * Shapes:    S seeds, N users of the training set; places (S).
 * Cost:      three to six fits of some dozen linear scores and, with trees, as many small ensembles (docs/benchmarks.md has the
 *            times).
 */
import { advantage, placesAmong, worthOf } from '../evaluation/places.ts';
import { rowCountOf } from '../features/sparse-matrix.ts';
import { fitStack, stackScores, stackStrength } from '../scoring/stacking.ts';
import { type BlendModel, blendContributions, blendScores } from './blend.ts';
import { BLEND_INPUTS, type BlendInput } from './blend-inputs.ts';
import { type BlendTrees, blendTreeScores, fitBlendTrees } from './blend-trees.ts';
import {
  type BlendWork,
  blendWork,
  type CrossFit,
  crossFit,
  type FittedInput,
  fitOnAll,
  standardOf,
} from './cross-fit.ts';
import { FOLD_COUNT, heldOutRows, LEAST_HELD_OUT, triedFolds } from './folds.ts';
import type { Ranker, Trial, Trials } from './ranker.ts';
import { STRENGTHS, seedShareOf } from './regression-choice.ts';
import { mergeTrainingSets, seedCountOf, type TrainingSet, trainingSetOf } from './training-set.ts';

export interface AutoModel extends BlendModel {
  readonly trials: Trials | undefined;
}

export const STACK = 'stack';
export const STACK_WITH_TREES = 'stack with trees';

/** Below, only inputs that have next to nothing to overfit. */
const FEW_SEEDS = 50;
/** Below, trees learn more of chance than of the seeds. */
const LEAST_SEEDS_FOR_TREES = 100;
/** A single ranker is taken only if it is better by more than so many standard errors: it is the best of many by chance as well. */
const CLEARLY = 2;

/** The unit of effort, in fits: a regression that tries each of its choices in each fold, and is fitted once more. */
const EFFORT_FITS = FOLD_COUNT * Object.values(STRENGTHS).flat().length + 1;
const PASS_FITS = 0.1;
/** Measured: trees take as long as 13 to 21 regressions on short rows, and as less than one on long ones. */
const TREE_FITS = 20;

/** `effort`: how many times as long as a regression that tries all its choices it may take, by the passes over the users. */
export function byAuto(seed: number, effort: number): Ranker<TrainingSet, AutoModel> {
  return {
    name: 'auto',
    gather: (shard, roles) => trainingSetOf(shard, roles, roles.background),
    fit: (evidence) => fitAuto(mergeTrainingSets(evidence), seed, effort),
    score: blendScores,
    explain: blendContributions,
    trials: ({ trials }) => trials,
  };
}

function fitAuto(set: TrainingSet, seed: number, effort: number): AutoModel {
  const seedCount = seedCountOf(set);
  const { inputs, withTrees, skipped } = planFor(seedCount, effort);
  const work = blendWork(set);
  if (seedCount < LEAST_HELD_OUT || seedCount === set.isSeed.length) return untested(fitOnAll(work, inputs));
  const crossed = crossFit(work, inputs, seed);
  const trials = runTrials(work, crossed, inputs, withTrees);
  const share = seedShareOf(set);
  const seedFold = crossed.fold.filter((k, row) => set.isSeed[row] === 1 && k < crossed.byFold.length);
  const winner = chooseWinner(trials, share, () => true);
  const places = new Float64Array(seedFold.length);
  for (let k = 0; k < crossed.byFold.length; k++) {
    const blind = chooseWinner(trials, share, (s) => seedFold[s] !== k);
    blind.places.forEach((place, s) => {
      if (seedFold[s] === k) places[s] = place;
    });
  }
  return {
    ...finalBlend(work, crossed, inputs, winner.name),
    trials: { winner: winner.name, contenders: trials, places, skipped },
  };
}

interface Plan {
  readonly inputs: readonly BlendInput[];
  readonly withTrees: boolean;
  readonly skipped: readonly string[];
}

/** What so many seeds bear, and of that what the effort allows: the dearest goes first. */
export function planFor(seedCount: number, effort: number): Plan {
  const eligible = BLEND_INPUTS.filter(({ isSafe }) => isSafe || seedCount >= FEW_SEEDS);
  const hasTrees = seedCount >= LEAST_SEEDS_FOR_TREES;
  const fits = (inputs: readonly BlendInput[], withTrees: boolean) =>
    (triedFolds(seedCount) + 1) *
    (inputs.reduce((sum, { cost }) => sum + (cost === 'regression' ? 1 : PASS_FITS), 0) + (withTrees ? TREE_FITS : 0));
  const budget = effort * EFFORT_FITS;
  if (fits(eligible, hasTrees) <= budget) return { inputs: eligible, withTrees: hasTrees, skipped: [] };
  const skipped = hasTrees ? ['boosted trees'] : [];
  if (fits(eligible, false) <= budget) return { inputs: eligible, withTrees: false, skipped };
  const safe = eligible.filter(({ isSafe }) => isSafe);
  const dropped = eligible.filter(({ isSafe }) => !isSafe).map(({ name }) => name);
  if (fits(safe, false) <= budget) return { inputs: safe, withTrees: false, skipped: [...skipped, ...dropped] };
  const passes = safe.filter(({ cost }) => cost === 'pass');
  const regressions = safe.filter(({ cost }) => cost === 'regression').map(({ name }) => name);
  return { inputs: passes, withTrees: false, skipped: [...skipped, ...dropped, ...regressions] };
}

/** Too few seeds to tell one from the other: each input counts alike. */
function untested(fitted: readonly FittedInput[]): AutoModel {
  return { inputs: blended(fitted, () => 1 / fitted.length), trials: undefined };
}

function blended(fitted: readonly FittedInput[], weightOf: (m: number) => number): BlendModel['inputs'] {
  return fitted.map(({ name, model, standard }, m) => ({ name, model, standard, weight: weightOf(m) }));
}

function runTrials(
  { set, others }: BlendWork,
  { fold, heldOut, rows, byFold }: CrossFit,
  inputs: readonly BlendInput[],
  withTrees: boolean,
): Trial[] {
  const names = [...(withTrees ? [STACK_WITH_TREES] : []), STACK, ...inputs.map(({ name }) => name)];
  const places = names.map(() => new Float64Array(fold.length));
  byFold.forEach((columns, k) => {
    const held = heldOutRows(set, fold, k);
    if (held.length === 0) return;
    // The held-out are taught as others, as look-alikes will be: or those who are would be lower for that alone.
    const isTaught = set.isSeed.map((seed, row) => (fold[row] === k ? 0 : seed));
    const weights = fitStack(heldOut, rows, isTaught, stackStrength(countOf(rows, isTaught)));
    const stack = stackScores(columns, weights);
    const contenders = [stack, ...columns];
    if (withTrees) {
      const isAsked = askedByTrees(inputs, weights);
      const trees = fitBlendTrees(set.shard, heldOut.filter(isAsked), rows, isTaught);
      contenders.unshift(sumOf(stack, scoresOfTrees(trees, set, columns.filter(isAsked)), others));
    }
    contenders.forEach((scores, c) => {
      const found = placesAmong(pick(scores, held), pick(scores, others));
      held.forEach((row, s) => {
        places[c][row] = found[s];
      });
    });
  });
  const isTried = (row: number) => set.isSeed[row] === 1 && fold[row] < byFold.length;
  return names.map((name, c) => ({ name, places: places[c].filter((_, row) => isTried(row)) }));
}

/** Trees look at what counts in the stack, and at what costs a pass: no other regression need be fitted on everybody. */
function askedByTrees(inputs: readonly BlendInput[], weights: Float64Array): (_: unknown, m: number) => boolean {
  return (_, m) => weights[m] !== 0 || inputs[m].cost === 'pass';
}

function countOf(rows: Uint32Array, isPositive: Uint8Array): number {
  return rows.reduce((sum, row) => sum + isPositive[row], 0);
}

function scoresOfTrees(trees: BlendTrees, { shard }: TrainingSet, columns: readonly Float32Array[]): Float32Array {
  const every = Uint32Array.from({ length: rowCountOf(shard.rows) }, (_, row) => row);
  return blendTreeScores(trees, shard, every, columns);
}

/** Two scores as one, each in units of its own spread among the others. */
function sumOf(left: Float32Array, right: Float32Array, others: Uint32Array): Float32Array {
  const [leftFactor, rightFactor] = [left, right].map((scores) => 1 / standardOf(scores, others).deviation);
  return left.map((score, row) => leftFactor * score + rightFactor * right[row]);
}

/** The first, unless the stack alone, and then the best single input, is clearly better by the seeds that may be looked at. */
function chooseWinner(trials: readonly Trial[], share: number, mayLook: (s: number) => boolean): Trial {
  const seen = trials.map(({ places }) => places.filter((_, s) => mayLook(s)));
  const worth = seen.map((places) => places.reduce((sum, place) => sum + worthOf(place, share), 0));
  const stacks = trials.flatMap(({ name }, t) => (name === STACK || name === STACK_WITH_TREES ? [t] : []));
  const singles = trials.flatMap((_, t) => (stacks.includes(t) ? [] : [t]));
  const best = singles.reduce((high, t) => (worth[t] > worth[high] ? t : high));
  const hits = seen.map((places) => places.filter((place) => place >= 1 - share).length);
  const isBetter = (t: number, than: number) =>
    hits[t] >= hits[than] && advantage(seen[t], seen[than], share) > CLEARLY;
  return trials[[...stacks, best].reduce((incumbent, t) => (isBetter(t, incumbent) ? t : incumbent))];
}

/** The winner, fitted on all seeds: the stack and the trees learn from held-out scores, as before. */
function finalBlend(
  work: BlendWork,
  { heldOut, rows }: CrossFit,
  inputs: readonly BlendInput[],
  winner: string,
): BlendModel {
  const { set, others } = work;
  const isStack = winner === STACK || winner === STACK_WITH_TREES;
  const weights = isStack
    ? fitStack(heldOut, rows, set.isSeed, stackStrength(countOf(rows, set.isSeed)))
    : Float64Array.from(inputs, ({ name }) => (name === winner ? 1 : 0));
  const withTrees = winner === STACK_WITH_TREES;
  const isAsked = withTrees ? askedByTrees(inputs, weights) : (_: unknown, m: number) => weights[m] !== 0;
  const fitted = fitOnAll(work, inputs.filter(isAsked));
  const columns = fitted.map(({ scores }) => scores);
  const own = weights.filter(isAsked);
  const spread = standardOf(stackScores(columns, own), others).deviation;
  const blend = blended(fitted, (m) => own[m] / spread);
  if (!withTrees) return { inputs: blend };
  const trees = fitBlendTrees(set.shard, heldOut.filter(isAsked), rows, set.isSeed);
  const weight = 1 / standardOf(scoresOfTrees(trees, set, columns), others).deviation;
  return { inputs: blend, trees: { ...trees, weight } };
}

function pick(scores: Float32Array, rows: Uint32Array): Float32Array {
  const picked = new Float32Array(rows.length);
  for (let n = 0; n < rows.length; n++) picked[n] = scores[rows[n]];
  return picked;
}
