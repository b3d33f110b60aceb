import { describe, expect, it } from 'vitest';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { byEmbedding } from '#domain/ranking/by-embedding.ts';
import { byFactors } from '#domain/ranking/by-factors.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles, type Ranker } from '#domain/ranking/ranker.ts';
import { fitLogisticRegression } from '#domain/scoring/logistic-regression.ts';
import { crowdOf, embedded, factorsOf, type Population, shardOf, shardsOf } from '../populations.ts';

const PEOPLE = crowdOf(40, 300, 1);

describe('ranking by factors', () => {
  it('by cosine is the mean cosine of points, by its own name', () => {
    const { shards, roles } = stageOf(PEOPLE, 1);
    const scoresBy = (ranker: Ranker) => ranker.score(fitRanker(ranker, shards, roles), shards[0], roles[0].candidates);

    expect(scoresBy(byFactors('cosine', 1))).toEqual(scoresBy(byEmbedding('mean')));
    expect(byFactors('cosine', 1).name).toBe('matrix-factorization');
  });

  it('by regression weighs the coordinates as a regression on the points does', () => {
    const { shards, roles } = stageOf(PEOPLE, 1);
    const ranker = byFactors('regression', 1);
    const [shard] = shards;
    const D = shard.embedding?.dimensions ?? 0;
    const points = shard.ids.map((_, row) => [...(shard.embedding?.vectors.subarray(row * D, row * D + D) ?? [])]);

    const scores = ranker.score(fitRanker(ranker, shards, roles), shard, roles[0].candidates);

    const matrix = matrixOf(
      points.map((point) => [...point.keys()]),
      D,
      points,
    );
    const scaled = {
      matrix,
      rowFactors: new Float64Array(points.length).fill(1),
      columnFactors: new Float64Array(D).fill(1),
    };
    const positives = Float64Array.from(shard.ids, (id) => (PEOPLE.seeds.has(id) ? 1 : 0));
    const labels = { positives, others: positives.map((one) => 1 - one) };
    const { weights } = fitLogisticRegression(scaled, labels, { strength: 3, tolerance: 1e-2 });
    roles[0].candidates.forEach((row, n) => {
      expect(scores[n]).toBeCloseTo(
        points[row].reduce((sum, x, d) => sum + weights[d] * x, 0),
        6,
      );
    });
  });

  it('by regression passes on points, and no model with them', () => {
    const { shards, roles } = stageOf(PEOPLE, 1);

    const evidence = JSON.stringify(byFactors('regression', 1).gather(shards[0], roles[0]));

    expect(evidence).toContain('vectors');
    expect(evidence).not.toContain('whitened');
  });

  it('by regression asks for points before it learns', () => {
    const shard = shardOf(PEOPLE.users);
    const roles = assignRoles(shard, PEOPLE.seeds, PEOPLE.excluded);

    expect(() => byFactors('regression', 1).gather(shard, roles)).toThrow('expected a shard with an embedding');
  });
});

function stageOf({ users, seeds, excluded }: Population, count: number) {
  const shards = embedded(shardsOf(users, count), factorsOf(users));
  return { shards, roles: shards.map((shard) => assignRoles(shard, seeds, excluded)) };
}
