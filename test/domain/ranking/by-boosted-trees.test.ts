import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { BLEND_INPUTS } from '#domain/ranking/blend-inputs.ts';
import { byBoostedTrees } from '#domain/ranking/by-boosted-trees.ts';
import { byLogisticRegression } from '#domain/ranking/by-logistic-regression.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles, type Ranker } from '#domain/ranking/ranker.ts';
import { crowdOf, populationOf, shardOf } from '../populations.ts';

describe('ranking by boosted trees', () => {
  it('finds those who have both or neither of two things, where sums of features cannot', () => {
    const random = seededRandom(1);
    const people = populationOf(
      Array.from({ length: 1200 }, (_, u) => {
        const kind = u < 400 ? 'seed' : u < 600 ? 'alike' : 'user';
        const [one, noise] = [random() < 0.5, ['a', 'b', 'c'].filter(() => random() < 0.5)];
        const two = kind === 'user' ? !one : one;
        return { id: `${kind} ${u}`, features: [...noise, ...(one ? ['one'] : []), ...(two ? ['two'] : [])] };
      }),
    );
    const shard = shardOf(people.users);
    const roles = assignRoles(shard, people.seeds, people.excluded);
    const aucOf = (ranker: Ranker) => {
      const scores = ranker.score(fitRanker(ranker, [shard], [roles]), shard, roles.candidates);
      const [alike, users] = ['alike', 'user'].map((kind) =>
        scores.filter((__, n) => shard.ids[roles.candidates[n]].startsWith(kind)),
      );
      const wins = Array.from(alike, (score) => users.reduce((sum, other) => sum + Number(score > other), 0));
      return wins.reduce((sum, win) => sum + win, 0) / alike.length / users.length;
    };

    expect(aucOf(byBoostedTrees(1))).toBeGreaterThan(0.9);
    expect(aucOf(byLogisticRegression('all', 'unit', 1))).toBeLessThan(0.7);
  });

  it('scores by trees alone: the linear scores are what they look at', () => {
    const { users, seeds, excluded } = crowdOf(60, 300, 1);
    const shard = shardOf(users);

    const { inputs, trees } = fitRanker(byBoostedTrees(1), [shard], [assignRoles(shard, seeds, excluded)]);

    expect(inputs.map(({ name, weight }) => [name, weight])).toEqual(BLEND_INPUTS.map(({ name }) => [name, 0]));
    expect(trees?.weight).toBe(1);
    expect(trees?.trees.numberCount).toBe(BLEND_INPUTS.length + 1);
  });
});
