import { describe, expect, it } from 'vitest';
import { advantage } from '#domain/evaluation/places.ts';
import { seededRandom } from '#domain/random.ts';
import { blendScores } from '#domain/ranking/blend.ts';
import { type AutoModel, byAuto, planFor, STACK, STACK_WITH_TREES } from '#domain/ranking/by-auto.ts';
import { standardOf } from '#domain/ranking/cross-fit.ts';
import { dealFolds } from '#domain/ranking/folds.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles, type Trial, type Trials } from '#domain/ranking/ranker.ts';
import { crowdOf, type Population, shardOf, shardsOf, trainingSetFor } from '../populations.ts';

/** More than everything takes. */
const EFFORT = 20;

describe('the plan of what to try', () => {
  const namesFor = (seedCount: number, effort: number) => {
    const { inputs, withTrees, skipped } = planFor(seedCount, effort);
    return { inputs: inputs.map(({ name }) => name), withTrees, skipped };
  };

  it.each([
    [10, 7, false],
    [49, 7, false],
    [50, 13, false],
    [99, 13, false],
    [100, 13, true],
  ])('for %i seeds is %i inputs; with trees: %s', (seedCount, count, withTrees) => {
    const plan = planFor(seedCount, EFFORT);

    expect([plan.inputs.length, plan.withTrees, plan.skipped]).toEqual([count, withTrees, []]);
  });

  it('leaves out the dearest first: trees, then what seeds must be many for, then all regressions', () => {
    const [all, cheaper, safe, cheapest] = [3, 1, 0.5, 0.1].map((effort) => namesFor(1000, effort));

    expect(all.skipped).toEqual([]);
    expect(cheaper).toEqual({ inputs: all.inputs, withTrees: false, skipped: ['boosted trees'] });
    expect(safe.inputs).toEqual(namesFor(49, EFFORT).inputs);
    expect(cheapest.inputs).toEqual(safe.inputs.filter((name) => !name.startsWith('logistic')));
    expect(cheapest.inputs).toHaveLength(5);
  });

  it.each([3, 1, 0.5, 0.1])('says of every input whether it is tried or skipped, with an effort of %d', (effort) => {
    const { inputs, skipped } = namesFor(1000, effort);

    const everything = [...namesFor(1000, EFFORT).inputs, ...(effort < 3 ? ['boosted trees'] : [])];
    expect([...inputs, ...skipped].toSorted()).toEqual(everything.toSorted());
  });

  it('says nothing of trees that so few seeds would not have had anyway', () => {
    expect(namesFor(80, 0.1).skipped).not.toContain('boosted trees');
  });
});

