import { describe, expect, it } from 'vitest';
import type { Audience, ExpansionRequest } from '#application/audience-report.ts';
import { castRoles } from '#application/cast.ts';
import {
  CANDIDATE_MODES,
  type CandidateMode,
  type ChosenCandidates,
  checkCandidateMode,
  chooseCandidates,
  modeFor,
} from '#application/choose-candidates.ts';
import { Invalid } from '#application/errors.ts';
import { expandAudience } from '#application/expand-audience.ts';
import type { Population } from '#application/population.ts';
import { withPoints } from '#application/population-index.ts';
import { chooseRanker } from '#application/ranking-options.ts';
import type { Settings } from '#application/settings.ts';
import type { User } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { shardsOf } from '../domain/populations.ts';
import { emptySite, groupedPeople, groupIds, idList, requestFor, SETTINGS, unwatched } from './people.ts';

/** A population that was never stored, in so many shards. */
function transient(users: readonly User[], shardCount = 1): Population {
  return { name: 'users', generation: 0, shards: shardsOf(users, shardCount), sha256: [] };
}

function expansion(
  population: Population,
  changes: Partial<ExpansionRequest>,
  settings: Partial<Settings> = {},
): Promise<Audience> {
  const used = { ...SETTINGS, minSeeds: 1, ...settings };
  return expandAudience(emptySite().ports, used, population, requestFor(changes), unwatched);
}

/** The candidates as they were chosen, before anybody is scored. */
async function choice(population: Population, changes: Partial<ExpansionRequest>, size: number, settings = SETTINGS) {
  const { ports } = emptySite();
  const request = requestFor(changes);
  const { roles, shards: plain } = castRoles(population, request);
  const { preference } = chooseRanker(request);
  const shards = await withPoints(ports, settings, population, plain);
  const job = { population, shards, roles, preference, mode: request.candidates, size };
  return { chosen: await chooseCandidates(ports, settings, job), shards };
}

function chosenIds({ chosen, shards }: { chosen: ChosenCandidates; shards: Population['shards'] }): string[] {
  return shards.flatMap(({ ids }, s) => Array.from(chosen.roles[s].candidates, (row) => ids[row]));
}

const MODES = ['buckets', 'neighbors', 'both'] as const;
/** One way of ranking for each preference of retrieval, and the two kinds of space. */
const RANKINGS = [
  { ranker: 'information-value', choices: {} },
  { ranker: 'similarity', choices: {} },
  { ranker: 'similarity', choices: { aggregate: 'max' } },
  { ranker: 'similarity', choices: { aggregate: 'probabilistic', space: 'embedding' } },
  { ranker: 'attention', choices: {} },
] as const;
const MODES_AND_RANKINGS = MODES.flatMap((candidates) => RANKINGS.map((ranking) => ({ candidates, ...ranking })));

const people = groupedPeople(600);

