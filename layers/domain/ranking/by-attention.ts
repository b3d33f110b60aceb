/**
 * Tencent's look-alike attention over clusters of the seeds, trained or in the form that needs no training.
 *
 * Reference: Liu et al. 2019 (RALM): C = 20 centroids by k-means in the embedding, global and local attention.
 * Shapes:    evidence is seed vectors, at most `MAX_CLUSTERED_SEEDS` of them; the model is the audience's centroids.
 * Cost:      one k-means over the seeds; C·D + C² multiply–adds a candidate.
 */
import { seededRandom } from '../random.ts';
import {
  type AttentionAudience,
  type AttentionWeights,
  attentionScores,
  clusterParts,
  prepareAudience,
} from '../scoring/attention.ts';
import { kMeans } from '../scoring/k-means.ts';
import type { Ranker } from './ranker.ts';
import { embeddingOf, mergeSeedVectors, type SeedVectors, seedVectorsOf } from './seed-vectors.ts';

/** The paper's elbow among 5, 10, 20, 50 and 100. */
export const CLUSTER_COUNT = 20;

/** More seeds move a mean of some thousand no further. */
const MAX_CLUSTERED_SEEDS = 20_000;

export function byAttention(seed: number, scorer?: AttentionWeights): Ranker<SeedVectors, AttentionAudience> {
  return {
    name: 'attention',

    gather: (shard, { seeds }) => mergeSeedVectors([seedVectorsOf(shard, seeds)], MAX_CLUSTERED_SEEDS),

    fit(evidence) {
      const { dimensions, vectors } = mergeSeedVectors(evidence, MAX_CLUSTERED_SEEDS);
      const { centroids } = kMeans(vectors, dimensions, CLUSTER_COUNT, seededRandom(seed));
      return prepareAudience(centroids, dimensions, scorer);
    },

    score: (audience, shard, rows) => attentionScores(audience, embeddingOf(shard).vectors, rows),

    explain(audience, shard, row) {
      const parts = Array.from(clusterParts(audience, embeddingOf(shard).vectors, row), (amount, c) => ({
        feature: `cluster:${c + 1}`,
        amount,
      }));
      return parts.filter(({ amount }) => amount !== 0).sort((left, right) => right.amount - left.amount);
    },
  };
}
