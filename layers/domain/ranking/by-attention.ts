/**
 * Tencent's look-alike attention over clusters of the seeds, trained or in the form that needs no training.
 *
 * Reference: Liu et al. 2019 (RALM): C = 20 centroids by k-means in the embedding, global and local attention.
 * Shapes:    evidence is seeds with their points, at most `MAX_CLUSTERED_SEEDS`; the model is the audience's centroids, and what
 *            tells the seeds of each from the others.
 * Cost:      one k-means over the seeds; C·D + C² multiply–adds a candidate.
 */

import { representedUsers } from '../embedding/represented-users.ts';
import type { UserRepresentation } from '../embedding/user-representation.ts';
import { countsOf, definingFeatures, difference } from '../evaluation/seed-clusters.ts';
import { pointsAt } from '../features/embedding.ts';
import type { Shard } from '../features/shard.ts';
import { seededRandom } from '../random.ts';
import {
  type AttentionAudience,
  type AttentionWeights,
  attendedOf,
  clusterParts,
  prepareAudience,
} from '../scoring/attention.ts';
import { attentionScores } from '../scoring/attention-scores.ts';
import { kMeans } from '../scoring/k-means.ts';
import type { Ranker } from './ranker.ts';
import { embeddingOf, mergeSeedVectors, type SeedVectors } from './seed-vectors.ts';
import { mergeTrainingSets, type TrainingSet, trainingSetOf } from './training-set.ts';

/** What was learned of a population: plain data. */
export interface AttentionScorer {
  /** Absent where the untrained attention was kept. */
  readonly weights?: AttentionWeights | undefined;
  /** How people become points; absent where it works on those of the embedding. */
  readonly representation?: UserRepresentation | undefined;
}

/** The paper's elbow among 5, 10, 20, 50 and 100. */
export const CLUSTER_COUNT = 20;

/** More seeds move a mean of some thousand no further. */
const MAX_CLUSTERED_SEEDS = 20_000;

/** So many features say what kind of seeds a cluster is. */
const NAMED_FEATURES = 3;

export interface AttentionModel extends AttentionAudience {
  /** (C): what tells the seeds of each cluster from the others, the most telling first. */
  readonly kinds: readonly (readonly string[])[];
  /** Whether it is to be compared with learned points, or with those of the embedding. */
  readonly onLearned: boolean;
}

/** Evidence is the seeds that lie anywhere, as people. */
export function byAttention(seed: number, scorer: AttentionScorer = {}): Ranker<TrainingSet, AttentionModel> {
  const { weights, representation } = scorer;
  const pointsOf = ({ onLearned }: AttentionModel, shard: Shard, rows: Uint32Array) =>
    onLearned ? learnedPoints(shard, rows, representation) : { ...embeddingOf(shard), rows };
  return {
    name: 'attention',

    gather(shard, { seeds }) {
      const kept = new Set(clustered(scorer, shard, seeds).ids);
      const none = new Uint32Array(0);
      const rows = seeds.filter((row) => kept.has(shard.ids[row]));
      return trainingSetOf(shard, { seeds: rows, exposed: none, learnedShare: 1 }, none);
    },

    fit(evidence) {
      const { shard } = mergeTrainingSets(evidence, Number.POSITIVE_INFINITY);
      const { dimensions, vectors, ids } = clustered(scorer, shard, everyRow(shard));
      const { centroids, labels, sizes } = kMeans(
        vectors,
        dimensions,
        weights?.clusters ?? CLUSTER_COUNT,
        seededRandom(seed),
      );
      const cluster = new Map(ids.map((id, s) => [id, labels[s]]));
      const members = Array.from(sizes.keys(), (c) =>
        everyRow(shard).filter((row) => cluster.get(shard.ids[row]) === c),
      );
      return {
        ...prepareAudience(centroids, dimensions, weights),
        kinds: kindsOf(shard, members),
        onLearned: representation !== undefined,
      };
    },

    score(audience, shard, rows) {
      const placed = pointsOf(audience, shard, rows);
      return attentionScores(audience, placed.vectors, placed.rows);
    },

    explain(audience, shard, row) {
      const { vectors, rows } = pointsOf(audience, shard, Uint32Array.of(row));
      const parts = Array.from(clusterParts(audience, vectors, rows[0]), (amount, c) => ({
        feature: nameOf(c),
        amount,
      }));
      return parts.filter(({ amount }) => amount !== 0).sort((left, right) => right.amount - left.amount);
    },

    nearestKind(audience, shard, row) {
      const { vectors, rows } = pointsOf(audience, shard, Uint32Array.of(row));
      const attended = attendedOf(audience, vectors, rows[0]);
      if (!attended) return undefined;
      const { nearest, global, local } = attended;
      return { cluster: nameOf(nearest), features: audience.kinds[nearest], global, local };
    },
  };
}

function nameOf(cluster: number): string {
  return `cluster:${cluster + 1}`;
}

interface Placed {
  readonly dimensions: number;
  /** (U×D). */
  readonly vectors: Float32Array;
  /** Where the asked ones are in it. */
  readonly rows: Uint32Array;
}

/** As they are kept, or made anew of the features. */
function learnedPoints(shard: Shard, rows: Uint32Array, representation: UserRepresentation | undefined): Placed {
  const { dimensions, learned } = embeddingOf(shard);
  if (learned) return { dimensions, vectors: learned, rows };
  if (!representation) throw new Error('expected learned points, or what was learned, got neither');
  const vectors = representedUsers(shard, rows, representation);
  return { dimensions: representation.shape.dimensions, vectors, rows: Uint32Array.from(rows.keys()) };
}

/** Those of the seeds who lie anywhere, or some of them where they are many. */
function clustered({ representation }: AttentionScorer, shard: Shard, seeds: Uint32Array): SeedVectors {
  const placed = representation ? learnedPoints(shard, seeds, representation) : { ...embeddingOf(shard), rows: seeds };
  const { dimensions: D, vectors, rows } = placed;
  const lies = rows.map((row) => Number(vectors.subarray(row * D, row * D + D).some((x) => x !== 0)));
  const ids = Array.from(seeds, (row) => shard.ids[row]).filter((_, n) => lies[n] === 1);
  const lying = rows.filter((_, n) => lies[n] === 1);
  return mergeSeedVectors([{ dimensions: D, ids, vectors: pointsAt(vectors, lying, D) }], MAX_CLUSTERED_SEEDS);
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
