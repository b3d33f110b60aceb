import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { hnswlibNeighbors } from '#adapters/hnswlib-neighbors.ts';
import { memoryBucketStore } from '#adapters/memory-bucket-store.ts';
import type { NeighborIndex } from '#application/ports.ts';
import { type BandIndex, embedShards, signaturesOf, writeBandPages } from '#application/retrieval-index.ts';
import {
  type Candidate,
  candidatesFromBuckets,
  candidatesFromNeighbors,
  fullLengthPoints,
  interleave,
  queriesFor,
  sampleBackground,
} from '#application/retrieve-candidates.ts';
import type { Shard } from '#domain/features/shard.ts';
import { rowSums } from '#domain/features/sparse-matrix.ts';
import { assignRoles, type Roles } from '#domain/ranking/ranker.ts';
import type { Preference } from '#domain/ranking/rankers.ts';
import { embeddingOf } from '#domain/ranking/seed-vectors.ts';
import { bucketHashes } from '#domain/retrieval/lsh-banding.ts';
import { bucketWorth } from '#domain/retrieval/shared-buckets.ts';
import { anyPopulation, type Population, shardsOf } from '../domain/populations.ts';
import { groupedPeople, groupIds, SETTINGS } from './people.ts';

const H = 16;
const BANDING = { bands: 8, rows: 2 };

async function bandIndexOf(shards: readonly Shard[]): Promise<BandIndex> {
  const buckets = memoryBucketStore();
  const entries: { pages: string; prefixBits: number }[] = [];
  for (const [s, shard] of shards.entries()) {
    const { prefixBits } = await writeBandPages(buckets, `${s}`, shard, signaturesOf(shard, H), H, BANDING);
    entries.push({ pages: `${s}`, prefixBits });
  }
  return { hashes: H, banding: BANDING, buckets, shards: entries };
}

const plain = (candidates: readonly Candidate[]) => candidates.map(({ id, score }) => ({ id, score }));

function cast({ users, seeds, excluded }: Population, shardCount: number): { shards: Shard[]; roles: Roles[] } {
  const shards = shardsOf(users, shardCount);
  return { shards, roles: shards.map((shard) => assignRoles(shard, seeds, excluded)) };
}

/** Every pair of a person and a band, bucket by bucket: no pages, no prefixes, no shards. */
function naiveBucketScores(population: Population, preference: Preference): Map<string, number> {
  const { shards, roles } = cast(population, 1);
  const [[shard], [{ seeds, background }]] = [shards, roles];
  const signatures = signaturesOf(shard, H);
  const has = (row: number) => shard.rows.offsets[row] < shard.rows.offsets[row + 1];
  const sizes = rowSums(shard.rows);
  const scores = new Map<string, number>();
  for (const row of background.filter(has)) {
    let score = 0;
    for (let band = 0; band < BANDING.bands; band++) {
      const hashes = bucketHashes(signatures, H, BANDING, band);
      const sharing = (rows: Uint32Array) => rows.filter((other) => has(other) && hashes[other] === hashes[row]).length;
      if (sharing(seeds) === 0) continue;
      const counts = { seeds: sharing(seeds), others: sharing(background) };
      const worth = preference === 'contrast' ? 'contrast' : 'count';
      score += bucketWorth(worth, counts, seeds.length, background.length);
    }
    if (score > 0) scores.set(shard.ids[row], Math.fround(preference === 'contrast' ? score * sizes[row] : score));
  }
  return scores;
}

function ranked(scores: ReadonlyMap<string, number>, limit: number) {
  return [...scores]
    .map(([id, score]) => ({ id, score }))
    .sort((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1))
    .slice(0, limit);
}

