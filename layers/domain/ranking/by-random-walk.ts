/**
 * A walk from the seeds to their features, and from those to everybody who has them; with two rounds, once more from there.
 *
 * Reference: Cooper et al. 2014 (P³). The second round reaches people who share nothing with any seed: on sparse data, where
 *            most people share nothing with each other, that is nearly everybody.
 * Cost:      two passes over the users a round.
 */
import { linearModelOf, rarityOf, type Scaling, scaledScores, scaleRows } from '../scoring/linear-model.ts';
import type { ScaledRows } from '../scoring/logistic-regression.ts';
import { walkToFeatures } from '../scoring/random-walk.ts';
import { byLinearModel } from './by-linear-model.ts';
import type { Ranker } from './ranker.ts';

export type Rounds = 1 | 2;

export function byRandomWalk(rounds: Rounds): Ranker {
  return byLinearModel(
    'random-walk',
    ({ background }) => background,
    (set) => {
      const scaling: Scaling = 'unit';
      const rarity = rarityOf(set.shard);
      const rows = scaleRows(set.shard.rows, scaling, rarity);
      return linearModelOf(walkWeights(rows, set.isSeed, rounds), scaling, rows, rarity);
    },
  );
}

/** What each scaled column is worth after so many rounds from the given mass of users; `counts` as in random-walk.ts. */
export function walkWeights(
  rows: ScaledRows,
  mass: ArrayLike<number>,
  rounds: Rounds,
  counts?: Float64Array,
): Float64Array {
  const weights = walkToFeatures(rows, mass, counts);
  return rounds === 1 ? weights : walkToFeatures(rows, scaledScores(rows, weights), counts);
}
