/**
 * What a blend is made of: linear scores that are each a published way of ranking, all fitted on the same training set.
 *
 * They are the ones that a stack of some twenty was seen to use (docs/rankers.md says what was tried and left out).
 */
import { columnProducts } from '../kernels/sparse-kernel.ts';
import { timesEach } from '../kernels/vector.ts';
import { informationValue, isPositive } from '../scoring/information-value.ts';
import { type Scaling, scaledScores } from '../scoring/linear-model.ts';
import { walkToFeatures } from '../scoring/random-walk.ts';
import { walkWeights } from './by-random-walk.ts';
import { type Labels, type LearningStage, type RowsByScaling, stageLabels } from './learning-stage.ts';
import { regress } from './regression-choice.ts';

export interface BlendInput {
  readonly name: string;
  readonly scaling: Scaling;
  /** How often it goes through the users, beside a regression's one. */
  readonly cost: 'pass' | 'regression';
  /** For few seeds as well: it has next to nothing to overfit. */
  readonly isSafe: boolean;
  /** In standard deviations, where more says nothing more: `FAR` for what is told of people by way of others. */
  readonly ceiling?: number;
  /** The weights of scaled columns, (F). `before` keeps what was fitted last, to begin from. */
  fit(rows: RowsByScaling, labels: Labels, before: Map<string, Float64Array>): Float64Array;
}

/**
 * What goes out from people who are like seeds tells who else may be, not who is first: beyond so much it ranks by how many
 * such people there are. Without a ceiling the sparsest set lost a twelfth of its precision, and no set gained (docs/rankers.md).
 */
const FAR = 5;

/** The weights that inputs give people with these labels, one of each user; those of regressions by the sample alone. */
export function fitInputs(
  inputs: readonly BlendInput[],
  stage: LearningStage,
  labels: Labels,
  before: Map<string, Float64Array>,
  sample = stage,
): Float64Array[] {
  const all = stageLabels(stage, labels);
  const some = sample === stage ? all : stageLabels(sample, labels);
  return inputs.map((input) =>
    input.cost === 'pass' ? input.fit(stage.rows, all, before) : input.fit(sample.rows, some, before),
  );
}

export const BLEND_INPUTS: readonly BlendInput[] = [
  { name: 'information value', scaling: 'none', cost: 'pass', isSafe: true, fit: informationValueWeights },
  { name: 'mean cosine, idf', scaling: 'idf-unit', cost: 'pass', isSafe: true, fit: meanDirection },
  regression('none', 0.3, false),
  regression('none', 1, false),
  regression('unit', 1, true),
  regression('unit', 3, false),
  regression('idf-unit', 1, true),
  regression('idf-unit', 3, false),
  walk('unit', 1, true),
  walk('idf-unit', 1, false),
  walk('unit', 2, true),
  walk('idf-unit', 2, false),
  {
    name: 'random walk from mean cosine',
    scaling: 'unit',
    cost: 'pass',
    isSafe: true,
    ceiling: FAR,
    fit: (rows, labels) =>
      walkToFeatures(rows.unit, scaledScores(rows['idf-unit'], meanDirection(rows, labels)), countsOf(labels)),
  },
];

function regression(scaling: Scaling, strength: number, isSafe: boolean): BlendInput {
  const name = `logistic regression, ${scaling}, C = ${strength}`;
  return {
    name,
    scaling,
    cost: 'regression',
    isSafe,
    fit(rows, labels, before) {
      const weights = regress(rows[scaling], labels, strength, before.get(name) ?? before.get(scaling));
      before.set(name, weights);
      before.set(scaling, weights);
      return weights;
    },
  };
}

function walk(scaling: Scaling, rounds: 1 | 2, isSafe: boolean): BlendInput {
  return {
    name: `random walk, ${scaling}, ${rounds === 1 ? 'one round' : 'two rounds'}`,
    scaling,
    cost: 'pass',
    isSafe,
    ...(rounds === 2 ? { ceiling: FAR } : {}),
    fit: (rows, labels) => walkWeights(rows[scaling], sharesOf(labels), rounds, countsOf(labels)),
  };
}

function informationValueWeights(rows: RowsByScaling, { positives, others }: Labels): Float64Array {
  const { matrix } = rows.none;
  // How many users have a feature: how much of it they have does not count.
  const [seedsWith, othersWith] = [positives, others].map((counts) =>
    columnProducts({ ...matrix, weights: undefined }, counts),
  );
  const [seeds, rest] = [positives, others].map((counts) => counts.reduce((sum, count) => sum + count, 0));
  return seedsWith.map((count, f) =>
    isPositive('positive', count, seeds, othersWith[f], rest) ? informationValue(count, seeds, othersWith[f], rest) : 0,
  );
}

function countsOf({ positives, others }: Labels): Float64Array {
  return positives.map((count, row) => count + others[row]);
}

/** Of the users that each row stands for, the share of seeds. */
function sharesOf({ positives, others }: Labels): Float64Array {
  return positives.map((count, row) => (count === 0 ? 0 : count / (count + others[row])));
}

/** The mean of the seeds' unit vectors, (F). */
function meanDirection(rows: RowsByScaling, { positives }: Labels): Float64Array {
  const { matrix, rowFactors, columnFactors } = rows['idf-unit'];
  const seedCount = positives.reduce((sum, positive) => sum + positive, 0);
  const shares = positives.map((positive, row) => (positive === 0 ? 0 : (positive * rowFactors[row]) / seedCount));
  return timesEach(columnProducts(matrix, shares), columnFactors);
}
