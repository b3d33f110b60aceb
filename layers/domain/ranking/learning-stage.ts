/**
 * A training set as learners go through it: its different rows, once in each scaling, and what is told of them.
 *
 * Shapes: N users, of whom equal ones are one row with labels that count them; weights (F) by scaled column.
 */
import { distinctRows, selectRows } from '../features/sparse-matrix.ts';
import { timesEach } from '../kernels/vector.ts';
import { type Rarity, rarityOf, type Scaling, scaledScores, scaleRows } from '../scoring/linear-model.ts';
import type { ScaledRows } from '../scoring/logistic-regression.ts';
import type { TrainingSet } from './training-set.ts';

export type RowsByScaling = Readonly<Record<Scaling, ScaledRows>>;

/** A training set's different rows in all scalings: equal users are one row, with labels that count them. */
export interface LearningStage {
  readonly rarity: Rarity;
  readonly rows: RowsByScaling;
  /** Which row each user has, (N). */
  readonly groups: Uint32Array;
  /** How many users each user stands for, (N), where not all stand for one. */
  readonly counts?: Float64Array;
}

export function learningStage({ shard }: TrainingSet): LearningStage {
  const rarity = rarityOf(shard);
  const { matrix, groups } = distinctRows(shard.rows);
  return { rarity, rows: byScaling((scaling) => scaleRows(matrix, scaling, rarity)), groups };
}

/** The rows of those users alone who stand for any, scaled as among all. */
export function sampledStage({ rarity, rows, groups }: LearningStage, counts: Float64Array): LearningStage {
  const isKept = new Uint8Array(rows.none.rowFactors.length);
  for (let u = 0; u < groups.length; u++) if (counts[u] > 0) isKept[groups[u]] = 1;
  const kept = new Uint32Array(isKept.length).map((_, group) => group).filter((group) => isKept[group] === 1);
  const places = new Uint32Array(isKept.length);
  kept.forEach((group, place) => {
    places[group] = place;
  });
  const matrix = selectRows(rows.none.matrix, kept);
  const some = byScaling((scaling) => {
    const { rowFactors, columnFactors } = rows[scaling];
    return { matrix, rowFactors: Float64Array.from(kept, (group) => rowFactors[group]), columnFactors };
  });
  return { rarity, rows: some, groups: groups.map((group) => places[group]), counts };
}

function byScaling(rowsFor: (scaling: Scaling) => ScaledRows): RowsByScaling {
  return { none: rowsFor('none'), unit: rowsFor('unit'), 'idf-unit': rowsFor('idf-unit') };
}

/** How many positives and others each row stands for, which may be none of either. */
export interface Labels {
  readonly positives: Float64Array;
  readonly others: Float64Array;
}

export function labelsOf({ isSeed }: TrainingSet, isHeldOut: (row: number) => boolean = () => false): Labels {
  const positives = Float64Array.from(isSeed, (seed, row) => (seed === 1 && !isHeldOut(row) ? 1 : 0));
  return { positives, others: positives.map((positive) => 1 - positive) };
}

/** The labels of rows that stand for several users. */
export function groupLabels({ positives, others }: Labels, groups: Uint32Array, groupCount: number): Labels {
  const sumByGroup = (counts: Float64Array) => {
    const sums = new Float64Array(groupCount);
    counts.forEach((count, user) => {
      sums[groups[user]] += count;
    });
    return sums;
  };
  return { positives: sumByGroup(positives), others: sumByGroup(others) };
}

/** The labels of the stage's rows. */
export function stageLabels({ rows, groups, counts }: LearningStage, { positives, others }: Labels): Labels {
  const counted = counts
    ? { positives: timesEach(positives, counts), others: timesEach(others, counts) }
    : { positives, others };
  return groupLabels(counted, groups, rows.none.rowFactors.length);
}

/** The scores of all users by weights of scaled columns, (N). */
export function userScores({ rows, groups }: LearningStage, scaling: Scaling, weights: Float64Array): Float32Array {
  const distinct = scaledScores(rows[scaling], weights);
  const scores = new Float32Array(groups.length);
  for (let u = 0; u < groups.length; u++) scores[u] = distinct[groups[u]];
  return scores;
}
