/** The ranking that knows nothing: what every other one has to beat. Its order is fixed by the ids, so it repeats. */
import type { Shard } from '../features/shard.ts';
import { hashText } from '../random.ts';

/** Any seed will do that is not the one by which ids choose their shard. */
const SEED = 0x5eed;

/** Uniform scores, (N), in [0, 1]: the highest hashes round to 1 as float32. */
export function chanceScores({ ids }: Shard, rows: Uint32Array): Float32Array {
  return Float32Array.from(rows, (row) => hashText(ids[row], SEED) / 2 ** 32);
}