describe('the modes', () => {
  it('are known by name, and a misspelled one has its nearest told', () => {
    expect(CANDIDATE_MODES.map(checkCandidateMode)).toEqual(['auto', 'all', 'buckets', 'neighbors', 'both']);
    expect(() => checkCandidateMode('bucket')).toThrow(Invalid);
    expect(() => checkCandidateMode('bucket')).toThrow(
      'expected candidates to be auto, all, buckets, neighbors, both, got "bucket" (nearest: "buckets"',
    );
  });

  it.each([
    { mode: 'all', scanUsers: 0, used: 'all' },
    { mode: 'auto', scanUsers: 560, used: 'all' },
    { mode: 'auto', scanUsers: 559, used: 'both' },
    { mode: 'buckets', scanUsers: 5_000_000, used: 'buckets' },
    { mode: 'neighbors', scanUsers: 5_000_000, used: 'neighbors' },
    { mode: 'both', scanUsers: 5_000_000, used: 'both' },
  ] as const)(
    '$mode comes to $used where scans go up to $scanUsers of 560 people',
    async ({ mode, scanUsers, used }) => {
      const { report } = await expansion(transient(people), { candidates: mode, size: '10' }, { scanUsers });

      expect(report.candidates).toBe(560);
      expect(report.retrieval).toMatchObject({ mode, used });
    },
  );

  it.each([
    { size: 10, candidatePercent: 10, scored: 56 },
    { size: 28, candidatePercent: 10, scored: 56 },
    { size: 29, candidatePercent: 10, scored: 58 },
    { size: 10, candidatePercent: 50, scored: 280 },
    { size: 279, candidatePercent: 1, scored: 558 },
  ])('pass on $scored people for $size at $candidatePercent %', async ({ size, candidatePercent, scored }) => {
    const request = { candidates: 'neighbors', size: String(size), ranker: 'similarity' } as const;
    const { report } = await expansion(transient(people), request, { candidatePercent });

    expect(report.retrieval.scored).toBe(Math.min(scored, report.retrieval.scored));
    expect(report.retrieval.scored).toBeGreaterThanOrEqual(Math.min(scored, 540));
    expect(report.retrieval.scoredShare).toBe(report.retrieval.scored / 560);
  });

  it.each([
    { size: '280', candidatePercent: 1 },
    { size: 'all', candidatePercent: 1 },
    { size: '1', candidatePercent: 100 },
  ])('look at everybody where that is what they would pass on: $size, $candidatePercent %', async (given) => {
    for (const candidates of MODES) {
      const { report } = await expansion(transient(people), { candidates, size: given.size }, given);

      expect(report.retrieval).toEqual({
        mode: candidates,
        used: 'all',
        scored: 560,
        scoredShare: 1,
        recall: undefined,
      });
    }
  });

  it('do not depend on how the people are cut into shards', () => {
    const of = (shardCount: number) => {
      const population = transient(people, shardCount);
      const { roles } = castRoles(population, requestFor());
      return modeFor(
        { population, roles, preference: 'contrast', mode: 'auto', size: 20 },
        { ...SETTINGS, scanUsers: 100 },
      );
    };

    expect([of(1), of(7)]).toEqual(['both', 'both']);
  });
});