describe('candidates from buckets', () => {
  test.prop(
    [anyPopulation, fc.constantFrom<Preference>('contrast', 'average', 'nearest'), fc.integer({ min: 1, max: 12 })],
    {
      seed: 1,
    },
  )('are those of a count by hand, for any number of shards', async (population, preference, limit) => {
    for (const shardCount of [1, 3]) {
      const { shards, roles } = cast(population, shardCount);

      const found = await candidatesFromBuckets(await bandIndexOf(shards), shards, roles, preference, limit);

      expect(plain(found)).toEqual(ranked(naiveBucketScores(population, preference), limit));
    }
  });

  it('stand in shards and rows of their own', async () => {
    const population = { users: groupedPeople(200), seeds: new Set(groupIds(20)), excluded: new Set(['u1', 'u80']) };
    const { shards, roles } = cast(population, 3);

    const found = await candidatesFromBuckets(await bandIndexOf(shards), shards, roles, 'average', 40);

    expect(found).toHaveLength(40);
    for (const { id, shard, row } of found) {
      expect(shard.ids[row]).toBe(id);
      expect(shards).toContain(shard);
    }
  });

  it('read each page once, and none that no seed is in', async () => {
    const population = { users: groupedPeople(3_000), seeds: new Set(groupIds(3)), excluded: new Set<string>() };
    const { shards, roles } = cast(population, 2);
    const index = await bandIndexOf(shards);
    const asked: string[] = [];
    const counted: BandIndex = {
      ...index,
      buckets: {
        ...index.buckets,
        read(shard, keys) {
          asked.push(...keys.map(({ band, prefix }) => `${shard} ${band} ${prefix}`));
          return index.buckets.read(shard, keys);
        },
      },
    };

    await candidatesFromBuckets(counted, shards, roles, 'average', 50);

    expect(new Set(asked).size).toBe(asked.length);
    expect(index.shards[0].prefixBits).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(2 * 3 * BANDING.bands);
  });
});

describe('candidates from neighbors', () => {
  const users = groupedPeople(400);
  const population = {
    users,
    seeds: new Set(groupIds(12)),
    excluded: new Set(users.slice(0, 120).map(({ id }) => id)),
  };

  function embedded(shardCount: number) {
    const { shards, roles } = cast(population, shardCount);
    const placed = embedShards(shards, SETTINGS);
    const indexes: NeighborIndex[] = placed.map((shard) => {
      const { vectors, dimensions } = embeddingOf(shard);
      return hnswlibNeighbors.exact(vectors, dimensions);
    });
    return { shards: placed, roles, indexes };
  }

  it('of one direction are everybody of the background sorted by nearness to it', () => {
    const { shards, roles, indexes } = embedded(1);
    const queries = queriesFor(shards, roles, 'average', 10);
    const { vectors, dimensions: D } = embeddingOf(shards[0]);
    const nearness = new Map<string, number>();
    for (const row of roles[0].background) {
      let sum = 0;
      for (let d = 0; d < D; d++) {
        sum = Math.fround(sum + Math.fround(vectors[row * D + d] * Math.fround(queries[0][d])));
      }
      if (vectors.subarray(row * D, row * D + D).some((x) => x !== 0)) nearness.set(shards[0].ids[row], sum);
    }

    for (const limit of [1, 40, 1_000]) {
      const found = candidatesFromNeighbors(indexes, shards, roles, queries, limit);

      expect(plain(found)).toEqual(ranked(nearness, limit));
    }
  });

  it.each([10, 100, 240])('of many directions, the best %i are the same for any number of shards', (limit) => {
    const of = (shardCount: number) => {
      const { shards, roles, indexes } = embedded(shardCount);
      return plain(candidatesFromNeighbors(indexes, shards, roles, queriesFor(shards, roles, 'nearest', 1_000), limit));
    };

    const one = of(1);

    expect(one.length).toBeGreaterThanOrEqual(Math.min(limit, 50));
    for (const shardCount of [2, 5, 40]) expect(of(shardCount)).toEqual(one);
  });

  it('are nobody where there is no direction to look in', () => {
    const { shards, roles, indexes } = embedded(2);

    expect(candidatesFromNeighbors(indexes, shards, roles, [], 10)).toEqual([]);
  });
});

