import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Shard } from '#domain/features/shard.ts';
import { dealFolds, FOLD_COUNT, heldOutPlaces, heldOutRows, otherRows, triedFolds } from '#domain/ranking/folds.ts';
import type { Ranker } from '#domain/ranking/ranker.ts';
import { anyPopulation, crowdOf, type Population, trainingSetFor } from '../populations.ts';

const someCrowd = fc
  .tuple(fc.integer({ min: 1, max: 23 }), fc.integer({ min: 0, max: 40 }), fc.nat(99))
  .map(([seedCount, others, seed]) => crowdOf(seedCount, seedCount + others, seed));

describe('folds', () => {
  test.prop([someCrowd, fc.nat(1000)])('are dealt evenly to the seeds, and to the others', (people, seed) => {
    const set = trainingSetFor(people);

    const fold = dealFolds(set, seed);

    for (const kind of [0, 1]) {
      const sizes = Array.from({ length: FOLD_COUNT }, (_, k) =>
        fold.reduce((sum, own, row) => sum + (own === k && set.isSeed[row] === kind ? 1 : 0), 0),
      );
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  test.prop([someCrowd, fc.nat(1000), fc.integer({ min: 2, max: 5 })])(
    'are the same for any order of the users and any cut into shards',
    (people, seed, count) => {
      const turned = { ...people, users: people.users.toReversed() };

      expect(foldsById(turned, seed, count)).toEqual(foldsById(people, seed, 1));
    },
  );

  it('are others for another seed', () => {
    const people = crowdOf(20, 60, 1);

    expect(foldsById(people, 2)).not.toEqual(foldsById(people, 1));
  });

  test.prop([anyPopulation])('hold out every seed once, and nobody else', (people) => {
    const set = trainingSetFor(people);
    const fold = dealFolds(set, 1);

    const held = Array.from({ length: FOLD_COUNT }, (_, k) => [...heldOutRows(set, fold, k)]).flat();

    const rows = [...set.isSeed.keys()];
    expect([...held, ...otherRows(set)].toSorted((left, right) => left - right)).toEqual(rows);
    expect(held.every((row) => set.isSeed[row] === 1)).toBe(true);
  });
});

describe('places of held-out seeds', () => {
  /** Scores a user by the number in the id, and keeps whom it was told of. */
  const spy = () => {
    const fits: { seeds: Set<string>; background: Set<string> }[] = [];
    const scored: { ids: string[]; fit: number }[] = [];
    const idsOf = ({ ids }: Shard, rows: Uint32Array) => Array.from(rows, (row) => ids[row]);
    const ranker: Ranker<number, number> = {
      name: 'spy',
      gather(shard, { seeds, background }) {
        fits.push({ seeds: new Set(idsOf(shard, seeds)), background: new Set(idsOf(shard, background)) });
        return fits.length - 1;
      },
      fit: ([fit]) => fit,
      score(fit, shard, rows) {
        scored.push({ ids: idsOf(shard, rows), fit });
        return Float32Array.from(idsOf(shard, rows), (id) => Number(id.replace(/\D/g, '')));
      },
      explain: () => [],
    };
    return { ranker, fits, scored };
  };

  test.prop([someCrowd, fc.nat(1000)])('are by a ranker that saw the seed as one of the others', (people, seed) => {
    const set = trainingSetFor(people);
    const { ranker, fits, scored } = spy();

    heldOutPlaces(ranker, set, dealFolds(set, seed));

    const held = scored.flatMap(({ ids, fit }) => ids.filter((id) => people.seeds.has(id)).map((id) => ({ id, fit })));
    expect(held.map(({ id }) => id).toSorted()).toEqual([...people.seeds].toSorted());
    for (const { id, fit } of held) {
      expect(fits[fit].seeds.has(id)).toBe(false);
      expect(fits[fit].background.has(id)).toBe(true);
    }
    for (const { seeds, background } of fits) expect(seeds.size + background.size).toBe(people.users.length);
  });

  it('are the shares of the others whom each seed comes before, in the order of the rows', () => {
    const numbered = (kind: string, numbers: readonly number[]) =>
      numbers.map((number) => ({ id: `${kind} ${number}`, features: [] }));
    const users = [...numbered('seed', [9, 1, 5]), ...numbered('user', [2, 4, 6, 8])];
    const set = trainingSetFor({ users, seeds: new Set(['seed 9', 'seed 1', 'seed 5']), excluded: new Set() });

    const places = heldOutPlaces(spy().ranker, set, dealFolds(set, 1));

    expect(set.shard.ids.slice(0, 3)).toEqual(['seed 1', 'seed 5', 'seed 9']);
    expect([...places]).toEqual([0, 0.5, 1]);
  });
});

describe('the folds that are tried', () => {
  it.each([
    [1, 5],
    [2_000, 5],
    [2_500, 4],
    [3_334, 3],
    [5_000, 2],
    [1_000_000, 2],
  ])('of %i seeds are %i', (seedCount, count) => {
    expect(triedFolds(seedCount)).toBe(count);
  });

  it('may be one, where nothing chosen is to be judged', () => {
    expect([triedFolds(1_000, 1_000, 1), triedFolds(4_999, 1_000, 1), triedFolds(5_000, 1_000, 1)]).toEqual([5, 2, 1]);
  });
});

function foldsById(people: Population, seed: number, count = 1): Map<string, number> {
  const set = trainingSetFor(people, count);
  const fold = dealFolds(set, seed);
  return new Map(set.shard.ids.map((id, row) => [id, fold[row]]));
}
