/**
 * Which scaling and which strength of the penalty a logistic regression needs: what finds held-out seeds best.
 *
 * Cost: five folds of a small grid; along the strengths of one scaling each fit begins where the last one ended. Equal
 *       users are one row with their counts.
 */
import { placesAmong, worthOf } from '../evaluation/places.ts';
import { distinctRows } from '../features/sparse-matrix.ts';
import { type Rarity, rarityOf, SCALINGS, type Scaling, scaledScores, scaleRows } from '../scoring/linear-model.ts';
import { fitLogisticRegression, type ScaledRows } from '../scoring/logistic-regression.ts';
import { FOLD_COUNT, heldOutRows, otherRows } from './folds.ts';
import { seedCountOf, type TrainingSet } from './training-set.ts';

/** C, from the strongest penalty to the weakest. Rows as they are, are longer, and need it stronger. */
export const STRENGTHS: Readonly<Record<Scaling, readonly number[]>> = {
  none: [0.1, 0.3, 1],
  unit: [0.3, 1, 3, 10],
  'idf-unit': [0.3, 1, 3, 10],
};

/** Where nothing can be held out, and for rows of unit length: the reference of docs/rankers.md. */
export const UNTESTED_STRENGTH = 1;

/** Good enough for a ranking: a hundredth of it moves AUC by less than 0.001 on the six sets of docs/datasets.md. */
const TOLERANCE = 1e-2;

export interface RegressionChoice {
  readonly scaling: Scaling;
  readonly strength: number;
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

export function regress(rows: ScaledRows, labels: Labels, strength: number, start?: Float64Array): Float64Array {
  return fitLogisticRegression(rows, labels, { strength, tolerance: TOLERANCE }, start).weights;
}

/** Of the given scalings and strengths (all of the scaling's, unless said), the best by AUC and recall of held-out seeds. */
export function chooseRegression(
  set: TrainingSet,
  fold: Uint8Array,
  scalings: readonly Scaling[] = SCALINGS,
  rarity: Rarity = rarityOf(set.shard),
  strengths?: readonly number[],
): RegressionChoice {
  const [only] = scalings;
  if (scalings.length === 1 && strengths?.length === 1) return { scaling: only, strength: strengths[0] };
  // Without the one seed that there is, nothing is known that could tell one choice from another.
  if (seedCountOf(set) < 2) {
    return { scaling: scalings.includes('unit') ? 'unit' : scalings[0], strength: UNTESTED_STRENGTH };
  }
  const share = seedShareOf(set);
  const others = otherRows(set);
  const choices = scalings.flatMap((scaling) =>
    (strengths ?? STRENGTHS[scaling]).map((strength) => ({ scaling, strength, worth: 0 })),
  );
  const { matrix, groups, firsts } = distinctRows(set.shard.rows);
  for (const scaling of scalings) {
    const rows = scaleRows(matrix, scaling, rarity);
    const starts = new Map<number, Float64Array>();
    for (let k = 0; k < FOLD_COUNT; k++) {
      const held = heldOutRows(set, fold, k);
      if (held.length === 0) continue;
      const isHeldOut = (row: number) => set.isSeed[row] === 1 && fold[row] === k;
      const labels = groupLabels(labelsOf(set, isHeldOut), groups, firsts.length);
      let weights: Float64Array | undefined;
      for (const choice of choices.filter((one) => one.scaling === scaling)) {
        // The same strength in the fold before is nearer than another strength in this fold.
        weights = regress(rows, labels, choice.strength, starts.get(choice.strength) ?? weights);
        starts.set(choice.strength, weights);
        const scores = scaledScores(rows, weights);
        const scoresOf = (users: Uint32Array) => Float32Array.from(users, (user) => scores[groups[user]]);
        const places = placesAmong(scoresOf(held), scoresOf(others));
        choice.worth += places.reduce((sum, place) => sum + worthOf(place, share), 0);
      }
    }
  }
  // By more than rounding: equal choices are decided by their order.
  const { scaling, strength } = choices.reduce((best, choice) =>
    choice.worth > best.worth * (1 + 1e-9) ? choice : best,
  );
  return { scaling, strength };
}

/** As many as there are seeds, as a share of everybody. */
export function seedShareOf(set: TrainingSet): number {
  return seedCountOf(set) / Math.max(1, set.isSeed.length);
}
