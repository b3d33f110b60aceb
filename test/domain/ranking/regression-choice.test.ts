import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { dealFolds, heldOutPlaces } from '#domain/ranking/folds.ts';
import { type Labels, labelsOf, learningStage } from '#domain/ranking/learning-stage.ts';
import type { Ranker } from '#domain/ranking/ranker.ts';
import {
  chooseRegression,
  type RegressionChoice,
  regress,
  STRENGTHS,
  seedShareOf,
} from '#domain/ranking/regression-choice.ts';
import type { TrainingSet } from '#domain/ranking/training-set.ts';
import { rarityOf, SCALINGS, type Scaling, scaledScores, scaleRows } from '#domain/scoring/linear-model.ts';
import { anyPopulation, crowdOf, type Population, populationOf, trainingSetFor } from '../populations.ts';

describe('the choice of a regression', () => {
  it('takes rows as they are where it is the amount that tells', () => {
    const people = weighted((isSeed, random) => [(isSeed ? 5 : 1) + 5 * random(), 0]);

    expect(choiceFor(people).scaling).toBe('none');
  });

  it('takes rows by their length where it is the proportion that tells, and amounts are chance', () => {
    const people = weighted((isSeed, random) => {
      const [share, size] = [(isSeed ? 0.35 : 0.15) + 0.4 * random(), 10 ** (4 * random())];
      return [size * share, size * (1 - share)];
    });

    expect(choiceFor(people, ['none', 'unit']).scaling).toBe('unit');
  });

  it.each(SCALINGS)('keeps to the one scaling that is given: %s', (scaling) => {
    const { strength, ...rest } = choiceFor(crowdOf(30, 150, 1), [scaling]);

    expect(rest).toEqual({ scaling });
    expect(STRENGTHS[scaling]).toContain(strength);
  });

  it.each([1, 2, 3])(
    'finds held-out seeds as well as the best of the grid, each fitted from nothing: crowd %i',
    (seed) => {
      const set = trainingSetFor(crowdOf(40, 200, seed));
      const fold = dealFolds(set, 1);

      const chosen = chooseRegression(set, learningStage(set), fold);

      const grid = SCALINGS.flatMap((scaling) => STRENGTHS[scaling].map((strength) => ({ scaling, strength })));
      const best = grid.reduce((most, choice) => Math.max(most, naiveWorth(set, fold, choice)), 0);
      expect(naiveWorth(set, fold, chosen)).toBeGreaterThan(0.98 * best);
      expect(best).toBeGreaterThan(
        1.1 * grid.reduce((least, one) => Math.min(least, naiveWorth(set, fold, one)), best),
      );
    },
  );

  it.each([
    [undefined, { scaling: 'unit', strength: 1 }],
    [['none'] as const, { scaling: 'none', strength: 1 }],
  ])('is that of the reference where one seed leaves nothing to hold out, of %j', (scalings, expected) => {
    expect(choiceFor(crowdOf(1, 20, 1), scalings)).toEqual(expected);
  });

  test.prop([anyPopulation])('is the same for any cut into shards', (people) => {
    const [one, three] = [1, 3].map((count) => {
      const set = trainingSetFor(people, count);
      return chooseRegression(set, learningStage(set), dealFolds(set, 1));
    });

    expect(three).toEqual(one);
  });
});

describe('the share of seeds', () => {
  it('is one of everybody', () => {
    expect(seedShareOf(trainingSetFor(crowdOf(3, 6, 1)))).toBe(0.5);
  });
});

describe('a regression', () => {
  test.prop([fc.nat(50)], { numRuns: 20 })('ends in the same place wherever it is begun', (seed) => {
    const set = trainingSetFor(crowdOf(40, 200, seed));
    const rows = scaleRows(set.shard.rows, 'unit', rarityOf(set.shard));
    const labels = labelsOf(set);
    const elsewhere = regress(
      rows,
      labelsOf(set, (row) => row % 5 === 0),
      10,
    );

    const [cold, warm] = [regress(rows, labels, 1), regress(rows, labels, 1, elsewhere)];

    const size = Math.hypot(...cold);
    expect(Math.hypot(...cold.map((w, f) => w - warm[f]))).toBeLessThan(0.05 * size);
  });
});

function choiceFor(people: Population, scalings: readonly Scaling[] = SCALINGS) {
  const set = trainingSetFor(people);
  return chooseRegression(set, learningStage(set), dealFolds(set, 1), { scalings });
}

/** The sum of AUC and recall of held-out seeds, by single fits. */
function naiveWorth(set: TrainingSet, fold: Uint8Array, { scaling, strength }: RegressionChoice): number {
  const rarity = rarityOf(set.shard);
  const ranker: Ranker<Labels, Float64Array> = {
    name: 'naive',
    gather: (_, { seeds }) => {
      const positives = Float64Array.from(set.isSeed, (__, row) => (seeds.includes(row) ? 1 : 0));
      return { positives, others: positives.map((positive) => 1 - positive) };
    },
    fit: ([labels]) => regress(scaleRows(set.shard.rows, scaling, rarity), labels, strength),
    score(weights, _, rows) {
      const scores = scaledScores(scaleRows(set.shard.rows, scaling, rarity), weights);
      return Float32Array.from(rows, (row) => scores[row]);
    },
    explain: () => [],
  };
  const places = heldOutPlaces(ranker, set, fold);
  const share = places.length / set.isSeed.length;
  return places.reduce((sum, place) => sum + place + (place >= 1 - share ? 1 : 0), 0) / places.length;
}

/** 40 seeds among 240, who have so much of two things. */
function weighted(amountsOf: (isSeed: boolean, random: () => number) => number[]): Population {
  const random = seededRandom(5);
  return populationOf(
    Array.from({ length: 240 }, (_, u) => ({
      id: `${u < 40 ? 'seed' : 'user'} ${u}`,
      features: ['bought', 'seen'],
      weights: amountsOf(u < 40, random),
    })),
  );
}