describe('chosen candidates', () => {
  const excluded = people.flatMap(({ id }, n) => (n % 5 < 2 ? [id] : []));
  const exclude = [idList(excluded, 'gone.txt')];
  const isSeed = new Set(groupIds(40));

  it.each(MODES_AND_RANKINGS)('are never seeds nor people left out: $candidates, $ranker $choices', async (given) => {
    const found = await choice(transient(people), { ...given, exclude }, 20);

    const ids = chosenIds(found);
    expect(found.chosen.report.used).toBe(given.candidates);
    expect(ids.length).toBeGreaterThanOrEqual(20);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => isSeed.has(id) || excluded.includes(id))).toEqual([]);
  });

  it.each(MODES_AND_RANKINGS)(
    'are as many as are wanted, however many of the nearest are left out: $candidates, $ranker $choices',
    async (given) => {
      // Everybody like the seeds is left out, but for some.
      const [first, ...rest] = [people.filter((_, n) => n % 4 === 0 && n > 200), people.filter((_, n) => n % 4 !== 0)];
      const others = rest.flat();
      const left = [
        idList(
          first.slice(20).map(({ id }) => id),
          'gone.txt',
        ),
      ];

      const ids = chosenIds(
        await choice(transient([...people.slice(0, 160), ...first, ...others]), { ...given, exclude: left }, 30),
      );

      expect(ids.length).toBeGreaterThanOrEqual(55);
    },
  );

  it.each(MODES_AND_RANKINGS)(
    'and audience and report are the same for 1, 3 and 7 shards: $candidates, $ranker $choices',
    async (given) => {
      for (const { leftOut, candidatePercent, shardCount } of [
        { leftOut: exclude, candidatePercent: 10, shardCount: 3 },
        { leftOut: [], candidatePercent: 40, shardCount: 7 },
      ]) {
        const request = { ...given, exclude: leftOut, size: '30' };
        const of = (count: number) => expansion(transient(people, count), request, { candidatePercent });

        const one = await of(1);

        expect(one.report.retrieval.used).toBe(given.candidates);
        expect(await of(shardCount)).toEqual(one);
      }
    },
  );

  it.each(MODES_AND_RANKINGS)('have their source told: $candidates, $ranker $choices', async (given) => {
    const found = await choice(transient(people), given, 20);

    const { report, foundBy, sources } = found.chosen;
    const counts = { buckets: 0, neighbors: 0, both: 0, everybody: 0 };
    for (const id of chosenIds(found)) counts[foundBy(id)]++;
    expect(counts.everybody).toBe(0);
    if (given.candidates !== 'both') {
      expect(counts[given.candidates]).toBe(report.scored);
      expect(report.fromBoth).toBeUndefined();
    } else {
      expect(report).toMatchObject({
        fromBuckets: counts.buckets + counts.both,
        fromNeighbors: counts.neighbors + counts.both,
        fromBoth: counts.both,
        scored: counts.buckets + counts.neighbors + counts.both,
      });
    }
    expect(sources.buckets === undefined).toBe(given.candidates === 'neighbors');
    expect(sources.neighbors === undefined).toBe(given.candidates === 'buckets');
  });

  it('include all planted look-alikes among a tenth of the people', async () => {
    const random = seededRandom(5);
    const pick = (options: number) => Math.floor(random() * options);
    const some = (count: number, name: () => string) => [...new Set(Array.from({ length: count }, name))];
    // 60 people share a taste of which the other 1,940 know nothing; half of the 60 are seeds.
    const crowd = Array.from({ length: 2_000 }, (_, n) => ({
      id: `u${n}`,
      features: [...some(4, () => `any:${pick(60)}`), ...(n < 60 ? [0, 1, 2, 3, 4, 5].map((f) => `taste:${f}`) : [])],
    }));
    const seeds = idList(crowd.slice(0, 30).map(({ id }) => id));
    const planted = crowd.slice(30, 60).map(({ id }) => id);

    for (const given of MODES_AND_RANKINGS) {
      const found = await choice(transient(crowd), { ...given, seeds }, 30, { ...SETTINGS, dimensions: 32 });

      const ids = new Set(chosenIds(found));
      expect(found.chosen.report.scored).toBeLessThanOrEqual(197);
      expect({ ...given, missed: planted.filter((id) => !ids.has(id)) }).toEqual({ ...given, missed: [] });
    }
    const { members } = await expansion(transient(crowd), { candidates: 'both', seeds, size: '30' });
    expect(members.map(({ userId }) => userId).sort()).toEqual(planted.sort());
  });

  it('are everybody where too few were found, and the report says so', async () => {
    // Seeds share nothing with anybody, so no bucket holds another person.
    const strangers = people.map((user, n) => (isSeed.has(user.id) ? { id: user.id, features: [`alone:${n}`] } : user));

    const { members, report } = await expansion(transient(strangers), { candidates: 'buckets', size: '20' });

    expect(members).toHaveLength(20);
    expect(report.retrieval).toEqual({ mode: 'buckets', used: 'all', scored: 560, scoredShare: 1, recall: undefined });
    expect(report.warnings).toContain(
      'retrieval by buckets found too few candidates (0) for an audience of 20, so everybody was scored',
    );
    const scan = await expansion(transient(strangers), { candidates: 'all', size: '20' });
    expect(members).toEqual(scan.members);
  });

  it('in a retrieved audience have the scores that a scan gives them', async () => {
    for (const given of MODES_AND_RANKINGS) {
      const scan = await expansion(transient(people), { ...given, candidates: 'all', size: 'all' });
      const scores = new Map(scan.members.map(({ userId, score }) => [userId, score]));

      const { members } = await expansion(transient(people), { ...given, size: '30' });

      for (const { userId, score } of members) expect(score).toBe(scores.get(userId));
    }
  });
});