describe('the ranker chosen by evidence', () => {
  it('tries the stack and every input on every seed, and says how each found it', () => {
    const { inputs, trials } = fitted(crowdOf(40, 200, 1));

    const { contenders, winner, places, skipped } = tried(trials);

    expect(contenders.map(({ name }) => name)).toEqual([STACK, ...inputs.map(({ name }) => name)]);
    expect(contenders.map((trial) => trial.places.length)).toEqual(Array(8).fill(40));
    expect(contenders.some(({ name }) => name === winner)).toBe(true);
    expect(places).toHaveLength(40);
    expect(skipped).toEqual([]);
    expect([places, ...contenders.map((trial) => trial.places)].every(areShares)).toBe(true);
  });

  it('tries trees where seeds are many, and takes them where features count together', () => {
    const { trials, trees, inputs } = fitted(TOGETHER);

    const { contenders, winner } = tried(trials);

    expect(contenders.map(({ name }) => name).slice(0, 2)).toEqual([STACK_WITH_TREES, STACK]);
    expect(winner).toBe(STACK_WITH_TREES);
    expect(trees?.weight).toBeGreaterThan(0);
    expect(inputs.filter(({ name }) => name.startsWith('logistic')).every(({ weight }) => weight > 0)).toBe(true);
    expect(inputs.length).toBeGreaterThanOrEqual(7);
    expect(trees?.trees.numberCount).toBe(inputs.length + 1);
  });

  it('holds out as many folds of many seeds as tell, and gives places to those alone', () => {
    const { trials } = fitted(crowdOf(2500, 6000, 6));

    const { contenders, places } = tried(trials);

    expect([places.length, ...contenders.map((trial) => trial.places.length)]).toEqual(Array(16).fill(2000));
    expect(mean(places)).toBeGreaterThan(0.6);
  });

  it('skips what there is no time for, and says so', () => {
    const { trials } = fitted(crowdOf(320, 500, 3), 1);

    expect(tried(trials).skipped).toEqual(['boosted trees']);
    expect(tried(trials).contenders.map(({ name }) => name)).not.toContain(STACK_WITH_TREES);
  });

  it.each([1, 9])('tries nothing on %i seeds, and lets each input count alike', (seedCount) => {
    const { inputs, trials, trees } = fitted(crowdOf(seedCount, 100, 1));

    expect(trials).toBeUndefined();
    expect(trees).toBeUndefined();
    expect(inputs.map(({ weight }) => weight)).toEqual(Array(7).fill(1 / 7));
  });

  it('tries nothing where everybody is a seed', () => {
    expect(fitted(crowdOf(30, 30, 1)).trials).toBeUndefined();
  });

  it('takes what it took for good, in every crowd, by the same rule', () => {
    const singles = [];
    for (let seed = 1; seed <= 40; seed++) {
      const people = crowdOf(12, 100, seed);
      const { inputs, trials } = fitted(people);
      const { contenders, winner } = tried(trials);
      const [stack, ...others] = contenders;
      const share = 12 / 100;
      const isClearlyBetter = (trial: { readonly places: Float64Array }) =>
        advantage(trial.places, stack.places, share) > 2;
      const taken = inputs.filter(({ weight }) => weight > 0).map(({ name }) => name);
      if (winner === STACK) expect(taken.length).toBeGreaterThan(1);
      else {
        singles.push(seed);
        expect(taken).toEqual([winner]);
        expect(others.filter(({ name }) => name === winner).every(isClearlyBetter)).toBe(true);
      }
    }

    expect(singles.length).toBeGreaterThan(0);
    expect(singles.length).toBeLessThan(10);
  });

  it('gives each seed the place by what would have been taken without the seeds of its fold', () => {
    let differing = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const people = crowdOf(12, 100, seed);
      const { contenders, winner, places } = tried(fitted(people).trials);
      const set = trainingSetFor(people);
      const fold = dealFolds(set, 1).filter((_, row) => set.isSeed[row] === 1);

      const expected = Float64Array.from(fold, (k, s) => {
        const chosen = naiveChoice(contenders, (other) => fold[other] !== k, 12 / 100);
        if (chosen.name !== winner) differing++;
        return chosen.places[s];
      });

      expect(places).toEqual(expected);
    }

    expect(differing).toBeGreaterThan(0);
  });

  it('scores in units of how far the others lie apart, the stack as the trees', () => {
    const deviationOf = (people: Population) => {
      const shard = shardOf(people.users);
      const { candidates } = assignRoles(shard, people.seeds, people.excluded);
      const { trees, ...stack } = fitted(people);
      const scores = [
        blendScores(stack, shard, candidates),
        trees && blendScores({ inputs: stack.inputs, trees }, shard, candidates),
      ];
      const alone = trees && scores[1]?.map((score, n) => score - (scores[0]?.[n] ?? 0));
      return [scores[0], alone].map(
        (column) => column && standardOf(column, Uint32Array.from(column.keys())).deviation,
      );
    };

    expect(deviationOf(crowdOf(40, 200, 1))).toEqual([expect.closeTo(1, 4), undefined]);
    expect(deviationOf(TOGETHER)).toEqual([expect.closeTo(1, 4), expect.closeTo(1, 4)]);
  });

  it('gives the same model for any cut into shards, and for the same seed', () => {
    const people = crowdOf(320, 600, 4);

    expect(fitted(people, EFFORT, 3)).toEqual(fitted(people));
  });

  it('gives other folds for another seed', () => {
    const people = crowdOf(40, 200, 1);

    expect(tried(fitted(people, EFFORT, 1, 2).trials).places).not.toEqual(tried(fitted(people).trials).places);
  });

  // Nothing tells seeds from the others: places are 1/2 ± 0.289/√S by chance, over ten crowds of 60 ± 0.012.
  it('promises nothing where there is nothing to be found', () => {
    const means = Array.from({ length: 10 }, (_, seed) => {
      const { users } = crowdOf(0, 600, seed);
      const people = { users, seeds: new Set(users.slice(0, 60).map(({ id }) => id)), excluded: new Set<string>() };
      return mean(tried(fitted(people).trials).places);
    });

    expect(Math.abs(mean(means) - 1 / 2)).toBeLessThan(3 * 0.012);
  });

  // Places among others whom the trees were told of would be 0.60 here on average. What is left above 1/2 is no more than
  // trees can read from scores of one fold about the seeds of another: many features, few people, and half of them seeds.
  it('gives held-out seeds no place for being unknown to the trees', () => {
    const means = Array.from({ length: 8 }, (_, seed) => mean(tried(fitted(noise(seed)).trials).contenders[0].places));

    expect(mean(means)).toBeLessThan(0.56);
  });
});