describe('directions', () => {
  const population = { users: groupedPeople(200), seeds: new Set(groupIds(30)), excluded: new Set<string>() };

  it.each<Preference>(['contrast', 'average', 'nearest'])('for %s are of unit length', (preference) => {
    const { shards, roles } = cast(population, 1);

    const queries = queriesFor(embedShards(shards, SETTINGS), roles, preference, 10);

    // Ten seeds and, as so many can be told apart, up to ten centers of theirs; else one.
    if (preference === 'nearest') expect(queries.length).toBeGreaterThan(10);
    else expect(queries).toHaveLength(1);
    for (const query of queries) expect(Math.hypot(...query)).toBeCloseTo(1, 12);
  });

  it.each<Preference>(['contrast', 'average', 'nearest'])('for %s are none where no seed is anywhere', (preference) => {
    const users = population.users.map((user) =>
      population.seeds.has(user.id) ? { id: user.id, features: [] } : user,
    );
    const { shards, roles } = cast({ ...population, users }, 2);

    const queries = queriesFor(embedShards(shards, SETTINGS), roles, preference, 10);

    // What tells seeds without features from others is that they lack what others have.
    expect(queries).toHaveLength(preference === 'contrast' ? 1 : 0);
  });

  it('of full length are the points times their lengths', () => {
    const [shard] = embedShards(cast(population, 1).shards, SETTINGS);
    const { dimensions: D, vectors, lengths } = embeddingOf(shard);

    const points = fullLengthPoints(shard);

    shard.ids.forEach((_, row) => {
      expect(Math.hypot(...points.subarray(row * D, row * D + D))).toBeCloseTo(lengths[row], 5);
      expect(points[row * D]).toBeCloseTo(vectors[row * D] * lengths[row], 6);
    });
  });
});

describe('interleaving', () => {
  const [shard] = shardsOf([{ id: 'u1', features: [] }], 1);
  const list = (ids: string) => ids.split('').map((id, n) => ({ id, score: 9 - n, shard, row: 0 }));
  const ids = (lists: readonly string[], limit: number) =>
    interleave(lists.map(list), limit)
      .map(({ id }) => id)
      .join('');

  it.each([
    { lists: ['abc', 'xyz'], limit: 4, expected: 'axby' },
    { lists: ['abc', 'xyz'], limit: 99, expected: 'axbycz' },
    { lists: ['abc', 'abc'], limit: 2, expected: 'ab' },
    { lists: ['abc', 'bad'], limit: 99, expected: 'abcd' },
    { lists: ['', 'xyz'], limit: 2, expected: 'xy' },
    { lists: ['abc', ''], limit: 0, expected: '' },
    { lists: [], limit: 5, expected: '' },
  ])('of $lists up to $limit is $expected', ({ lists, limit, expected }) => {
    expect(ids(lists, limit)).toBe(expected);
  });
});

describe('a sample of the background', () => {
  const population = { users: groupedPeople(300), seeds: new Set(groupIds(30)), excluded: new Set(['u1', 'u2']) };
  const idsIn = ({ shards, roles }: ReturnType<typeof cast>, size: number) =>
    sampleBackground(shards, roles, size)
      .flatMap((rows, s) => Array.from(rows, (row) => shards[s].ids[row]))
      .sort();

  it('is the same people for any number of shards, and a larger one holds the smaller', () => {
    const small = idsIn(cast(population, 1), 50);
    const large = idsIn(cast(population, 4), 90);

    expect(small).toHaveLength(50);
    expect(idsIn(cast(population, 7), 50)).toEqual(small);
    expect(large).toEqual(expect.arrayContaining(small));
    expect(small.filter((id) => population.seeds.has(id) || population.excluded.has(id))).toEqual([]);
  });

  it('is everybody where they are no more than asked for, rows rising', () => {
    expect(idsIn(cast(population, 3), 268)).toHaveLength(268);
    expect(idsIn(cast(population, 3), 10_000)).toHaveLength(268);
    const { shards, roles } = cast(population, 3);
    for (const rows of sampleBackground(shards, roles, 40)) expect(rows).toEqual(rows.toSorted());
  });
});
