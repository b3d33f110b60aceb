import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { seedClusters } from '#domain/evaluation/seed-clusters.ts';
import type { User } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { informationValue } from '#domain/scoring/information-value.ts';
import { anyUsers, shardOf, weightsByFeature } from '../populations.ts';

/** People of one kind: four of ten features of their own, and two of many that anybody may have. */
function kind(name: string, count: number, seed = 1): User[] {
  const random = seededRandom(seed);
  const pick = (options: number) => Math.floor(random() * options);
  return Array.from({ length: count }, (_, n) => {
    const features = Array.from({ length: 4 }, () => `${name}:${pick(10)}`);
    return { id: `${name}${n}`, features: [...new Set([...features, `any:${pick(30)}`, `any:${pick(30)}`])] };
  });
}

const CHOICES = { featureCount: 5, seed: 1 };
const clustersOf = (seeds: readonly User[], others: readonly User[] = kind('others', 100)) =>
  seedClusters(shardOf(seeds), shardOf(others), CHOICES);

describe('clusters of seeds', () => {
  it.each([
    ['two', { golf: 120, opera: 60 }],
    ['three', { golf: 120, opera: 90, chess: 40 }],
  ])('are the %s kinds that were planted, the largest first, with what tells them from each other', (_, kinds) => {
    const seeds = Object.entries(kinds).flatMap(([name, count], n) => kind(name, count, n));

    const clusters = clustersOf(seeds);

    expect(clusters.map(({ size }) => size)).toEqual(Object.values(kinds));
    clusters.forEach(({ features }, c) => {
      expect(features).toHaveLength(5);
      for (const { feature, share, otherShare } of features) {
        expect(feature).toMatch(new RegExp(`^${Object.keys(kinds)[c]}:`));
        expect(share).toBeGreaterThan(0.2);
        expect(otherShare).toBe(0);
      }
    });
  });

  it('are one where all are of one kind, told from the others', () => {
    const [whole, ...more] = clustersOf(kind('golf', 150));

    expect(more).toEqual([]);
    expect(whole.size).toBe(150);
    expect(whole.features.map(({ feature }) => feature)).toEqual(
      Array.from({ length: 5 }, () => expect.stringMatching(/^golf:/)),
    );
  });

  it('have the features of the highest information value, worked out from who has them', () => {
    const seeds = [...kind('golf', 40, 1), ...kind('opera', 30, 2)];

    const [{ features }] = clustersOf(seeds);

    const having = (feature: string, name: string) =>
      seeds.filter(({ id, features: own }) => id.startsWith(name) && own.includes(feature)).length;
    const values = [...new Set(seeds.flatMap((user) => user.features))]
      .map((feature) => ({ feature, own: having(feature, 'golf'), rest: having(feature, 'opera') }))
      .filter(({ own, rest }) => own / 40 > rest / 30)
      .map(({ feature, own, rest }) => ({
        feature,
        informationValue: informationValue(own, 40, rest, 30),
        share: own / 40,
        otherShare: rest / 30,
      }))
      .sort((left, right) => right.informationValue - left.informationValue || (left.feature < right.feature ? -1 : 1));
    expect(features).toEqual(values.slice(0, 5));
  });

  it.each([
    ['no seeds', [], 0],
    ['one seed', kind('golf', 1), 1],
    ['too few for two kinds', [...kind('golf', 10), ...kind('opera', 9)], 1],
    ['identical seeds', kind('golf', 60).map(({ id }) => ({ id, features: ['x', 'y'] })), 1],
  ])('of %s are %3$d', (_, seeds, count) => {
    const clusters = clustersOf(seeds);

    expect(clusters.map(({ size }) => size)).toEqual(count === 0 ? [] : [seeds.length]);
  });

  it('are had without anybody else', () => {
    expect(clustersOf(kind('golf', 30), [])).toEqual([{ size: 30, features: expect.any(Array) }]);
  });

  test.prop([anyUsers, anyUsers, fc.nat(9)])('hold every seed once, and say the same again', (users, others, seed) => {
    const seeds = shardOf(users.filter((user) => weightsByFeature(user).size > 0));

    const clusters = seedClusters(seeds, shardOf(others), { featureCount: 3, seed });

    expect(clusters.reduce((sum, { size }) => sum + size, 0)).toBe(seeds.ids.length);
    expect(seedClusters(seeds, shardOf(others), { featureCount: 3, seed })).toEqual(clusters);
  });
});
