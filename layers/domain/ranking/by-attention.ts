/**
 * Tencent's look-alike attention over clusters of the seeds, trained or in the form that needs no training.
 *
 * Reference: Liu et al. 2019 (RALM): C = 20 centroids by k-means in the embedding, global and local attention.
 * Shapes:    evidence is seeds with their points, at most `MAX_CLUSTERED_SEEDS`; the model is the audience's centroids, and what
 *            tells the seeds of each from the others.
 * Cost:      one k-means over the seeds; C·D + C² multiply–adds a candidate.
 */
import { countsOf, definingFeatures, difference } from '../evaluation/seed-clusters.ts';
import type { Shard } from '../features/shard.ts';
import { seededRandom } from '../random.ts';
import {
  type AttentionAudience,
  type AttentionWeights,
  attendedOf,
  attentionScores,
  clusterParts,
  prepareAudience,
} from '../scoring/attention.ts';
import { kMeans } from '../scoring/k-means.ts';
import type { Ranker } from './ranker.ts';
import { embeddingOf, mergeSeedVectors, type SeedVectors, seedVectorsOf } from './seed-vectors.ts';
import { mergeTrainingSets, type TrainingSet, trainingSetOf } from './training-set.ts';

/** The paper's elbow among 5, 10, 20, 50 and 100. */
export const CLUSTER_COUNT = 20;

/** More seeds move a mean of some thousand no further. */
const MAX_CLUSTERED_SEEDS = 20_000;

/** So many features say what kind of seeds a cluster is. */
const NAMED_FEATURES = 3;

export interface AttentionModel extends AttentionAudience {
  /** (C): what tells the seeds of each cluster from the others, the most telling first. */
  readonly kinds: readonly (readonly string[])[];
}

/** Evidence is the seeds that lie anywhere, as people. */
export function byAttention(seed: number, scorer?: AttentionWeights): Ranker<TrainingSet, AttentionModel> {
  return {
    name: 'attention',

    gather(shard, { seeds }) {
      const { ids } = clustered(seedVectorsOf(shard, seeds));
      const kept = new Set(ids);
      const none = new Uint32Array(0);
      const rows = seeds.filter((row) => kept.has(shard.ids[row]));
      return trainingSetOf(shard, { seeds: rows, exposed: none, learnedShare: 1 }, none);
    },

    fit(evidence) {
      const { shard } = mergeTrainingSets(evidence, Number.POSITIVE_INFINITY);
      const { dimensions, vectors, ids } = clustered(seedVectorsOf(shard, everyRow(shard)));
      const { centroids, labels, sizes } = kMeans(vectors, dimensions, CLUSTER_COUNT, seededRandom(seed));
      const cluster = new Map(ids.map((id, s) => [id, labels[s]]));
      const members = Array.from(sizes.keys(), (c) =>
        everyRow(shard).filter((row) => cluster.get(shard.ids[row]) === c),
      );
      return { ...prepareAudience(centroids, dimensions, scorer), kinds: kindsOf(shard, members) };
    },

    score: (audience, shard, rows) => attentionScores(audience, embeddingOf(shard).vectors, rows),

    explain(audience, shard, row) {
      const parts = Array.from(clusterParts(audience, embeddingOf(shard).vectors, row), (amount, c) => ({
        feature: nameOf(c),
        amount,
      }));
      return parts.filter(({ amount }) => amount !== 0).sort((left, right) => right.amount - left.amount);
    },

    nearestKind(audience, shard, row) {
      const attended = attendedOf(audience, embeddingOf(shard).vectors, row);
      if (!attended) return undefined;
      const { nearest, global, local } = attended;
      return { cluster: nameOf(nearest), features: audience.kinds[nearest], global, local };
    },
  };
}

function nameOf(cluster: number): string {
  return `cluster:${cluster + 1}`;
}

function clustered(seeds: SeedVectors): SeedVectors {
  return mergeSeedVectors([seeds], MAX_CLUSTERED_SEEDS);
}

function everyRow({ ids }: Shard): Uint32Array {
  return Uint32Array.from(ids.keys());
}

function kindsOf(shard: Shard, members: readonly Uint32Array[]): string[][] {
  const whole = countsOf(shard);
  return members.map((rows) => {
    const own = countsOf(shard, rows);
    const telling = definingFeatures(own, difference(whole, own)).slice(0, NAMED_FEATURES);
    return telling.map(({ feature }) => feature);
  });
}
