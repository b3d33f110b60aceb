/**
 * Boosted trees over the scores of other rankers, the frequent features and how much is known of a user: what they add is
 * that one thing may count otherwise beside another.
 *
 * Shapes: numbers are M columns of standardised scores (N), and the logarithm of the number of features, the last.
 */
import { placesOf } from '../features/feature-vector.ts';
import type { Shard } from '../features/shard.ts';
import { columnCounts, renumberColumns, rowCountOf, selectRows } from '../features/sparse-matrix.ts';
import {
  type BoostedTrees,
  fitBoostedTrees,
  type TreeInputs,
  type TreeSettings,
  treeParts,
  treeScores,
} from '../scoring/boosted-trees.ts';

export interface BlendTrees {
  /** Whose presence the trees ask for. */
  readonly features: readonly string[];
  readonly trees: BoostedTrees;
}

/** Chosen on the six sets of docs/datasets.md as a whole: shallow, slow and few, because seeds are few. */
const SETTINGS: TreeSettings = {
  treeCount: 60,
  depth: 3,
  learningRate: 0.07,
  minLeafHessian: 5,
  l2: 5,
  binCount: 64,
};

/** Features that fewer have, or beyond so many, the trees do not ask for: the linear scores hold them. */
const LEAST_SHARE = 0.002;
const MOST_FEATURES = 200;

export function fitBlendTrees(
  shard: Shard,
  numbers: readonly Float32Array[],
  rows: Uint32Array,
  isPositive: Uint8Array,
): BlendTrees {
  const features = frequentFeatures(shard, rows);
  const inputs = treeInputs(features, shard, rows, pickRows(numbers, rows));
  const labels = Uint8Array.from(rows, (row) => isPositive[row]);
  return { features, trees: fitBoostedTrees(inputs, labels, undefined, SETTINGS) };
}

/** The scores of the given rows, whose numbers stand in their order, (N). */
export function blendTreeScores(
  { features, trees }: BlendTrees,
  shard: Shard,
  rows: Uint32Array,
  numbers: readonly Float32Array[],
): Float32Array {
  return Float32Array.from(treeScores(trees, treeInputs(features, shard, rows, numbers)));
}

/** What features of the shard and what numbers add to the score of one row; the last number is that of its features. */
export function blendTreeParts(
  { features, trees }: BlendTrees,
  shard: Shard,
  row: number,
  numbers: readonly Float32Array[],
): { readonly columns: (readonly [number, number])[]; readonly numbers: Float64Array } {
  const inputs = treeInputs(features, shard, Uint32Array.of(row), numbers);
  const columnOf = placesOf(features, shard.features);
  const byNumber = new Float64Array(numbers.length + 1);
  const columns: (readonly [number, number])[] = [];
  let absent = 0;
  const has = new Set(inputs.presence.columns);
  for (const [input, amount] of treeParts(trees, inputs, 0)) {
    if (input >= features.length) byNumber[input - features.length] += amount;
    else if (has.has(input)) columns.push([columnOf[input], amount]);
    else absent += amount;
  }
  // Not to have a feature is told by what a user has instead: so it counts with how much is known of the user.
  byNumber[numbers.length] += absent;
  return { columns, numbers: byNumber };
}

function frequentFeatures({ features, rows: matrix }: Shard, rows: Uint32Array): string[] {
  const counts = columnCounts(matrix, rows);
  const frequent = Array.from(counts.keys())
    .filter((f) => counts[f] >= LEAST_SHARE * rows.length)
    .sort((left, right) => counts[right] - counts[left] || left - right)
    .slice(0, MOST_FEATURES);
  return frequent.sort((left, right) => left - right).map((f) => features[f]);
}

function treeInputs(
  features: readonly string[],
  shard: Shard,
  rows: Uint32Array,
  numbers: readonly Float32Array[],
): TreeInputs {
  const chosen = selectRows({ ...shard.rows, weights: undefined }, rows);
  const presence = renumberColumns(chosen, placesOf(shard.features, features), features.length);
  const sizes = Float32Array.from({ length: rowCountOf(chosen) }, (_, n) =>
    Math.log1p(chosen.offsets[n + 1] - chosen.offsets[n]),
  );
  return { presence, numbers: [...numbers, sizes] };
}

function pickRows(columns: readonly Float32Array[], rows: Uint32Array): Float32Array[] {
  return columns.map((column) => Float32Array.from(rows, (row) => column[row]));
}
