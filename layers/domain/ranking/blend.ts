/**
 * One score out of many: linear scores, each standardised and weighed, and trees over them. What `auto` and
 * `boosted-trees` score and explain with; a blend of one input is that input.
 */
import type { Shard } from '../features/shard.ts';
import { type LinearModel, linearModelParts, linearModelScores, linearScorer } from '../scoring/linear-model.ts';
import { finiteInPlace } from '../scoring/linear-score.ts';
import { type BlendTrees, blendTreeParts, blendTreeScores } from './blend-trees.ts';
import { type Standard, standardised } from './cross-fit.ts';
import type { Contribution } from './ranker.ts';

export interface BlendModel {
  readonly inputs: readonly {
    readonly name: string;
    readonly model: LinearModel;
    readonly standard: Standard;
    /** Of the standardised score. */
    readonly weight: number;
  }[];
  readonly trees?: (BlendTrees & { readonly weight: number }) | undefined;
}

export function blendScores({ inputs, trees }: BlendModel, shard: Shard, rows: Uint32Array): Float32Array {
  const sums = new Float64Array(rows.length);
  const scoresBy = linearScorer(shard, rows);
  const numbers = inputs.map(({ model, standard, weight }) => {
    const scores = scoresBy(model);
    const factor = weight / standard.deviation;
    for (let n = 0; n < sums.length; n++) sums[n] += factor * Math.min(scores[n], standard.most);
    return trees ? standardised(scores, standard) : new Float32Array(0);
  });
  if (trees) {
    blendTreeScores(trees, shard, rows, numbers).forEach((score, n) => {
      sums[n] += trees.weight * score;
    });
  }
  return finiteInPlace(Float32Array.from(sums));
}

/** What stands for a user of whom nothing is known. */
const NOTHING = '(no features)';

/** What each of a user's features adds; what trees say of an input is shared out as the input's own parts are. */
export function blendContributions(blend: BlendModel, shard: Shard, row: number): Contribution[] {
  const { inputs, trees } = blend;
  const { offsets, columns } = shard.rows;
  const own = columns.subarray(offsets[row], offsets[row + 1]);
  if (own.length === 0) return reasonsWithoutFeatures(blend, shard, row);
  const amounts = new Map<number, number>();
  const add = (column: number, amount: number) => amounts.set(column, (amounts.get(column) ?? 0) + amount);
  const parts = inputs.map(({ model, standard }) => partsWithin(standard.most, linearModelParts(model, shard, row)));
  inputs.forEach(({ standard, weight }, m) => {
    for (const [column, amount] of parts[m]) add(column, (weight / standard.deviation) * amount);
  });
  if (trees) {
    const rows = Uint32Array.of(row);
    const numbers = inputs.map(({ model, standard }) => standardised(linearModelScores(model, shard, rows), standard));
    const told = blendTreeParts(trees, shard, row, numbers);
    for (const [column, amount] of told.columns) add(column, trees.weight * amount);
    told.numbers.forEach((amount, p) => {
      for (const [column, share] of sharesOf(parts[p] ?? [], own)) add(column, trees.weight * amount * share);
    });
  }
  return [...amounts]
    .filter(([, amount]) => amount !== 0)
    .sort(([leftColumn, left], [rightColumn, right]) => right - left || leftColumn - rightColumn)
    .map(([column, amount]) => ({ feature: shard.features[column], amount }));
}

/** The parts of a score that counts as less than it is: each by as much less. */
function partsWithin(
  most: number,
  parts: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  const sum = parts.reduce((total, [, amount]) => total + amount, 0);
  if (!(sum > most)) return parts;
  return parts.map(([column, amount]) => [column, (amount * most) / sum] as const);
}

function reasonsWithoutFeatures(blend: BlendModel, shard: Shard, row: number): Contribution[] {
  const [amount] = blendScores(blend, shard, Uint32Array.of(row));
  return amount === 0 ? [] : [{ feature: NOTHING, amount }];
}

/** How much of a score each feature stands for, by the size of its part; evenly where no part has any. */
function sharesOf(parts: readonly (readonly [number, number])[], own: Uint32Array): (readonly [number, number])[] {
  const total = parts.reduce((sum, [, amount]) => sum + Math.abs(amount), 0);
  if (total === 0) return Array.from(own, (column) => [column, 1 / own.length] as const);
  return parts.map(([column, amount]) => [column, Math.abs(amount) / total] as const);
}
