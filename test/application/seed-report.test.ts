import { describe, expect, it } from 'vitest';
import type { IdList } from '#application/id-list.ts';
import type { Population } from '#application/population.ts';
import { reportSeeds, type SeedReport, type SeedReportRequest } from '#application/seed-report.ts';
import type { User } from '#domain/features/shard.ts';
import { hashText } from '#domain/random.ts';
import { shardOf, shardsOf } from '../domain/populations.ts';
import { groupedPeople, groupIds, idList, SETTINGS, unwatched } from './people.ts';

const people = groupedPeople(2000);

function populationOf(users: readonly User[], shardCount = 1): Population {
  return { name: 'people', generation: 3, shards: shardsOf(users, shardCount), sha256: [] };
}

function reportOf(
  seeds: IdList | readonly string[],
  changes: Partial<SeedReportRequest> = {},
  population = populationOf(people),
  seedSample = SETTINGS.seedSample,
): SeedReport {
  const list = 'ids' in seeds ? seeds : idList(seeds);
  const request = { seeds: list, exclude: [], drop: [], binary: false, seed: 1, ...changes };
  return reportSeeds({ ...SETTINGS, seedSample }, population, request, unwatched);
}

/** Anybody, by a hash of the id. */
function randomIds(count: number): string[] {
  return people
    .map(({ id }) => id)
    .toSorted((left, right) => hashText(left, 99) - hashText(right, 99))
    .slice(0, count);
}

