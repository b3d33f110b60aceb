/**
 * Folds: seeds are held out in turn, and stand among the others as look-alikes do whom nobody knows yet.
 *
 * Shapes: fold (N) of each user of a training set; the seeds are dealt evenly, and so are the others, in the order of the
 *         hashes of their ids, so that the folds are the same for any cut into shards.
 */

import { placesAmong } from '../evaluation/places.ts';
import { hashText } from '../random.ts';
import type { Ranker } from './ranker.ts';
import { rolesIn, seedCountOf, type TrainingSet } from './training-set.ts';

export const FOLD_COUNT = 5;

/** Of fewer seeds none are held out: a fold would hold one alone. */
export const LEAST_HELD_OUT = 2 * FOLD_COUNT;

/** So many held-out seeds tell one ranking from another: recall is then known to a hundredth. */
const ENOUGH_HELD_OUT = 2_000;

/**
 * How many of the folds are held out in turn: all, or as many as hold enough seeds. At least two, unless said, so that what is
 * chosen by one can be judged by another.
 */
export function triedFolds(seedCount: number, enough = ENOUGH_HELD_OUT, least = 2): number {
  return Math.max(least, Math.min(FOLD_COUNT, Math.ceil((enough * FOLD_COUNT) / seedCount)));
}

export function dealFolds({ shard: { ids }, isSeed }: TrainingSet, seed: number): Uint8Array {
  const fold = new Uint8Array(ids.length);
  for (const kind of [0, 1]) {
    const members = rowsWhere(ids.length, (row) => isSeed[row] === kind);
    // In the order of hashes, and equal ones in that of rows, which is that of ids: as one number, whole and below 2⁵³.
    const order = Float64Array.from(members, (row) => hashText(ids[row], seed) * ids.length + row).sort();
    order.forEach((key, n) => {
      fold[key % ids.length] = n % FOLD_COUNT;
    });
  }
  return fold;
}

/** The rows of a fold's held-out seeds. */
export function heldOutRows({ isSeed }: TrainingSet, fold: Uint8Array, k: number): Uint32Array {
  return rowsWhere(isSeed.length, (row) => isSeed[row] === 1 && fold[row] === k);
}

/** The rows of everybody but the seeds. */
export function otherRows({ isSeed }: TrainingSet): Uint32Array {
  return rowsWhere(isSeed.length, (row) => isSeed[row] === 0);
}

function rowsWhere(rowCount: number, isMeant: (row: number) => boolean): Uint32Array {
  return new Uint32Array(rowCount).map((_, row) => row).filter(isMeant);
}

/** The places of the seeds of all folds that are tried, each by a ranker fitted without it, in the order of the rows. */
export function heldOutPlaces(ranker: Ranker, set: TrainingSet, fold: Uint8Array): Float64Array {
  const others = otherRows(set);
  const foldCount = triedFolds(seedCountOf(set));
  const places = new Float64Array(set.isSeed.length);
  for (let k = 0; k < foldCount; k++) {
    const held = heldOutRows(set, fold, k);
    if (held.length === 0) continue;
    const roles = rolesIn(set, (row) => set.isSeed[row] === 1 && fold[row] === k);
    const model = ranker.fit([ranker.gather(set.shard, roles)]);
    const found = placesAmong(ranker.score(model, set.shard, held), ranker.score(model, set.shard, others));
    held.forEach((row, s) => {
      places[row] = found[s];
    });
  }
  return places.filter((_, row) => set.isSeed[row] === 1 && fold[row] < foldCount);
}
