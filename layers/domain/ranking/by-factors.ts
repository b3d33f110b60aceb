/**
 * People as factors of a matrix factorisation, scored by their mean cosine to the seeds or by a regression on the factors.
 *
 * Reference: Y. Hu, Y. Koren, C. Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, for the factors.
 * Shapes:    points (N×D), unit vectors; weights (D).
 * Cost:      one regression on D columns over all seeds and some others; D multiply–adds a candidate.
 */
import { denseMatrix } from '../features/sparse-matrix.ts';
import { fitLogisticRegression } from '../scoring/logistic-regression.ts';
import { byEmbedding, pointParts } from './by-embedding.ts';
import { learnerRows } from './learner-rows.ts';
import { contributionsOf, type Ranker } from './ranker.ts';
import { embeddingOf } from './seed-vectors.ts';
import { mergeTrainingSets, type TrainingSet, trainingSetOf } from './training-set.ts';

/** Chosen on the six sets of docs/datasets.md as a whole: few columns bear a weak penalty. */
const SETTINGS = { strength: 3, tolerance: 1e-2 };

const NAME = 'matrix-factorization';

export function byFactors(scoredBy: 'cosine' | 'regression', seed: number): Ranker {
  return scoredBy === 'cosine' ? { ...byEmbedding('mean'), name: NAME } : byRegressionOnFactors(seed);
}

interface FactorWeights {
  /** (D). */
  readonly weights: Float64Array;
}

function byRegressionOnFactors(seed: number): Ranker<TrainingSet, FactorWeights> {
  return {
    name: NAME,
    gather(shard, roles) {
      embeddingOf(shard);
      return trainingSetOf(shard, roles, roles.background);
    },
    fit: (evidence) => ({ weights: regressOnPoints(mergeTrainingSets(evidence), seed) }),
    score({ weights }, shard, rows) {
      const { vectors, dimensions: D } = embeddingOf(shard);
      return Float32Array.from(rows, (row) => weights.reduce((sum, w, d) => sum + w * vectors[row * D + d], 0));
    },
    explain: ({ weights }, shard, row) => contributionsOf(shard, pointParts(shard, weights, row)),
  };
}

function regressOnPoints(set: TrainingSet, seed: number): Float64Array {
  const { vectors, dimensions: D } = embeddingOf(set.shard);
  const rows = learnerRows(set, seed);
  const points = new Float32Array(rows.length * D);
  rows.forEach((row, n) => {
    points.set(vectors.subarray(row * D, row * D + D), n * D);
  });
  const scaled = {
    matrix: denseMatrix(points, D),
    rowFactors: new Float64Array(rows.length).fill(1),
    columnFactors: new Float64Array(D).fill(1),
  };
  const positives = Float64Array.from(rows, (row) => set.isSeed[row]);
  const labels = { positives, others: positives.map((positive) => 1 - positive) };
  return fitLogisticRegression(scaled, labels, SETTINGS).weights.slice(0, D);
}
