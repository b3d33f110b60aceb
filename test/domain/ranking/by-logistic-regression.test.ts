import { describe, expect, it } from 'vitest';
import { byLogisticRegression, type Negatives, type RegressionModel } from '#domain/ranking/by-logistic-regression.ts';
import { labelsOf } from '#domain/ranking/learning-stage.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { regress, STRENGTHS } from '#domain/ranking/regression-choice.ts';
import { linearModelOf, rarityOf, SCALINGS, scaleRows } from '#domain/scoring/linear-model.ts';
import { crowdOf, type Population, populationOf, shardsOf, trainingSetFor } from '../populations.ts';

/** Everybody has a mark of their own, by which the model tells whom it has learned from; and some taste. */
const MARKED = populationOf([
  ...marked('seed', ['jazz', 'blues'], 40),
  ...marked('hidden', ['jazz', 'blues'], 20),
  ...marked('shown', ['golf', 'jazz'], 30),
  ...marked('other', ['golf', 'chess'], 600),
]);

describe('ranking by logistic regression', () => {
  it('learns from everybody, if not told otherwise', () => {
    expect(learnedFrom('all')).toHaveLength(690);
  });

  it('learns from the seeds and those who were shown the campaign in vain', () => {
    const names = learnedFrom('exposed');

    expect(names.toSorted()).toEqual(idsOf('seed', 'shown').toSorted());
  });

  it('learns from ten others for each seed, and others for another seed of chance', () => {
    const [one, two] = [1, 2].map((seed) => learnedFrom('sampled', seed));

    expect(one.filter((id) => !id.startsWith('seed'))).toHaveLength(400);
    expect(one.filter((id) => id.startsWith('seed'))).toHaveLength(40);
    expect(new Set(two)).not.toEqual(new Set(one));
  });

  it('learns by spies from those who are unlike the seeds, not from those who are like them and unknown', () => {
    const names = learnedFrom('spy');

    expect(names.filter((id) => id.startsWith('seed'))).toHaveLength(40);
    expect(names.filter((id) => id.startsWith('hidden'))).toEqual([]);
    expect(names.filter((id) => id.startsWith('other'))).toHaveLength(600);
  });

  it('thinks more of hidden look-alikes where it does not learn that they are none', () => {
    const scoreBy = (negatives: Negatives) => {
      const ranker = byLogisticRegression(negatives, 'unit', 1);
      const { shards, roles, model } = stageOf(MARKED, negatives, 'unit');
      const [[seeds, hidden]] = shards.map((shard, s) =>
        [roles[s].seeds, roles[s].candidates.filter((row) => shard.ids[row].startsWith('hidden'))].map((rows) =>
          meanOf(ranker.score(model, shard, rows)),
        ),
      );
      return { seeds, hidden };
    };

    const [all, spy] = [scoreBy('all'), scoreBy('spy')];

    expect(spy.hidden / spy.seeds).toBeGreaterThan(all.hidden / all.seeds);
  });

  it('learns from all, where spies are so like everybody that nobody is left', () => {
    const same = populationOf([...plain('seed', 20), ...plain('user', 30)]);

    const { model } = stageOf(same, 'spy', 'unit');

    expect(model.weights.features).toEqual(['jazz']);
    expect(model.weights.values.every(Number.isFinite)).toBe(true);
  });

  it.each(SCALINGS)('is, of rows scaled %s, the regression of that scaling and the chosen strength', (scaling) => {
    const people = crowdOf(40, 200, 1);
    const { model } = stageOf(people, 'all', scaling, 3);

    const set = trainingSetFor(people);
    const rarity = rarityOf(set.shard);
    const rows = scaleRows(set.shard.rows, scaling, rarity);
    const weights = regress(rows, labelsOf(set), model.choice.strength);

    expect(STRENGTHS[scaling]).toContain(model.choice.strength);
    const expected = linearModelOf(weights, scaling, rows, rarity);
    expect({ ...model, weights: undefined }).toEqual({
      ...expected,
      weights: undefined,
      choice: { scaling, strength: model.choice.strength },
    });
    expect(model.weights.features).toEqual(expected.weights.features);
    // Equal users are told once: sums run in another order, and the solver ends within its tolerance.
    expect([...model.weights.values]).toEqual(Array.from(expected.weights.values, (w) => expect.closeTo(w, 5)));
  });

  it.each<Negatives>(['all', 'exposed', 'sampled', 'spy'])(
    'gives the same model for any cut: negatives %s',
    (negatives) => {
      const [one, five] = [1, 5].map((count) => stageOf(MARKED, negatives, 'chosen', count).model);

      expect(five).toEqual(one);
    },
  );
});

function stageOf(
  people: Population,
  negatives: Negatives,
  scaling: 'chosen' | 'none' | 'unit' | 'idf-unit',
  count = 1,
  seed = 1,
) {
  const shards = shardsOf(people.users, count);
  const exposed = new Set(people.users.flatMap(({ id }) => (id.startsWith('shown') ? id : [])));
  const roles = shards.map((shard) => assignRoles(shard, people.seeds, people.excluded, { exposed }));
  const model: RegressionModel = fitRanker(byLogisticRegression(negatives, scaling, seed), shards, roles);
  return { shards, roles, model };
}

/** The ids of those whose marks the model knows. */
function learnedFrom(negatives: Negatives, seed = 1): string[] {
  const { features } = stageOf(MARKED, negatives, 'unit', 2, seed).model.weights;
  return features.flatMap((feature) => (feature.startsWith('mark of ') ? feature.slice('mark of '.length) : []));
}

function idsOf(...kinds: readonly string[]): string[] {
  return MARKED.users.flatMap(({ id }) => (kinds.some((kind) => id.startsWith(kind)) ? id : []));
}

function marked(kind: string, taste: readonly string[], count: number) {
  return Array.from({ length: count }, (_, u) => ({
    id: `${kind} ${u}`,
    features: [...taste, `mark of ${kind} ${u}`],
  }));
}

function plain(kind: string, count: number) {
  return Array.from({ length: count }, (_, u) => ({ id: `${kind} ${u}`, features: ['jazz'] }));
}

function meanOf(scores: Float32Array): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
