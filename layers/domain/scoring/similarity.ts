/**
 * One user against a set of seeds: cosine or (weighted) Jaccard similarity to each, aggregated over all of them.
 *
 * Reference: P. Jaccard 1901; S. Ioffe 2010 for the weighted form Σmin / Σmax.
 * Shapes:    seeds (S×F) distinct rows with `counts` (S) of how many seeds each stands for; scores (N).
 * Cost:      an inverted index (feature → seeds), so that only pairs that share a feature cost an increment each;
 *            equal users are scored once. Sets are counted by a kernel.
 * Accuracy:  exact for any number of seeds.
 */
import { placesOf } from '../features/feature-vector.ts';
import type { Shard } from '../features/shard.ts';
import {
  firstEqualRows,
  rowCountOf,
  rowNorms,
  rowSums,
  type SparseMatrix,
  selectRows,
  transpose,
} from '../features/sparse-matrix.ts';
import { foldOverlaps } from '../kernels/overlaps-kernel.ts';

export type Measure = 'cosine' | 'jaccard';
export type Aggregate = 'mean' | 'max' | 'probabilistic';

/** The seeds as every shard can read them: columns by feature name, equal seeds once with their count. */
export interface SeedRows {
  readonly features: readonly string[];
  readonly rows: SparseMatrix;
  readonly counts: Uint32Array;
}

/** A similarity of 1 would make −log(1−s) infinite; one certain seed is worth about 20.7 instead. */
const NEARLY_ONE = 1 - 1e-9;

/** −log(1−s): the evidence of one similarity. Evidence of independent seeds adds up: 1 − Π(1−s) = 1 − e^(−Σ). */
export function evidenceOf(similarity: number): number {
  return -Math.log1p(-Math.min(Math.max(similarity, 0), NEARLY_ONE));
}

/** The probability 1 − Π(1−s) of a sum of evidence. */
export function probabilityOf(evidence: number): number {
  return -Math.expm1(-evidence);
}

/** The size of a row as the measure counts it: its length for cosine, its sum for Jaccard. */
function sizesOf(measure: Measure, rows: SparseMatrix): Float64Array {
  return measure === 'cosine' ? rowNorms(rows) : rowSums(rows);
}

/** The similarity of two rows from what they share (Σ products for cosine, Σ minima for Jaccard) and their sizes. */
function similarityOf(measure: Measure, shared: number, left: number, right: number): number {
  if (shared === 0) return 0;
  return measure === 'cosine' ? shared / (left * right) : shared / (left + right - shared);
}

export function similarityScores(
  measure: Measure,
  aggregate: Aggregate,
  seeds: SeedRows,
  shard: Shard,
  rows: Uint32Array,
): Float32Array {
  const users = selectRows(shard.rows, rows);
  const firsts = firstEqualRows(users);
  const sorted = bySize(seeds);
  const length = (size: number) => (measure === 'cosine' ? Math.sqrt(size) : size);
  const folded = foldOverlaps({
    seeds: sorted.rows,
    counts: sorted.counts,
    users,
    rows: firsts.filter((first, n) => first === n),
    places: placesOf(shard.features, seeds.features),
    worth: (shared, userSize, seedSize) =>
      worthOf(aggregate, similarityOf(measure, shared, length(userSize), length(seedSize))),
    isGreatest: aggregate === 'max',
  });
  if (!folded) return plainSimilarityScores(measure, aggregate, seeds, shard, rows);
  const divisor = aggregate === 'mean' ? Math.max(1, totalOf(seeds.counts)) : 1;
  return Float32Array.from(firsts, (first) => folded[first] / divisor);
}

/** What one similarity counts in the aggregate. */
function worthOf(aggregate: Aggregate, similarity: number): number {
  return aggregate === 'probabilistic' ? evidenceOf(similarity) : similarity;
}

/** So that sums over the seeds run in one order, however they are computed. */
function bySize({ features, rows, counts }: SeedRows): SeedRows {
  const size = (s: number) => rows.offsets[s + 1] - rows.offsets[s];
  const order = Uint32Array.from(counts, (_, s) => s).sort((left, right) => size(left) - size(right) || left - right);
  return { features, rows: selectRows(rows, order), counts: order.map((s) => counts[s]) };
}

