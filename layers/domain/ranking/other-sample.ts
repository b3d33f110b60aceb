/**
 * Some of the others for all of them: what tells by held-out seeds which regression to choose, or how to weigh one, need not
 * be fitted on everybody.
 *
 * Shapes: counts (N), how many users each user stands for: none, who is not drawn.
 */
import { hashText } from '../random.ts';
import type { TrainingSet } from './training-set.ts';

/** So many features of others, of some ten thousand people, and what is chosen by them is worth what all would choose. */
const MOST_ENTRIES = 1_000_000;

const SAMPLE_SEED = 0x07e;

/** 1 for those of the others to look at, (N), who have about so many features in all; undefined where all have no more. */
export function drawOthers(set: TrainingSet, mostEntries = MOST_ENTRIES): Uint8Array | undefined {
  const { ids } = set.shard;
  const share = mostEntries / entriesOfOthers(set);
  if (share >= 1) return undefined;
  return set.isSeed.map((seed, row) => (seed === 0 && hashText(ids[row], SAMPLE_SEED) < share * 2 ** 32 ? 1 : 0));
}

function entriesOfOthers({ shard: { rows }, isSeed }: TrainingSet): number {
  let entries = 0;
  for (let row = 0; row < isSeed.length; row++) {
    if (isSeed[row] === 0) entries += rows.offsets[row + 1] - rows.offsets[row];
  }
  return entries;
}

/** Seeds and drawn others stand for themselves. */
export function countsAmong({ isSeed }: TrainingSet, drawn: Uint8Array): Float64Array {
  return Float64Array.from(isSeed, (seed, row) => seed + drawn[row]);
}

/** Seeds stand for themselves, and the drawn others for all, so that each sum over everybody is the same on average. */
export function countsForAll({ isSeed }: TrainingSet, drawn: Uint8Array): Float64Array {
  const [seeds, some] = [isSeed, drawn].map((ones) => ones.reduce((sum, one) => sum + one, 0));
  const each = (isSeed.length - seeds) / Math.max(1, some);
  return Float64Array.from(isSeed, (seed, row) => seed + each * drawn[row]);
}