describe('a seed report', () => {
  it('counts who is matched, who is not and why, and who has nothing to go by', () => {
    const seeds = { ...idList([...groupIds(120), 'U1', ' u2 ', 'x1', 'x2']), duplicates: 5 };

    const report = reportOf(seeds, { exclude: [idList(['u0', 'u4', 'u3', 'x1'], 'no.txt')] });

    const empty = groupIds(120).filter((id) => Number(id.slice(1)) % 50 === 49).length;
    expect(report).toMatchObject({ population: 'people', generation: 3, users: 2000 });
    expect(report.seeds).toEqual({
      given: 124,
      duplicates: 5,
      matched: 120,
      unmatched: 4,
      withoutFeatures: empty,
      excludedToo: 2,
    });
    expect(report.unmatched).toEqual({
      spelling: {
        count: 2,
        first: [
          { given: 'U1', user: 'u1' },
          { given: ' u2 ', user: 'u2' },
        ],
      },
      unknown: { count: 2, first: ['x1', 'x2'] },
    });
    expect(report.compared.randomUsers).toBe(people.filter(({ features }) => features.length > 0).length - 120 - 1);
    expect(report.warnings).toEqual([
      '2 of 124 seeds are users but for letter case or outer space, such as "U1" for "u1"',
      '2 of 124 seeds are not users of the population, such as "x1", "x2"',
    ]);
  });

  it('finds seeds of one group alike, and random users not', () => {
    const group = reportOf(groupIds(120));
    const random = reportOf(randomIds(120));

    expect(group.coherence).toMatchObject({ isCoherent: true });
    expect(random.coherence).toMatchObject({ isCoherent: false });
    expect(group.clusters).toHaveLength(1);
    expect(group.clustersToldFrom).toBe('random users');
    for (const { feature } of group.clusters[0].features) expect(feature).toMatch(/^group0:/);
    expect(random.warnings).toEqual([
      expect.stringMatching(/^\d of 120 seeds have no feature: they resemble nobody$/),
      'the seeds are no more like each other than like random users: expect an audience by chance',
    ]);
  });

  it('finds two groups among the seeds, of the right size, and what each is of', () => {
    const seeds = [...groupIds(160), ...groupIds(100).map((id) => `u${Number(id.slice(1)) + 1}`)];

    const { clusters, clustersToldFrom, seeds: counts } = reportOf(seeds);

    expect(clustersToldFrom).toBe('other seeds');
    expect(clusters).toHaveLength(2);
    expect(clusters[0].size + clusters[1].size).toBe(260 - counts.withoutFeatures);
    expect(Math.abs(clusters[0].size - 160)).toBeLessThanOrEqual(8);
    clusters.forEach(({ features }, c) => {
      expect(features.map(({ feature }) => feature)).toEqual(
        Array.from({ length: 5 }, () => expect.stringMatching(new RegExp(`^group${c}:`))),
      );
    });
  });

  it('names the seeds that hardly belong to the others, the most outlying first', () => {
    const odd = Array.from({ length: 3 }, (_, n) => ({ id: `odd${n}`, features: [`own:${n}`] }));
    const users = [...people, ...odd];

    const { outliers } = reportOf([...groupIds(100), ...odd.map(({ id }) => id)], {}, populationOf(users));

    expect(outliers.first.slice(0, 3)).toEqual(odd.map(({ id }) => ({ userId: id, similarity: 0 })));
    expect(outliers.count).toBeLessThan(10);
  });

  it('is the same for any cut into shards, any order of seeds, and of a sample as well', () => {
    const seeds = [...groupIds(200), 'X', 'U1'];
    const whole = (limit?: number) => reportOf(seeds, {}, populationOf(people), limit);

    for (const limit of [undefined, 50]) {
      for (const count of [2, 5]) {
        expect(reportOf(seeds, {}, populationOf(people, count), limit)).toEqual(whole(limit));
      }
      const turned = reportOf(seeds.toReversed(), {}, populationOf(people, 3), limit);
      const inOrder = whole(limit);
      expect({ ...turned, unmatched: inOrder.unmatched }).toEqual(inOrder);
    }
    expect(whole(50).compared).toEqual({ seeds: 50, randomUsers: 50 });
    expect(reportOf(seeds, { seed: 2 }, populationOf(people), 50).coherence).not.toEqual(whole(50).coherence);
  });

  it('sees nobody’s dropped features, and weights only where they count', () => {
    const kept = people.flatMap(({ features }) => features).filter((name) => !name.startsWith('group0:'));
    const drop = Array.from({ length: 6 }, (_, n) => `group0:${n}`);

    const dropped = reportOf(groupIds(200), { drop: [...drop, 'group0:9'] });
    const binary = reportOf(groupIds(200), { binary: true });

    expect(dropped.seeds.withoutFeatures).toBeGreaterThan(40);
    expect(dropped.compared.seeds).toBe(200 - dropped.seeds.withoutFeatures);
    for (const { feature } of dropped.clusters.flatMap(({ features }) => features)) expect(kept).toContain(feature);
    expect(dropped.warnings.at(-1)).toMatch(/^no user has the feature to drop "group0:9"/);
    expect(binary.coherence).not.toEqual(reportOf(groupIds(200)).coherence);
    expect(binary).toEqual(
      reportOf(groupIds(200), { binary: true }, populationOf(people.map(({ id, features }) => ({ id, features })))),
    );
  });

  it('is made of few seeds, of one, and of seeds without features', () => {
    const few = reportOf(groupIds(10));
    const one = reportOf(['u0']);
    const empty = reportOf(['u49', 'u99']);

    expect(few.coherence).toMatchObject({ isCoherent: true });
    expect(few.warnings).toEqual(['matched only 10: an expansion needs 25 seeds']);
    expect(one).toMatchObject({ compared: { seeds: 1 }, clusters: [{ size: 1 }], outliers: { count: 0, first: [] } });
    expect(one.coherence).toBeUndefined();
    expect(empty).toMatchObject({ seeds: { matched: 2, withoutFeatures: 2 }, compared: { seeds: 0 }, clusters: [] });
    expect(empty.warnings.at(-1)).toBe('2 of 2 seeds have no feature: they resemble nobody');
    expect(reportOf(groupIds(50)).warnings[0]).toBe('only 50 seeds: expect a rough audience below 100');
  });

  it('is made where all users are seeds', () => {
    const report = reportOf(people.map(({ id }) => id));

    expect(report.coherence).toBeUndefined();
    expect(report.compared.randomUsers).toBe(0);
    expect(report.outliers.count).toBe(0);
  });

  it('is refused where no seed is a user, as an expansion is, and warns of a list to leave out that names nobody', () => {
    expect(() => reportOf(['x1', 'x2'])).toThrow(
      'seeds.txt: expected seeds that are users of the population, but 0 of 2 are; they look like "x1", "x2"',
    );
    expect(reportOf(groupIds(120), { exclude: [idList(['x1'], 'no.txt')] }).warnings.at(-1)).toBe(
      'no.txt: none of the 1 people to leave out are users of the population; they look like "x1"',
    );
  });

  it('takes people of whom all are the same', () => {
    const same = Array.from({ length: 200 }, (_, n) => ({ id: `u${n}`, features: ['x', 'y'] }));

    const report = reportOf(groupIds(40), {}, { ...populationOf(same), shards: [shardOf(same)] });

    expect(report.coherence).toMatchObject({ isCoherent: false });
    expect(report.clusters).toEqual([{ size: 40, features: [] }]);
    expect(report.outliers.count).toBe(0);
  });
});
