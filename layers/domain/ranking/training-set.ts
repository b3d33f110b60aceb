/**
 * What learners see: the seeds and the others of all shards as one, or a sample of them by the hash of their ids.
 *
 * Shapes: one shard of N users in the order of their ids, with just the features they have; isSeed (N).
 * Trick:  a user is drawn if the hash of the id lies below a share of all hashes, so a shard need not know of the others,
 *         and the same users are drawn for any cut into shards.
 */
import { type Embedding, pointsAt } from '../features/embedding.ts';
import { placesOf } from '../features/feature-vector.ts';
import type { Shard } from '../features/shard.ts';
import { columnCounts, renumberColumns, selectRows, stackRows } from '../features/sparse-matrix.ts';
import { compareTexts } from '../features/text-order.ts';
import { hashText } from '../random.ts';
import { type Roles, rolesOf } from './ranker.ts';

export interface TrainingSet {
  readonly shard: Shard;
  /** 1 for a seed, 0 for one of the others, (N). */
  readonly isSeed: Uint8Array;
  /** 1 for one of the others who is known to have been shown the campaign and not to have come, (N). */
  readonly isExposed: Uint8Array;
}

/** A learner sees so many of the others and of the seeds, about: more move its weights no further than chance does. */
const MOST_OTHERS = 200_000;
const MOST_SEEDS = 50_000;

/** What share of the others a learner is to see, in a population of so many. */
export function learnedShareOf(userCount: number): number {
  return shareFor(MOST_OTHERS, userCount);
}

function shareFor(most: number, count: number): number {
  return count <= most ? 1 : most / count;
}

export function seedCountOf({ isSeed }: Pick<TrainingSet, 'isSeed'>): number {
  return isSeed.reduce((sum, one) => sum + one, 0);
}

/** Any seed will do that is neither that of the shards nor that of the folds. */
const SAMPLE_SEED = 0x5a3;

/** The users of one shard to learn from; the others are the given rows: the background, or those who were exposed. */
export function trainingSetOf(
  shard: Shard,
  { seeds, exposed, learnedShare }: Pick<Roles, 'seeds' | 'exposed' | 'learnedShare'>,
  others: Uint32Array,
): TrainingSet {
  const [seedRows, exposedRows] = [new Set(seeds), new Set(exposed)];
  const rows = Uint32Array.from([...seedRows, ...drawn(shard, others, learnedShare)]).sort();
  return {
    shard: withUsedFeatures(selectUsers(shard, rows)),
    isSeed: Uint8Array.from(rows, (row) => (seedRows.has(row) ? 1 : 0)),
    isExposed: Uint8Array.from(rows, (row) => (exposedRows.has(row) ? 1 : 0)),
  };
}

/** Those of the rows whose ids hash lowest. */
function drawn({ ids }: Shard, rows: Uint32Array, share: number): Uint32Array {
  return share >= 1 ? rows : rows.filter((row) => hashText(ids[row], SAMPLE_SEED) < share * 2 ** 32);
}

/** All shards' users as one set; of more seeds than `mostSeeds` about so many, as no shard knows how many there are. */
export function mergeTrainingSets(parts: readonly TrainingSet[], mostSeeds = MOST_SEEDS): TrainingSet {
  const set = joined(parts);
  const share = shareFor(mostSeeds, seedCountOf(set));
  if (share === 1) return set;
  const { seeds, background, exposed } = rolesIn(set);
  return trainingSetOf(set.shard, { ...rolesOf(drawn(set.shard, seeds, share), background), exposed }, background);
}

function joined(parts: readonly TrainingSet[]): TrainingSet {
  if (parts.length === 1) return parts[0];
  const features = [...new Set(parts.flatMap(({ shard }) => shard.features))].sort(compareTexts);
  const ids = parts.flatMap(({ shard }) => shard.ids);
  const isSeed = parts.flatMap((part) => [...part.isSeed]);
  const isExposed = parts.flatMap((part) => [...part.isExposed]);
  const rows = stackRows(
    parts.map(({ shard }) => renumberColumns(shard.rows, placesOf(shard.features, features), features.length)),
    features.length,
  );
  const order = Uint32Array.from(ids.keys()).sort((left, right) => compareTexts(ids[left], ids[right]));
  const embedding = stackPoints(parts.map(({ shard }) => shard.embedding));
  return {
    shard: selectUsers({ ids, features, rows, embedding }, order),
    isSeed: Uint8Array.from(order, (row) => isSeed[row]),
    isExposed: Uint8Array.from(order, (row) => isExposed[row]),
  };
}

/** The set's users by what they are, with some of its seeds among the others. */
export function rolesIn({ isSeed, isExposed }: TrainingSet, isHeldOut: (row: number) => boolean = () => false): Roles {
  const all = Uint32Array.from(isSeed.keys());
  const seeds = all.filter((row) => isSeed[row] === 1 && !isHeldOut(row));
  const background = all.filter((row) => isSeed[row] === 0 || isHeldOut(row));
  const exposed = all.filter((row) => isExposed[row] === 1);
  return { ...rolesOf(seeds, background), exposed };
}

function selectUsers({ ids, features, rows, embedding }: Shard, chosen: Uint32Array): Shard {
  return {
    ids: Array.from(chosen, (row) => ids[row]),
    features,
    rows: selectRows(rows, chosen),
    embedding: embedding && selectPoints(embedding, chosen),
  };
}

function withUsedFeatures(shard: Shard): Shard {
  const counts = columnCounts(shard.rows, Uint32Array.from(shard.ids.keys()));
  if (counts.every((count) => count > 0)) return shard;
  const features: string[] = [];
  const target = Int32Array.from(counts, (count, f) => (count > 0 ? features.push(shard.features[f]) - 1 : -1));
  return { ...shard, features, rows: renumberColumns(shard.rows, target, features.length) };
}

/** Without the model, which no learner needs and every shard would bring again. */
function selectPoints({ dimensions: D, vectors, lengths, learned }: Embedding, chosen: Uint32Array): Embedding {
  const none = { features: [], values: new Float64Array(0) };
  return {
    dimensions: D,
    vectors: pointsAt(vectors, chosen, D),
    lengths: Float32Array.from(chosen, (row) => lengths[row]),
    model: { dimensions: D, idf: none, loadings: new Float64Array(0) },
    ...(learned && { learned: pointsAt(learned, chosen, D) }),
  };
}

function stackPoints(parts: readonly (Embedding | undefined)[]): Embedding | undefined {
  const all = parts.flatMap((part) => part ?? []);
  if (all.length === 0 || all.length < parts.length) return undefined;
  const endToEnd = (arrays: readonly Float32Array[]) => {
    const whole = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const array of arrays) {
      whole.set(array, end);
      end += array.length;
    }
    return whole;
  };
  const learned = all.flatMap((each) => each.learned ?? []);
  return {
    ...all[0],
    vectors: endToEnd(all.map((each) => each.vectors)),
    lengths: endToEnd(all.map((each) => each.lengths)),
    ...(learned.length === all.length && { learned: endToEnd(learned) }),
  };
}
