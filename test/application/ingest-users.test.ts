import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { Conflict, Invalid } from '#application/errors.ts';
import type { Population } from '#application/population.ts';
import { type User, userAt } from '#domain/features/shard.ts';
import { partOf } from '#domain/features/shard-builder.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { rowsOf } from '../domain/rows-of-users.ts';
import {
  emptySite,
  expansionOf,
  groupedPeople,
  ingested,
  ingestedFrom,
  opened,
  populationOf,
  requestFor,
  SETTINGS,
  type Site,
  WAYS,
} from './people.ts';

/** Everybody in a population, by id, with features in the order of their names. */
function usersOf({ shards }: Population): Map<string, User> {
  return new Map(shards.flatMap((shard) => shard.ids.map((id, row) => [id, userAt(shard, row)] as const)));
}

function namesIn(site: Site): Promise<string[]> {
  return site.ports.objects.list('');
}

const plain = (id: string, ...features: string[]): User => ({ id, features });

describe('ingest', () => {
  it('makes a population and says what became of the users', async () => {
    const site = emptySite();

    const report = await ingested(site, [plain('u1', 'a', 'b'), plain('u2'), plain('u1', 'c')]);

    expect(report).toEqual({
      population: 'people',
      generation: 1,
      users: 2,
      features: 1,
      shards: 1,
      bytes: expect.any(Number),
      indexBytes: expect.any(Number),
      added: 2,
      replaced: 0,
      removed: 0,
      duplicates: 1,
      usersWithoutFeatures: 1,
    });
    expect([...usersOf(await opened(site)).values()]).toMatchObject([plain('u1', 'c'), plain('u2')]);
  });

  it.each([10, 70, 1_000])(
    'says in the manifest which part of the cut each shard is, of %d users at most',
    async (most) => {
      const site = emptySite();
      await ingested(site, groupedPeople(300), { settings: { ...SETTINGS, maxShardUsers: most } });
      const { shards, manifest } = await opened(site);

      const told = manifest?.shards.map(({ part }) => part) ?? [];
      expect(shards.map(({ ids }) => [...new Set(ids.map((id) => partOf(id, manifest?.cut ?? 0)))])).toEqual(
        told.map((part) => [part]),
      );
    },
  );

  it('adds users and replaces those of the same id', async () => {
    const site = emptySite();
    await ingested(site, [plain('u1', 'a'), { id: 'u2', features: ['b', 'c'], weights: [2, 0.5] }]);

    const report = await ingested(site, [plain('u3', 'd'), plain('u1', 'e')]);

    expect(report).toMatchObject({ generation: 2, users: 3, added: 1, replaced: 1, removed: 0, duplicates: 0 });
    expect(usersOf(await opened(site))).toEqual(
      new Map([
        ['u1', { id: 'u1', features: ['e'], weights: [1] }],
        ['u2', { id: 'u2', features: ['b', 'c'], weights: [2, 0.5] }],
        ['u3', { id: 'u3', features: ['d'], weights: [1] }],
      ]),
    );
  });

  it('puts the new users in the place of all others if so told', async () => {
    const site = emptySite();
    await ingested(site, [plain('u1', 'a'), plain('u2', 'b'), plain('u4', 'c')]);

    const report = await ingested(site, [plain('u3', 'd'), plain('u1', 'e')], { mode: 'replace' });

    expect(report).toMatchObject({ users: 2, features: 2, added: 1, replaced: 1, removed: 2 });
    expect([...usersOf(await opened(site)).keys()]).toEqual(['u1', 'u3']);
  });

  const anyPeople = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 12 }), fc.subarray(['a', 'b', 'c']))
      .map(([n, names]) => plain(`u${n}`, ...names)),
    { minLength: 1, maxLength: 8 },
  );

  test.prop([fc.array(anyPeople, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 5 })], {
    seed: 1,
    numRuns: 10,
  })(
    'keeps of all batches what a plain map would keep, in shards no larger than allowed',
    async (batches, maxShardUsers) => {
      const site = emptySite();
      const settings = { ...SETTINGS, maxShardUsers };

      for (const batch of batches) await ingested(site, batch, { settings });

      const population = await opened(site);
      const expected = [...new Map(batches.flat().map((user) => [user.id, user])).values()];
      const kept = [...usersOf(population).values()].sort((left, right) => compareTexts(left.id, right.id));
      expect(kept).toMatchObject(expected.sort((left, right) => compareTexts(left.id, right.id)));
      expect(Math.max(...population.shards.map(({ ids }) => ids.length))).toBeLessThanOrEqual(maxShardUsers);
      expect(population.generation).toBe(batches.length);
    },
  );

  it.each(WAYS)('gives the same audience for one shard and for many: $ranker $choices', async (way) => {
    const people = groupedPeople(400);
    const [whole, cut] = [await populationOf(people), await populationOf(people, 60)];

    const [one, many] = [await expansionOf(whole, requestFor(way)), await expansionOf(cut, requestFor(way))];

    expect([whole.shards.length, cut.shards.length >= 7]).toEqual([1, true]);
    expect(many.members).toEqual(one.members);
    expect(many.report).toEqual(one.report);
  });

  it.each(['', '..', 'a/b', '.hidden', '-x', 'a b', 'ä', 'x'.repeat(64)])(
    'refuses the name %j before it reads a single user',
    async (name) => {
      const site = emptySite();
      let reads = 0;
      async function* counted() {
        reads++;
        yield* rowsOf([plain('u1', 'a')]);
      }

      const ingest = ingestedFrom(site, counted(), { population: name });

      await expect(ingest).rejects.toThrow(Invalid);
      expect([reads, await namesIn(site)]).toEqual([0, []]);
    },
  );

  it('refuses no users at all, and leaves what was there', async () => {
    const site = emptySite();
    await ingested(site, [plain('u1', 'a')]);
    const before = await namesIn(site);

    await expect(ingested(site, [], { mode: 'replace' })).rejects.toThrow('expected at least one user, got none');

    expect(await namesIn(site)).toEqual(before);
  });

  it('changes nothing when the users stop coming', async () => {
    const site = emptySite();
    await ingested(site, [plain('u1', 'a')]);
    const before = await namesIn(site);
    async function* broken() {
      yield* rowsOf([plain('u2', 'b')]);
      throw new Invalid('line 2 is wrong');
    }

    const ingest = ingestedFrom(site, broken());

    await expect(ingest).rejects.toThrow('line 2 is wrong');
    expect(await namesIn(site)).toEqual(before);
    expect((await opened(site)).generation).toBe(1);
  });

  it('changes nothing and leaves nothing when its shards cannot be written', async () => {
    const site = emptySite();
    writeFileSync(join(site.folder, 'index'), 'a file in the way');

    await expect(ingested(site, [plain('u1', 'a')])).rejects.toThrow(/^expected a folder .*, found a file$/);

    expect(await namesIn(site)).toEqual(['index']);
    expect(await site.ports.catalog.populations()).toEqual([]);
  });
});

