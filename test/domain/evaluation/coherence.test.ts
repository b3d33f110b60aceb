import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { coherenceOf, meanCosines } from '#domain/evaluation/coherence.ts';
import type { User } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { anyUsers, naiveSimilarity, shardOf, weightsByFeature } from '../populations.ts';

const cosine = (left: User, right: User) => naiveSimilarity('cosine', left, right);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const placed = anyUsers.map((users) => users.filter((user) => weightsByFeature(user).size > 0));
const byId = (users: readonly User[]) => users.toSorted((left, right) => (left.id < right.id ? -1 : 1));

describe('mean cosines', () => {
  test.prop([placed, placed])('are those of all pairs, one by one', (seeds, others) => {
    const [S, R] = [byId(seeds), byId(others)];

    const { seedsToSeeds, seedsToOthers, othersToSeeds } = meanCosines(shardOf(seeds), shardOf(others));

    const expected = {
      seedsToSeeds: S.map((seed) => mean(S.filter((other) => other !== seed).map((other) => cosine(seed, other)))),
      seedsToOthers: S.map((seed) => mean(R.map((other) => cosine(seed, other)))),
      othersToSeeds: R.map((other) => mean(S.map((seed) => cosine(seed, other)))),
    };
    const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 9));
    expect([...seedsToSeeds]).toEqual(close(expected.seedsToSeeds));
    expect([...seedsToOthers]).toEqual(close(expected.seedsToOthers));
    expect([...othersToSeeds]).toEqual(close(expected.othersToSeeds));
  });

  it('are 0, not nearly 0, for a seed that shares nothing', () => {
    const seeds = shardOf([
      { id: 's1', features: ['a', 'b', 'c'], weights: [0.1, 0.7, 3] },
      { id: 's2', features: ['x', 'y'] },
      { id: 's3', features: ['x', 'z'] },
    ]);

    expect([...meanCosines(seeds, shardOf([])).seedsToSeeds]).toEqual([
      0,
      expect.closeTo(0.25, 12),
      expect.closeTo(0.25, 12),
    ]);
  });
});

describe('coherence', () => {
  it('compares the mean over pairs of seeds with the mean over pairs with random users', () => {
    // Among seeds 1, ½ and ½; to the others 1, 1, ½ and 0, 0, 0.
    const cosines = {
      seedsToSeeds: Float64Array.of(0.75, 0.75, 0.5),
      seedsToOthers: Float64Array.of(0.5, 0.5, 0.25),
      othersToSeeds: Float64Array.of(5 / 6, 0),
    };

    const coherence = coherenceOf(cosines);

    // The seeds' pulls are 1, 1 and ¾: their mean has the variance (2·(1/12)² + (1/6)²)/2/3 = 1/144. The users' has 25/144.
    const error = Math.sqrt(1 / 144 + 25 / 144);
    expect(coherence).toEqual({
      amongSeeds: expect.closeTo(2 / 3, 12),
      toRandomUsers: expect.closeTo(5 / 12, 12),
      difference: expect.closeTo(1 / 4, 12),
      low: expect.closeTo(1 / 4 - 1.6448536269514722 * error, 12),
      high: expect.closeTo(1 / 4 + 1.6448536269514722 * error, 12),
    });
  });

  it.each([
    ['one seed', 1, 9],
    ['no seeds', 0, 9],
    ['nobody else', 9, 0],
  ])('is none of %s', (_, S, R) => {
    const [seeds, others] = [S, R].map((count) => shardOf(likeEachOther(count)));

    expect(coherenceOf(meanCosines(seeds, others))).toBeUndefined();
  });

  it('is certain of identical seeds beside users who share nothing with them', () => {
    const strangers = likeEachOther(9).map(({ id }) => ({ id: `v${id}`, features: ['other'] }));

    const coherence = coherenceOf(meanCosines(shardOf(likeEachOther(9)), shardOf(strangers)));

    expect(coherence).toEqual({
      amongSeeds: expect.closeTo(1, 12),
      toRandomUsers: 0,
      difference: expect.closeTo(1, 12),
      low: expect.closeTo(1, 12),
      high: expect.closeTo(1, 12),
    });
  });

  // 90 of 100 intervals hold the truth; of 400, the share has a standard deviation of 0.015.
  it('has an interval that holds the truth as often as it says', () => {
    const random = seededRandom(7);
    const people = (count: number, prefix: string) =>
      shardOf(Array.from({ length: count }, (_, n) => ({ id: `${prefix}${n}`, features: anyFeatures(random) })));

    const held = Array.from({ length: 400 }, () => {
      const { low = 1, high = -1 } = coherenceOf(meanCosines(people(60, 's'), people(120, 'u'))) ?? {};
      return low <= 0 && high >= 0;
    });

    const share = held.filter(Boolean).length / held.length;
    expect(share).toBeGreaterThan(0.85);
    expect(share).toBeLessThan(0.95);
  });

  test.prop([fc.nat(99)])('is had by people of one kind among people of many', (seed) => {
    const random = seededRandom(seed);
    const seeds = Array.from({ length: 40 }, (_, n) => ({ id: `s${n}`, features: ['kind', ...anyFeatures(random)] }));
    const others = Array.from({ length: 80 }, (_, n) => ({ id: `u${n}`, features: anyFeatures(random) }));

    expect(coherenceOf(meanCosines(shardOf(seeds), shardOf(others)))?.low).toBeGreaterThan(0);
  });
});

function likeEachOther(count: number): User[] {
  return Array.from({ length: count }, (_, n) => ({ id: `u${n}`, features: ['x', 'y'] }));
}

/** One to five of twenty features, low numbers more often. */
function anyFeatures(random: () => number): string[] {
  const count = 1 + Math.floor(random() * 5);
  return [...new Set(Array.from({ length: count }, () => `f${Math.floor(random() ** 2 * 20)}`))];
}
