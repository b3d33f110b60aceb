/** Where users lie, against the obvious way: to look at everybody. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { idsByFile, placesOf, readPlaced, rowOf } from '#application/live/placed-users.ts';
import type { Manifest } from '#application/manifest.ts';
import { emptySite, groupedPeople, ingested, opened, SETTINGS } from '../people.ts';

const anyIds = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 30 });

describe('a row', () => {
  test.prop([anyIds, fc.string({ unit: 'binary', maxLength: 4 })])(
    'is found as by looking at every id',
    (ids, other) => {
      const sorted = ids.toSorted((left, right) => (left < right ? -1 : 1));

      for (const id of [...ids, other]) {
        const row = sorted.indexOf(id);
        expect(rowOf({ ids: sorted }, id)).toBe(row < 0 ? undefined : row);
      }
    },
  );
});

describe('the shard of a user', () => {
  it.each([1_000, 90, 20, 3])('is the one that holds the user, of shards of %d at most', async (maxShardUsers) => {
    const site = emptySite();
    await ingested(site, groupedPeople(300), { settings: { ...SETTINGS, maxShardUsers } });
    const { manifest, shards } = await opened(site);
    if (!manifest) throw new Error('expected a manifest, got none');
    const wanted = ['x1', 'u0', 'u7', 'u299', 'u300'];

    const found = idsByFile(placesOf(manifest), wanted).map(([{ name }, ids]) => [name, ids] as const);

    const holding = shards.map(({ ids }) => wanted.filter((id) => ids.includes(id)));
    for (const [s, { index }] of manifest.shards.entries()) {
      const ids = found.find(([name]) => name === index?.points.name)?.[1] ?? [];
      expect(ids).toEqual(expect.arrayContaining(holding[s]));
    }
    // Each user is looked for in one place at most.
    expect(found.flatMap(([, ids]) => ids).length).toBeLessThanOrEqual(wanted.length);
  });

  it('is any where an older manifest does not say', async () => {
    const site = emptySite();
    await ingested(site, groupedPeople(300), { settings: { ...SETTINGS, maxShardUsers: 90 } });
    const { manifest } = await opened(site);
    const { cut: _cut, ...older } = manifest ?? { shards: [] };

    expect(idsByFile(placesOf(older as Manifest), ['u0']).map(([, ids]) => ids)).toEqual(
      older.shards.map(() => ['u0']),
    );
  });

  it('has the points and the ids that were stored', async () => {
    const site = emptySite();
    await ingested(site, groupedPeople(300), { settings: SETTINGS });
    const { manifest, shards } = await opened(site);
    const [{ index }] = manifest?.shards ?? [];
    if (!index) throw new Error('expected an index, got none');

    const { ids, embedding } = await readPlaced(site.ports, index.points);

    expect(ids).toEqual(shards[0].ids);
    expect(embedding?.vectors).toHaveLength(300 * SETTINGS.dimensions);
  });

  it('must have points', () => {
    const shards = [{ name: 'index/people/1', users: 1, bytes: 1, sha256: 'f'.repeat(64) }];
    const manifest = { formatVersion: 1, population: 'people', generation: 1, users: 1, features: 1, shards };

    expect(() => placesOf(manifest)).toThrow(
      'people: expected a population with an index, found none; ingest it again',
    );
  });
});