function totalOf(counts: Uint32Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The same of any weights, pair by pair: the oracle of the kernel. */
export function plainSimilarityScores(
  measure: Measure,
  aggregate: Aggregate,
  given: SeedRows,
  shard: Shard,
  rows: Uint32Array,
): Float32Array {
  const seeds = bySize(given);
  const chosen = selectRows(shard.rows, rows);
  const firsts = firstEqualRows(chosen);
  const userSizes = sizesOf(measure, chosen);
  const sharedWith = sharedWithSeeds(measure, seeds, shard, chosen);
  const combine = combiner(measure, aggregate, seeds);
  const scores = new Float32Array(rows.length);
  for (let n = 0; n < rows.length; n++) {
    scores[n] = firsts[n] < n ? scores[firsts[n]] : combine(sharedWith(n), userSizes[n]);
  }
  return scores;
}

/** Folds the similarities to all seeds into one number, and clears `shared` for the next user on its way. */
function combiner(measure: Measure, aggregate: Aggregate, { rows, counts }: SeedRows) {
  const seedSizes = sizesOf(measure, rows);
  const seedCount = totalOf(counts);
  return (shared: Float64Array, userSize: number): number => {
    let combined = 0;
    for (let s = 0; s < shared.length; s++) {
      if (shared[s] === 0) continue;
      const similarity = similarityOf(measure, shared[s], userSize, seedSizes[s]);
      shared[s] = 0;
      if (aggregate === 'max') combined = Math.max(combined, similarity);
      else combined += counts[s] * worthOf(aggregate, similarity);
    }
    return aggregate === 'mean' && seedCount > 0 ? combined / seedCount : combined;
  };
}

/** A function that adds up, for one chosen row, what it shares with each seed: (S), reused from call to call. */
function sharedWithSeeds(measure: Measure, seeds: SeedRows, shard: Shard, chosen: SparseMatrix) {
  const postings = transpose(seeds.rows);
  const places = placesOf(shard.features, seeds.features);
  const shared = new Float64Array(rowCountOf(seeds.rows));
  return (n: number): Float64Array => {
    for (let at = chosen.offsets[n]; at < chosen.offsets[n + 1]; at++) {
      const place = places[chosen.columns[at]];
      if (place < 0) continue;
      const weight = chosen.weights ? chosen.weights[at] : 1;
      if (postings.weights || weight !== 1) addWeightsInPlace(shared, measure, postings, place, weight);
      else addOnesInPlace(shared, postings, place);
    }
    return shared;
  };
}

function addOnesInPlace(shared: Float64Array, { offsets, columns }: SparseMatrix, feature: number): void {
  for (let at = offsets[feature]; at < offsets[feature + 1]; at++) shared[columns[at]] += 1;
}

function addWeightsInPlace(
  shared: Float64Array,
  measure: Measure,
  { offsets, columns, weights }: SparseMatrix,
  feature: number,
  weight: number,
): void {
  for (let at = offsets[feature]; at < offsets[feature + 1]; at++) {
    const seedWeight = weights ? weights[at] : 1;
    shared[columns[at]] += measure === 'cosine' ? weight * seedWeight : Math.min(weight, seedWeight);
  }
}

/** What each feature of one row adds to its score: pairs of column and amount, which sum to the score. */
export function similarityParts(
  measure: Measure,
  aggregate: Aggregate,
  seeds: SeedRows,
  shard: Shard,
  row: number,
): (readonly [number, number])[] {
  const user = selectRows(shard.rows, [row]);
  const userSize = sizesOf(measure, user)[0];
  const seedSizes = sizesOf(measure, seeds.rows);
  const seedCount = totalOf(seeds.counts);
  const shares = seedRowReader(measure, seeds, shard, user);
  const amounts = new Map<number, number>();
  let best = 0;
  for (let s = 0; s < seedSizes.length; s++) {
    const { columns, parts, total } = shares(s);
    const similarity = similarityOf(measure, total, userSize, seedSizes[s]);
    if (similarity === 0 || (aggregate === 'max' && similarity <= best)) continue;
    if (aggregate === 'max') amounts.clear();
    best = similarity;
    const worth = { mean: (seeds.counts[s] * similarity) / seedCount, max: similarity, probabilistic: 0 }[aggregate];
    const value = aggregate === 'probabilistic' ? seeds.counts[s] * evidenceOf(similarity) : worth;
    columns.forEach((column, i) => {
      amounts.set(column, (amounts.get(column) ?? 0) + (value * parts[i]) / total);
    });
  }
  return [...amounts].sort(([left], [right]) => left - right);
}

/** Reads, seed by seed, which of the user's columns it shares and how much of each. */
function seedRowReader(measure: Measure, seeds: SeedRows, shard: Shard, user: SparseMatrix) {
  const placeOfColumn = placesOf(shard.features, seeds.features);
  const userWeights = new Map<number, { column: number; weight: number }>();
  user.columns.forEach((column, at) => {
    if (placeOfColumn[column] >= 0) userWeights.set(placeOfColumn[column], { column, weight: user.weights?.[at] ?? 1 });
  });
  return (s: number) => {
    const columns: number[] = [];
    const parts: number[] = [];
    for (let at = seeds.rows.offsets[s]; at < seeds.rows.offsets[s + 1]; at++) {
      const own = userWeights.get(seeds.rows.columns[at]);
      if (!own) continue;
      const weight = seeds.rows.weights ? seeds.rows.weights[at] : 1;
      columns.push(own.column);
      parts.push(measure === 'cosine' ? own.weight * weight : Math.min(own.weight, weight));
    }
    return { columns, parts, total: parts.reduce((sum, part) => sum + part, 0) };
  };
}
