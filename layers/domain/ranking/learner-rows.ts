/** Whom a learner of second order looks at: all seeds, and of the others those whose ids hash lowest. */
import { hashText } from '../random.ts';
import { otherRows } from './folds.ts';
import type { TrainingSet } from './training-set.ts';

/** So many others teach a stack and trees as well as all do. */
const MOST_OTHERS = 20_000;

export function learnerRows(set: TrainingSet, seed: number): Uint32Array {
  const { ids } = set.shard;
  const others = otherRows(set);
  const every = Uint32Array.from(ids.keys());
  if (others.length <= MOST_OTHERS) return every;
  const hashes = Uint32Array.from(others, (row) => hashText(ids[row], seed));
  const highest = hashes.toSorted()[MOST_OTHERS - 1];
  const drawn = new Set(others.filter((_, n) => hashes[n] <= highest));
  return every.filter((row) => set.isSeed[row] === 1 || drawn.has(row));
}
