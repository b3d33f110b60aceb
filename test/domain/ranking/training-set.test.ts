import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { userAt } from '#domain/features/shard.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import {
  learnedShareOf,
  mergeTrainingSets,
  rolesIn,
  seedCountOf,
  type TrainingSet,
  trainingSetOf,
} from '#domain/ranking/training-set.ts';
import {
  anyPopulation,
  crowdOf,
  embedded,
  modelOf,
  shardOf,
  shardsOf,
  trainingSetFor,
  weightsByFeature,
} from '../populations.ts';

const people = shardOf([
  { id: 'a', features: ['x'] },
  { id: 'b', features: ['y', 'z'], weights: [2, 3] },
  { id: 'c', features: ['w'] },
  { id: 'd', features: ['z'] },
]);

describe('a training set', () => {
  it('is of seeds and others alone, with the features that these have', () => {
    const roles = assignRoles(people, new Set(['b']), new Set(['c']), { exposed: new Set(['d']) });

    const { shard, isSeed, isExposed } = trainingSetOf(people, roles, roles.background);

    expect(shard.ids).toEqual(['a', 'b', 'd']);
    expect(shard.features).toEqual(['x', 'y', 'z']);
    expect(userAt(shard, 1)).toEqual({ id: 'b', features: ['y', 'z'], weights: [2, 3] });
    expect([[...isSeed], [...isExposed]]).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  it('has those for others who are given as such', () => {
    const roles = assignRoles(people, new Set(['b']), new Set(), { exposed: new Set(['d']) });

    expect(trainingSetOf(people, roles, roles.exposed).shard.ids).toEqual(['b', 'd']);
  });

  test.prop([anyPopulation, fc.integer({ min: 2, max: 6 }), fc.constantFrom(1, 0.3)])(
    'is the same for any cut into shards',
    (crowd, count, learnedShare) => {
      const further = { learnedShare, exposed: new Set(crowd.users.slice(3).map(({ id }) => id)) };

      expect(contentOf(trainingSetFor(crowd, count, further))).toEqual(contentOf(trainingSetFor(crowd, 1, further)));
    },
  );

  test.prop([anyPopulation])('has everybody’s own point, and not the model, which every shard would bring', (crowd) => {
    const setOf = (count: number) =>
      mergeTrainingSets(
        embedded(shardsOf(crowd.users, count), modelOf(crowd.users)).map((shard) => {
          const roles = assignRoles(shard, crowd.seeds, crowd.excluded);
          return trainingSetOf(shard, roles, roles.background);
        }),
      );
    const [whole] = embedded([shardOf(crowd.users)], modelOf(crowd.users));

    const { shard } = setOf(3);

    expect(shard.embedding).toEqual(setOf(1).shard.embedding);
    expect(shard.embedding?.model).toMatchObject({ idf: { features: [] }, loadings: new Float64Array(0) });
    expect(pointsById(shard)).toEqual(pointsById(whole).filter(([id]) => shard.ids.includes(String(id))));
  });

  it('has no points where the shards have none', () => {
    expect(trainingSetFor(crowdOf(5, 20, 1), 3).shard.embedding).toBeUndefined();
  });
});

describe('a sample', () => {
  const crowd = crowdOf(1000, 5000, 1);
  const partsOf = (learnedShare: number, count: number) =>
    shardsOf(crowd.users, count).map((shard) => {
      const roles = assignRoles(shard, crowd.seeds, crowd.excluded, { learnedShare });
      return trainingSetOf(shard, roles, roles.background);
    });
  const idsFor = (learnedShare: number, mostSeeds: number, count = 1) => {
    const { shard, isSeed } = mergeTrainingSets(partsOf(learnedShare, count), mostSeeds);
    const idsOf = (kind: number) => new Set(shard.ids.filter((_, row) => isSeed[row] === kind));
    return { seeds: idsOf(1), others: idsOf(0) };
  };

  // A share of .25 of 4000 is 1000 ± 27, by the standard deviation of a draw; 500 seeds of 1000 are ± 16.
  it('is about the share of the others that is asked for, and about as many seeds as may be', () => {
    const { seeds, others } = idsFor(0.25, 500);

    expect(Math.abs(seeds.size - 500)).toBeLessThan(4 * 16);
    expect(Math.abs(others.size - 1000)).toBeLessThan(4 * 27);
  });

  it('is a part of any larger one, and the same from any number of shards', () => {
    const [small, large] = [idsFor(0.1, 100), idsFor(0.4, 1000)];

    expect(small.seeds.isSubsetOf(large.seeds) && small.others.isSubsetOf(large.others)).toBe(true);
    expect(large.seeds.size).toBe(1000);
    expect(idsFor(0.1, 100, 7)).toEqual(small);
  });

  it('keeps who was exposed', () => {
    const exposed = new Set(crowd.users.map(({ id }) => id));
    const roles = assignRoles(shardOf(crowd.users), crowd.seeds, crowd.excluded, { exposed });

    const set = mergeTrainingSets([trainingSetOf(shardOf(crowd.users), roles, roles.background)], 100);

    expect(seedCountOf(set)).toBeLessThan(200);
    expect(set.isExposed).toEqual(set.isSeed.map((seed) => 1 - seed));
  });

  it.each([
    [100_000, 1],
    [200_000, 1],
    [1_000_000, 0.2],
  ])('of a population of %i is at most what teaches something', (userCount, share) => {
    expect(learnedShareOf(userCount)).toBe(share);
  });
});

describe('roles in a training set', () => {
  test.prop([anyPopulation, fc.nat(3)])('put a seed that is held out among the others', (crowd, modulus) => {
    const set = trainingSetFor(crowd, 1, { exposed: new Set(crowd.users.map(({ id }) => id)) });
    const isHeldOut = (row: number) => set.isSeed[row] === 1 && row % (modulus + 1) === 0;

    const { seeds, background, candidates, exposed } = rolesIn(set, isHeldOut);

    const rows = [...set.isSeed.keys()];
    expect([...seeds]).toEqual(rows.filter((row) => set.isSeed[row] === 1 && row % (modulus + 1) !== 0));
    expect([...seeds, ...background].toSorted((left, right) => left - right)).toEqual(rows);
    expect(candidates).toEqual(background);
    expect([...exposed]).toEqual(rows.filter((row) => set.isSeed[row] === 0));
  });
});

/** Everything but how a weight of 1 is stored. */
function contentOf({ shard, isSeed, isExposed }: TrainingSet) {
  const users = shard.ids.map((id, row) => [id, [...weightsByFeature(userAt(shard, row))]]);
  return { users, features: shard.features, isSeed, isExposed };
}

function pointsById({ ids, embedding }: TrainingSet['shard']) {
  const D = embedding?.dimensions ?? 0;
  return ids.map((id, row) => [id, embedding?.vectors.slice(row * D, row * D + D), embedding?.lengths[row]]);
}