describe('the recall in the report', () => {
  it.each(MODES_AND_RANKINGS)('is what looking at everybody tells: $candidates, $ranker $choices', async (given) => {
    const size = 25;
    const scan = await expansion(transient(people), { ...given, candidates: 'all', size: 'all' });
    const threshold = scan.members[size - 1].score;
    const good = scan.members.filter(({ score }) => score >= threshold).map(({ userId }) => userId);
    const found = await choice(transient(people, 3), given, size);
    const share = (ids: readonly string[] | undefined) =>
      ids && Math.min(size, good.filter((id) => ids.includes(id)).length) / size;

    const { report } = await expansion(transient(people, 3), { ...given, size: String(size) });

    const { buckets, neighbors } = found.chosen.sources;
    expect(report.retrieval.recall).toEqual({
      sample: 560,
      best: size,
      buckets: share(buckets?.map(({ id }) => id)),
      neighbors: share(neighbors?.map(({ id }) => id)),
      chosen: share(chosenIds(found)),
    });
  });

  it('is measured on a sample where there are more people, the same for any cut into shards', async () => {
    const request = { candidates: 'both', size: '56' } as const;
    const [one, cut] = [
      await expansion(transient(people), request, { recallSample: 100 }),
      await expansion(transient(people, 7), request, { recallSample: 100 }),
    ];

    expect(one.report.retrieval.recall).toMatchObject({ sample: 100, best: 10 });
    expect(cut.report.retrieval.recall).toEqual(one.report.retrieval.recall);
  });
});

describe('populations with little to tell people apart', () => {
  const many = (features: (n: number) => string[]) =>
    Array.from({ length: 200 }, (_, n) => ({ id: `u${n}`, features: features(n) }));

  it.each([
    ['all alike', many(() => ['a', 'b'])],
    ['one feature, had by all', many(() => ['a'])],
    ['one feature, had by every third', many((n) => (n % 3 === 0 ? ['a'] : []))],
    ['no features at all', many(() => [])],
    ['a feature of one’s own each', many((n) => [`f${n}`])],
    ['two features', many((n) => (n % 2 === 0 ? ['a'] : ['b']))],
    ['features had by seeds alone', many((n) => (n % 4 === 0 && n < 160 ? ['a', 'b'] : []))],
    ['features had by others alone', many((n) => (n % 4 === 0 && n < 160 ? [] : ['a', 'b']))],
  ])('%s: still a full audience of finite scores in the order that a scan gives equal ones', async (_, users) => {
    for (const given of MODES_AND_RANKINGS) {
      const { members, report } = await expansion(transient(users, 3), { ...given, size: '12' });

      expect(members).toHaveLength(12);
      expect(new Set(members.map(({ userId }) => userId)).size).toBe(12);
      expect(members.every(({ score }) => Number.isFinite(score))).toBe(true);
      expect(
        report.retrieval.used === given.candidates || report.warnings.join().includes('everybody was scored'),
      ).toBe(true);
      expect(JSON.stringify(report)).not.toMatch(/null|NaN/);
    }
  });

  it.each<CandidateMode>(['auto', ...MODES])(
    'one user who is the only seed: one clear sentence (%s)',
    async (candidates) => {
      const alone = transient([{ id: 'u0', features: ['a'] }]);

      const refused = expansion(alone, { candidates, seeds: idList(['u0']), size: '1' }, { scanUsers: 0 });

      await expect(refused).rejects.toThrow('expected users to rank, but all are seeds or excluded');
    },
  );

  it.each<CandidateMode>(['auto', ...MODES])('one seed and one other: the other (%s)', async (candidates) => {
    const two = transient(
      [
        { id: 'u0', features: ['a'] },
        { id: 'u1', features: ['b'] },
      ],
      3,
    );

    const { members } = await expansion(two, { candidates, seeds: idList(['u0']), size: '1' }, { scanUsers: 0 });

    expect(members.map(({ userId }) => userId)).toEqual(['u1']);
  });
});