describe('two ingests at once', () => {
  /** Starts an ingest that has looked at the population and waits; `finish` lets it go on. */
  function waitingIngest(site: Site, users: readonly User[]) {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    async function* gated() {
      begun.resolve();
      await gate.promise;
      yield* rowsOf(users);
    }
    const outcome = ingestedFrom(site, gated());
    return { begun: begun.promise, finish: gate.resolve, outcome };
  }

  it.each([
    { before: 'into nothing', generations: 0 },
    { before: 'into a population', generations: 2 },
  ])('$before: one wins, the other says so, and no file of it is left', async ({ generations }) => {
    const site = emptySite();
    for (let g = 0; g < generations; g++) await ingested(site, [plain(`old${g}`, 'a')]);
    const slow = waitingIngest(site, [plain('slow', 'a')]);
    await slow.begun;

    await ingested(site, [plain('fast', 'a')]);
    const after = await namesIn(site);
    slow.finish();

    await expect(slow.outcome).rejects.toThrow(Conflict);
    await expect(slow.outcome).rejects.toThrow(
      `another ingest into "people" was faster and made generation ${generations + 1}; it stands, and this one changed nothing: run it again`,
    );
    expect(await namesIn(site)).toEqual(after);
    expect([...usersOf(await opened(site)).keys()]).toContain('fast');
    expect([...usersOf(await opened(site)).keys()]).not.toContain('slow');
  });

  it('lets exactly one of many at the same moment win, whose users all are there', async () => {
    const site = emptySite();
    const rivals = [0, 1, 2, 3, 4].map((n) => waitingIngest(site, [plain(`a${n}`, 'a'), plain(`b${n}`, 'b')]));
    for (const { begun } of rivals) await begun;

    for (const { finish } of rivals) finish();
    const outcomes = await Promise.allSettled(rivals.map(({ outcome }) => outcome));

    const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
    expect(winners).toHaveLength(1);
    expect([...usersOf(await opened(site)).keys()]).toEqual([`a${winners[0]}`, `b${winners[0]}`]);
    expect(writersOf(await site.ports.objects.list('index/'))).toHaveLength(1);
  });

  it('says so when the population was deleted meanwhile', async () => {
    const site = emptySite();
    await ingested(site, [plain('u1', 'a')]);
    const slow = waitingIngest(site, [plain('u2', 'a')]);
    await slow.begun;

    await site.ports.catalog.remove('people');
    slow.finish();

    await expect(slow.outcome).rejects.toThrow('"people"');
    expect(await site.ports.catalog.populations()).toEqual([]);
  });
});

