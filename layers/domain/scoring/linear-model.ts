/**
 * Scores that are a sum over a user's features, after the users' rows were made comparable.
 *
 * Scaling: `none` takes a row as it is, `unit` by its length, `idf-unit` weighs rare features more (ln((U+1)/(df+1)), as
 *          the embedding does) and then takes it by its length. Weights in the data count as multiples of their root mean
 *          square in their column under `none`, so that no unit of measure decides.
 * Shapes:  a score is r_u · Σ_f w_f·x_uf; weights (F) by name, rows (N) row numbers.
 */
import { type FeatureVector, placesOf, valuesAt, valuesFor } from '../features/feature-vector.ts';
import type { Shard } from '../features/shard.ts';
import { rowCountOf, type SparseMatrix } from '../features/sparse-matrix.ts';
import { sumByFours } from '../kernels/plain-sparse.ts';
import { rowProducts, rowProductsOf } from '../kernels/sparse-kernel.ts';
import { timesEach } from '../kernels/vector.ts';
import { finiteInPlace, linearParts } from './linear-score.ts';
import type { ScaledRows } from './logistic-regression.ts';

export const SCALINGS = ['none', 'unit', 'idf-unit'] as const;
export type Scaling = (typeof SCALINGS)[number];

/** How much a feature counts for being rare: known ones by name, one that nobody had as the rarest. */
export interface Rarity {
  readonly idf: FeatureVector;
  readonly unseen: number;
}

export interface LinearModel {
  readonly scaling: Scaling;
  readonly weights: FeatureVector;
  readonly rarity: Rarity;
}

export function rarityOf({ features, rows }: Shard): Rarity {
  const frequencies = new Float64Array(features.length);
  for (let at = 0; at < rows.columns.length; at++) frequencies[rows.columns[at]]++;
  const userCount = rowCountOf(rows);
  const values = frequencies.map((df) => Math.log((userCount + 1) / (df + 1)));
  return { idf: { features, values }, unseen: Math.log(userCount + 1) };
}

/** The rows as learners see them; `rarity` is of these very rows. */
export function scaleRows(matrix: SparseMatrix, scaling: Scaling, { idf }: Rarity): ScaledRows {
  const every = new Uint32Array(rowCountOf(matrix)).map((_, row) => row);
  const columnFactors =
    scaling === 'idf-unit' ? idf.values : scaling === 'none' ? inverseAmounts(matrix) : idf.values.map(() => 1);
  return { matrix, rowFactors: rowFactorsOf(matrix, scaling, columnFactors, every), columnFactors };
}

/** 1 over the root mean square of each column's weights; 1 where there are none. */
function inverseAmounts({ columnCount, columns, weights }: SparseMatrix): Float64Array {
  if (!weights) return new Float64Array(columnCount).fill(1);
  const squares = new Float64Array(columnCount);
  const counts = new Float64Array(columnCount);
  columns.forEach((f, at) => {
    squares[f] += weights[at] ** 2;
    counts[f]++;
  });
  return squares.map((sum, f) => (sum > 0 ? Math.sqrt(counts[f] / sum) : 1));
}

function rowFactorsOf(
  matrix: SparseMatrix,
  scaling: Scaling,
  columnFactors: Float64Array,
  rows: Uint32Array,
): Float64Array {
  if (scaling === 'none') return new Float64Array(rows.length).fill(1);
  return rowSquares(matrix, columnFactors, rows).map((squares) => (squares > 0 ? 1 / Math.sqrt(squares) : 0));
}

/** The squared lengths of the given rows, (rows). */
function rowSquares(matrix: SparseMatrix, columnFactors: Float64Array, rows: Uint32Array): Float64Array {
  const { offsets, columns, weights } = matrix;
  if (!weights) return rowProductsOf(matrix, timesEach(columnFactors, columnFactors), rows);
  // Squares of weights may be beyond float32, so they are none of a matrix; summed as rows without weights are.
  const square = (at: number) => (columnFactors[columns[at]] * weights[at]) ** 2;
  return Float64Array.from(rows, (row) => sumByFours(offsets[row], offsets[row + 1], square));
}

/** What was learned of scaled columns, by name and for rows as they are. */
export function linearModelOf(
  weights: Float64Array,
  scaling: Scaling,
  { columnFactors }: ScaledRows,
  rarity: Rarity,
): LinearModel {
  const values = timesEach(columnFactors, weights);
  return { scaling, weights: { features: rarity.idf.features, values }, rarity };
}

/** The scores of scaled rows, (N). */
export function scaledScores({ matrix, rowFactors, columnFactors }: ScaledRows, weights: Float64Array): Float64Array {
  return timesEach(rowProducts(matrix, timesEach(columnFactors, weights)), rowFactors);
}

export function linearModelScores(model: LinearModel, shard: Shard, rows: Uint32Array): Float32Array {
  return linearScorer(shard, rows)(model);
}

/** A function that scores the same rows by one model after another; models that share features or rarity share the work. */
export function linearScorer(shard: Shard, rows: Uint32Array): (model: LinearModel) => Float32Array {
  const known = new Map<readonly string[], Int32Array>();
  const placesIn = (features: readonly string[]) => {
    const places = known.get(features) ?? placesOf(shard.features, features);
    known.set(features, places);
    return places;
  };
  const lengths = new Map<unknown, Float64Array>();
  return ({ scaling, weights, rarity }) => {
    const key = scaling === 'idf-unit' ? rarity : scaling;
    const factors =
      lengths.get(key) ??
      rowFactorsOf(shard.rows, scaling, columnFactorsFor(scaling, rarity, placesIn(rarity.idf.features)), rows);
    lengths.set(key, factors);
    const products = rowProductsOf(shard.rows, valuesAt(placesIn(weights.features), weights.values, 0), rows);
    return finiteInPlace(new Float32Array(timesEach(products, factors)));
  };
}

/** What each feature of one row adds to its score: pairs of column and amount. */
export function linearModelParts(model: LinearModel, shard: Shard, row: number): (readonly [number, number])[] {
  const { scaling, rarity } = model;
  const columnFactors = columnFactorsFor(scaling, rarity, placesOf(shard.features, rarity.idf.features));
  const [factor] = rowFactorsOf(shard.rows, scaling, columnFactors, Uint32Array.of(row));
  const parts = linearParts(shard.rows, valuesFor(shard.features, model.weights), row);
  return parts.map(([column, amount]) => [column, factor * amount] as const);
}

/** How much each column of a shard counts in the length of a row, by the columns' places among the model's, (F). */
function columnFactorsFor(scaling: Scaling, { idf, unseen }: Rarity, places: Int32Array): Float64Array {
  return scaling === 'idf-unit' ? valuesAt(places, idf.values, unseen) : new Float64Array(places.length).fill(1);
}
