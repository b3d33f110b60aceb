/** Whom a learner of second order looks at: all seeds, and of the others those whose ids hash lowest. */
import { hashText } from '../random.ts';
import type { TrainingSet } from './training-set.ts';

/** So many others teach a stack and trees as well as all do. */
const MOST_OTHERS = 20_000;

/** Of those who may be looked at, where not all may. */
export function learnerRows(
  { shard: { ids }, isSeed }: TrainingSet,
  seed: number,
  mayLook: (row: number) => boolean = () => true,
): Uint32Array {
  const every = new Uint32Array(ids.length).map((_, row) => row).filter(mayLook);
  const others = every.filter((row) => isSeed[row] === 0);
  if (others.length <= MOST_OTHERS) return every;
  const hashes = others.map((row) => hashText(ids[row], seed));
  const highest = hashes.toSorted()[MOST_OTHERS - 1];
  const drawn = new Set(others.filter((_, n) => hashes[n] <= highest));
  return every.filter((row) => isSeed[row] === 1 || drawn.has(row));
}