describe('shards of old generations', () => {
  it('stay for those who still read the last one, and go after that', async () => {
    const site = emptySite();
    const kept: string[][] = [];
    for (let g = 0; g < 4; g++) {
      await ingested(site, [plain(`u${g}`, 'a')]);
      kept.push(writersOf(await site.ports.objects.list('index/people/')));
    }

    expect(kept.map((writers) => writers.map((writer) => Number(writer.slice(0, 8))))).toEqual([
      [1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    expect(kept[3][0]).toBe(kept[2][1]);
  });

  it('go with what interrupted writers left, but not with what somebody is about to publish', async () => {
    const site = emptySite();
    mkdirSync(join(site.folder, 'index', 'people'), { recursive: true });
    for (const stray of ['00000001-deadbeef-0.arrow', '00000009-deadbeef-0.arrow']) {
      writeFileSync(join(site.folder, 'index', 'people', stray), 'stray');
    }

    for (let g = 0; g < 3; g++) await ingested(site, [plain(`u${g}`, 'a')]);

    const names = await site.ports.objects.list('index/people/');
    expect(names).not.toContain('index/people/00000001-deadbeef-0.arrow');
    expect(names).toContain('index/people/00000009-deadbeef-0.arrow');
  });

  it('are those of this population only', async () => {
    const site = emptySite();
    await ingested(site, [plain('u1', 'a')], { population: 'people2' });

    for (let g = 0; g < 4; g++) await ingested(site, [plain(`u${g}`, 'a')]);

    expect((await opened(site, 'people2')).shards).toHaveLength(1);
  });
});

it('says how far it has come', async () => {
  const site = emptySite();
  const told = new Set<string>();
  await ingested(site, [plain('u1', 'a')]);

  await ingested(site, [plain('u2', 'b')], { watch: (stage) => told.add(stage) });

  expect([...told].at(0)).toBe('open the population');
  expect([...told].at(-1)).toBe('write the index');
});

/** Generation and mark of everybody who wrote one of the files. */
function writersOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => /^index\/people\/(\d{8}-[0-9a-f]{8})/.exec(name)?.[1] ?? name))];
}
