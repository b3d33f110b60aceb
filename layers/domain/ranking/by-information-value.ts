/**
 * Yahoo's ranking: a user's score is the sum of the information values of the positive features he or she has.
 *
 * Reference: Ma et al., PMLR 53, 2016, phase II. Background: everybody else,
 *            whether retrieved as a candidate or not; or the candidates; or those who were shown the campaign in vain.
 * Shapes:    evidence and model count users by feature name; the values are recomputed from whole counts, so they are
 *            the same for any number of shards.
 * Cost:      one pass over seeds and candidates to count, one addition a feature of a candidate to score.
 */
import { type FeatureVector, sumVectors, valuesFor } from '../features/feature-vector.ts';
import { columnCounts } from '../features/sparse-matrix.ts';
import { informationValue, isPositive, type PositiveFilter } from '../scoring/information-value.ts';
import { linearParts, linearScores } from '../scoring/linear-score.ts';
import { contributionsOf, type Ranker } from './ranker.ts';

/** How many seeds and how many of the background have each feature. */
export interface FeatureCounts {
  readonly seedsWith: FeatureVector;
  readonly othersWith: FeatureVector;
  readonly seedCount: number;
  readonly otherCount: number;
}

/** Whom seeds are compared with. */
export type Background = 'population' | 'candidates' | 'exposed';

export function byInformationValue(
  filter: PositiveFilter,
  comparedWith: Background = 'population',
): Ranker<FeatureCounts, FeatureVector> {
  return {
    name: 'information-value',

    gather(shard, { seeds, background, candidates, exposed }) {
      const others = { population: background, candidates, exposed }[comparedWith];
      const countsOf = (rows: Uint32Array) => Float64Array.from(columnCounts(shard.rows, rows));
      return {
        seedsWith: { features: shard.features, values: countsOf(seeds) },
        othersWith: { features: shard.features, values: countsOf(others) },
        seedCount: seeds.length,
        otherCount: others.length,
      };
    },

    fit: (evidence) => informationValues(mergeCounts(evidence), filter),

    score: (model, shard, rows) => linearScores(shard.rows, valuesFor(shard.features, model), rows),

    explain: (model, shard, row) =>
      contributionsOf(shard, linearParts(shard.rows, valuesFor(shard.features, model), row)),
  };
}

export function mergeCounts(evidence: readonly FeatureCounts[]): FeatureCounts {
  return {
    seedsWith: sumVectors(evidence.map(({ seedsWith }) => seedsWith)),
    othersWith: sumVectors(evidence.map(({ othersWith }) => othersWith)),
    seedCount: evidence.reduce((sum, { seedCount }) => sum + seedCount, 0),
    otherCount: evidence.reduce((sum, { otherCount }) => sum + otherCount, 0),
  };
}

/** The information value of each feature that the filter lets through, 0 for the others. */
export function informationValues(counts: FeatureCounts, filter: PositiveFilter): FeatureVector {
  const { seedsWith, othersWith, seedCount, otherCount } = counts;
  return {
    features: seedsWith.features,
    values: seedsWith.values.map((seeds, f) => {
      const others = othersWith.values[f];
      if (!isPositive(filter, seeds, seedCount, others, otherCount)) return 0;
      return informationValue(seeds, seedCount, others, otherCount);
    }),
  };
}
