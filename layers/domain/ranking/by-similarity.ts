/**
 * Similarity to the seeds, the oldest way: cosine or Jaccard, aggregated by mean, maximum or probability.
 *
 * Mean cosine needs no pairs; the others compare each candidate with every seed that shares a feature with it.
 * Evidence: the seeds' rows themselves, equal ones once.
 */
import { placesOf } from '../features/feature-vector.ts';
import {
  firstEqualRows,
  renumberColumns,
  type SparseMatrix,
  selectRows,
  stackRows,
} from '../features/sparse-matrix.ts';
import { compareTexts } from '../features/text-order.ts';
import {
  type Aggregate,
  type Measure,
  type SeedRows,
  similarityParts,
  similarityScores,
} from '../scoring/similarity.ts';
import { byMeanCosine } from './by-mean-cosine.ts';
import { contributionsOf, type Ranker } from './ranker.ts';

export function bySimilarity(measure: Measure, aggregate: Aggregate): Ranker {
  return measure === 'cosine' && aggregate === 'mean' ? byMeanCosine : bySeedPairs(measure, aggregate);
}

function bySeedPairs(measure: Measure, aggregate: Aggregate): Ranker<SeedRows, SeedRows> {
  return {
    name: 'similarity',

    gather(shard, { seeds }) {
      const rows = selectRows(shard.rows, seeds);
      return mergedSeeds([{ features: shard.features, rows, counts: new Uint32Array(seeds.length).fill(1) }]);
    },

    fit: mergedSeeds,

    score: (seeds, shard, rows) => similarityScores(measure, aggregate, seeds, shard, rows),

    explain: (seeds, shard, row) => contributionsOf(shard, similarityParts(measure, aggregate, seeds, shard, row)),
  };
}

/** All seeds under common columns, equal ones once, in an order that depends on their features alone. */
function mergedSeeds(evidence: readonly SeedRows[]): SeedRows {
  const features = [...new Set(evidence.flatMap((seeds) => usedFeatures(seeds)))].sort(compareTexts);
  const rows = stackRows(
    evidence.map((seeds) => renumberColumns(seeds.rows, placesOf(seeds.features, features), features.length)),
    features.length,
  );
  const counts = evidence.flatMap((seeds) => [...seeds.counts]);
  const firsts = firstEqualRows(rows);
  const totals = new Map<number, number>();
  firsts.forEach((first, row) => {
    totals.set(first, (totals.get(first) ?? 0) + counts[row]);
  });
  const distinct = [...totals.keys()].sort((left, right) => compareRows(rows, left, right));
  return {
    features,
    rows: selectRows(rows, distinct),
    counts: Uint32Array.from(distinct, (row) => totals.get(row) ?? 0),
  };
}

function usedFeatures({ features, rows }: SeedRows): string[] {
  const used = new Uint8Array(features.length);
  for (const column of rows.columns) used[column] = 1;
  return features.filter((_, f) => used[f]);
}

/** By columns, then by weights, then by length: any fixed order would do. */
function compareRows({ offsets, columns, weights }: SparseMatrix, left: number, right: number): number {
  const [from, to] = [offsets[left], offsets[right]];
  const lengths = [offsets[left + 1] - from, offsets[right + 1] - to];
  for (let at = 0; at < Math.min(lengths[0], lengths[1]); at++) {
    const difference = columns[from + at] - columns[to + at] || (weights ? weights[from + at] - weights[to + at] : 0);
    if (difference !== 0) return difference;
  }
  return lengths[0] - lengths[1];
}
