/**
 * The mean cosine to all seeds, which is one dot product with the mean of the seeds' unit vectors: never a loop over seeds.
 *
 * Shapes: the model holds Σ of unit seed vectors by feature name, and S.
 * Cost:   one pass over the seeds, one multiply–add a feature of a candidate.
 */
import { type FeatureVector, sumVectors, valuesFor } from '../features/feature-vector.ts';
import type { Shard } from '../features/shard.ts';
import { rowNorms } from '../features/sparse-matrix.ts';
import { linearParts, linearScores } from '../scoring/linear-score.ts';
import { contributionsOf, type Ranker } from './ranker.ts';

interface SeedDirection {
  readonly sum: FeatureVector;
  readonly seedCount: number;
}

/**
 * Unit vectors are added as whole multiples of 2⁻³⁰: whole numbers add up to the same sum in any order, so that any
 * cut into shards gives the same bytes. 8 million seeds fit below 2⁵³; the rounding is 5·10⁻¹⁰ a component.
 */
const UNIT = 2 ** 30;

export const byMeanCosine: Ranker<SeedDirection, SeedDirection> = {
  name: 'similarity',

  gather(shard, { seeds }) {
    const { offsets, columns, weights } = shard.rows;
    const norms = rowNorms(shard.rows);
    const values = new Float64Array(shard.features.length);
    for (const row of seeds) {
      for (let at = offsets[row]; at < offsets[row + 1]; at++) {
        values[columns[at]] += Math.round((UNIT * (weights ? weights[at] : 1)) / norms[row]);
      }
    }
    return { sum: { features: shard.features, values }, seedCount: seeds.length };
  },

  fit(evidence) {
    return {
      sum: sumVectors(evidence.map(({ sum }) => sum)),
      seedCount: evidence.reduce((total, { seedCount }) => total + seedCount, 0),
    };
  },

  score(model, shard, rows) {
    const norms = rowNorms(shard.rows);
    return linearScores(shard.rows, meanDirection(model, shard), rows).map((score, n) =>
      score === 0 ? 0 : score / norms[rows[n]],
    );
  },

  explain(model, shard, row) {
    const norm = rowNorms(shard.rows)[row];
    const parts = linearParts(shard.rows, meanDirection(model, shard), row);
    return contributionsOf(
      shard,
      parts.map(([column, amount]) => [column, amount / norm] as const),
    );
  },
};

function meanDirection({ sum, seedCount }: SeedDirection, shard: Shard): Float64Array {
  return valuesFor(shard.features, sum).map((value) => value / (UNIT * Math.max(1, seedCount)));
}