/** 320 seeds of 700 people, and 40 features that are nobody's in particular. */
function noise(seed: number): Population {
  const random = seededRandom(seed);
  const names = Array.from({ length: 40 }, (_, f) => `f${f}`);
  const users = Array.from({ length: 700 }, (_, u) => ({ id: `u${u}`, features: names.filter(() => random() < 0.3) }));
  return { users, seeds: new Set(users.slice(0, 320).map(({ id }) => id)), excluded: new Set() };
}

/** Seeds have both or neither of two things: by themselves these say nothing. */
const TOGETHER: Population = (() => {
  const { users } = crowdOf(0, 1200, 5);
  const withBoth = users.map(({ id, features }, u) => {
    const isAlike = u % 3 === 0;
    const [one, two] = [u % 2 === 0, isAlike ? u % 2 === 0 : u % 2 === 1];
    return { id, features: [...features, ...(one ? ['one'] : []), ...(two ? ['two'] : [])] };
  });
  return {
    users: withBoth,
    seeds: new Set(withBoth.filter((_, u) => u % 3 === 0 && u < 1150).map(({ id }) => id)),
    excluded: new Set(),
  };
})();

function fitted({ users, seeds, excluded }: Population, effort = EFFORT, shardCount = 1, seed = 1): AutoModel {
  const shards = shardsOf(users, shardCount);
  const roles = shards.map((shard) => assignRoles(shard, seeds, excluded));
  return fitRanker(byAuto(seed, effort), shards, roles);
}

/** The stack, or the best single input where that is better by two standard errors and no worse at the top. */
function naiveChoice(contenders: readonly Trial[], mayLook: (s: number) => boolean, share: number): Trial {
  const [stack, ...singles] = contenders;
  const seen = ({ places }: Trial) => places.filter((_, s) => mayLook(s));
  const hits = (trial: Trial) => seen(trial).filter((place) => place >= 1 - share).length;
  const worth = (trial: Trial) => seen(trial).reduce((sum, place) => sum + place, hits(trial));
  const most = Math.max(...singles.map(worth));
  const [best] = singles.filter((trial) => worth(trial) > most - 1e-9);
  return advantage(seen(best), seen(stack), share) > 2 && hits(best) >= hits(stack) ? best : stack;
}

function tried(trials: Trials | undefined): Trials {
  if (trials === undefined) throw new Error('expected trials, got none');
  return trials;
}

function areShares(places: Float64Array): boolean {
  return places.every((place) => place >= 0 && place <= 1);
}

function mean(values: Iterable<number>): number {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}
