import { describe, expect, it } from 'vitest';
import { byAttention } from '#domain/ranking/by-attention.ts';
import { byAuto } from '#domain/ranking/by-auto.ts';
import { byInformationValue } from '#domain/ranking/by-information-value.ts';
import { byMeanCosine } from '#domain/ranking/by-mean-cosine.ts';
import { lessUnlike } from '#domain/ranking/less-unlike.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { crowdOf, embedded, modelOf, shardOf } from '../populations.ts';

const users = [
  { id: 's', features: ['jazz', 'tea'] },
  { id: 'a', features: ['golf', 'tea'] },
  { id: 'u1', features: ['jazz'] },
  { id: 'u2', features: ['golf', 'jazz'] },
  { id: 'u3', features: ['tea'] },
];
const shard = shardOf(users);
const roles = assignRoles(shard, new Set(['s']), new Set(), { unlike: new Set(['a']) });

describe('a ranker less those not to resemble', () => {
  it('takes the likeness to the one from the likeness to the other', () => {
    const ranker = lessUnlike(byMeanCosine);
    const model = fitRanker(ranker, [shard], [roles]);

    const scores = ranker.score(model, shard, Uint32Array.of(2, 3, 4));

    expect([...scores]).toEqual([expect.closeTo(Math.SQRT1_2, 6), 0, 0]);
    expect(ranker.name).toBe('similarity');
  });

  it('explains by what is left of each feature, and not by what speaks for both alike', () => {
    const ranker = lessUnlike(byMeanCosine);
    const model = fitRanker(ranker, [shard], [roles]);

    expect(ranker.explain(model, shard, 3)).toEqual([
      { feature: 'jazz', amount: expect.closeTo(0.5, 6) },
      { feature: 'golf', amount: expect.closeTo(-0.5, 6) },
    ]);
    expect(ranker.explain(model, shard, 4)).toEqual([]);
  });

  it('compares both with the same others: the seeds are not of them, nor are those not to resemble', () => {
    const ranker = lessUnlike(byInformationValue('positive'));

    const { like, unlike } = ranker.gather(shard, roles);

    expect([like.seedCount, unlike.seedCount]).toEqual([1, 1]);
    expect([like.otherCount, unlike.otherCount]).toEqual([3, 3]);
    expect(unlike.othersWith).toEqual(like.othersWith);
  });

  it('tells clusters of the one from clusters of the other', () => {
    const [points] = embedded([shard], modelOf(users));
    const ranker = lessUnlike(byAttention(1));
    const model = fitRanker(ranker, [points], [roles]);

    const reasons = ranker.explain(model, points, 3).map(({ feature }) => feature);

    expect(reasons.toSorted()).toEqual(['cluster:1', 'unlike cluster:1']);
  });

  it('has the trials of the half that is like the seeds', () => {
    const people = crowdOf(40, 200, 1);
    const crowd = shardOf(people.users);
    const unlike = new Set(people.users.slice(150).map(({ id }) => id));
    const crowdRoles = assignRoles(crowd, people.seeds, people.excluded, { unlike });
    const ranker = lessUnlike(byAuto(1, 20));

    const trials = ranker.trials?.(fitRanker(ranker, [crowd], [crowdRoles]));

    const plain = fitRanker(byAuto(1, 20), [crowd], [crowdRoles]).trials;
    expect(trials).toEqual(plain);
    expect(trials?.places).toHaveLength(40);
  });

  it('has no trials where the ranker has none, or too few seeds for any', () => {
    const [cosine, auto] = [lessUnlike(byMeanCosine), lessUnlike(byAuto(1, 20))];

    expect(cosine).not.toHaveProperty('trials');
    expect(auto.trials?.(fitRanker(auto, [shard], [roles]))).toBeUndefined();
  });
});
