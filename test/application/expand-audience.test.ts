import { describe, expect, it } from 'vitest';
import type { Audience } from '#application/audience-report.ts';
import { Invalid } from '#application/errors.ts';
import type { Population } from '#application/population.ts';
import { reportSeeds } from '#application/seed-report.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import {
  expansionOf,
  groupedPeople,
  groupIds,
  idList,
  populationOf,
  requestFor,
  SETTINGS,
  unwatched,
  WAYS,
} from './people.ts';

const people = groupedPeople(400);

function expanded(population: Population, changes: Parameters<typeof requestFor>[0] = {}): Promise<Audience> {
  return expansionOf(population, requestFor(changes));
}

describe('expand', () => {
  it.each(WAYS)('finds the rest of the group: $ranker $choices', async (way) => {
    const { members } = await expanded(await populationOf(people), { ...way, size: '40' });

    const others = members.filter(({ userId }) => Number(userId.slice(1)) % 4 !== 0);
    expect(others.length).toBeLessThanOrEqual(4);
  });

  it.each(WAYS)('ranks everybody else once, best first, ties by id: $ranker $choices', async (way) => {
    const exclude = [idList(['u1', 'u4', 'nobody']), idList(['u2'])];

    const { members } = await expanded(await populationOf(people), { ...way, exclude });

    const left = new Set(['u1', 'u2', 'u4', ...groupIds(40)]);
    const expected = people.map(({ id }) => id).filter((id) => !left.has(id));
    expect(members.map(({ userId }) => userId).sort()).toEqual(expected.sort());
    expect(members.map(({ rank }) => rank)).toEqual(members.map((_, n) => n + 1));
    for (const [n, { score, userId }] of members.entries()) {
      if (n === 0) continue;
      const before = members[n - 1];
      expect(before.score > score || (before.score === score && compareTexts(before.userId, userId) < 0)).toBe(true);
    }
  });

  it.each(WAYS)('gives for a smaller size the beginning of the whole list: $ranker $choices', async (way) => {
    const population = await populationOf(people, 90);

    const whole = (await expanded(population, way)).members;

    expect((await expanded(population, { ...way, size: '25' })).members).toEqual(whole.slice(0, 25));
    expect((await expanded(population, { ...way, size: '10%' })).members).toEqual(whole.slice(0, 36));
  });

  it.each(WAYS)('explains the first members so that the amounts sum to the score: $ranker $choices', async (way) => {
    const { members, report } = await expanded(await populationOf(people), way);

    expect(report.firstMembers).toHaveLength(SETTINGS.explainedMembers);
    for (const [n, { contributions, foundBy, kind, ...member }] of report.firstMembers.entries()) {
      const sum = contributions.reduce((total, { amount }) => total + amount, 0);
      expect(member).toEqual(members[n]);
      expect(foundBy).toBe('everybody');
      expect(sum).toBeCloseTo(member.score, 5);
      expect(kind !== undefined).toBe(way.ranker === 'attention');
    }
  });

  it('counts who was given, matched, excluded and left', async () => {
    const seeds = idList([...groupIds(40), 'ghost1', 'ghost2']);
    const exclude = [idList(['u1', 'u2', 'ghost']), idList(['u2', 'u0'])];

    const { report } = await expanded(await populationOf(people), { seeds, exclude });

    expect(report).toMatchObject({
      population: 'people',
      generation: 1,
      users: 400,
      seeds: { given: 42, duplicates: 0, matched: 40, unmatched: 2 },
      excluded: { given: 4, matched: 2 },
      candidates: 358,
      size: 358,
    });
  });

  it('counts the members for whom nothing speaks', async () => {
    const { members, report } = await expanded(await populationOf(people));

    expect(report.membersWithoutEvidence).toBe(members.filter(({ score }) => score === 0).length);
    expect(report.membersWithoutEvidence).toBeGreaterThan(0);
  });

  it('lists what tells seeds from others, with how many of each have it', async () => {
    const { report } = await expanded(await populationOf(people), { ranker: 'similarity' });

    const isSeed = new Set(groupIds(40));
    const shareOf = (feature: string, seeds: boolean) => {
      const asked = people.filter(({ id }) => isSeed.has(id) === seeds);
      return asked.filter(({ features }) => features.includes(feature)).length / asked.length;
    };
    const [first] = report.tellingFeatures;
    expect(report.tellingFeatures.filter(({ feature }) => feature.startsWith('group0:'))).toHaveLength(6);
    expect(first.seedShare).toBeCloseTo(shareOf(first.feature, true), 12);
    expect(first.candidateShare).toBeCloseTo(shareOf(first.feature, false), 12);
  });

  it('takes a feature away from everybody, and warns of one that nobody has', async () => {
    const population = await populationOf(people);
    const without = await populationOf(
      people.map((user) => {
        const kept = user.features.flatMap((feature, at) => (feature === 'group0:1' ? [] : [at]));
        return {
          id: user.id,
          features: kept.map((at) => user.features[at]),
          ...(user.weights ? { weights: kept.map((at) => user.weights?.[at] ?? 1) } : {}),
        };
      }),
    );

    const { members, report } = await expanded(population, { drop: ['group0:1', 'grop0:2', 'group0:1'] });

    expect(members).toEqual((await expanded(without)).members);
    expect(report.dropped).toEqual(['grop0:2', 'group0:1']);
    expect(report.warnings).toContain(
      'no user has the feature to drop "grop0:2" (nearest: "group0:2", "group0:0", "group0:1")',
    );
    expect(report.warnings.filter((warning) => warning.startsWith('no user'))).toHaveLength(1);
  });

  it('forgets the weights if so told', async () => {
    const weightless = await populationOf(people.map(({ id, features }) => ({ id, features })));
    const weighted = await populationOf(people);

    expect((await expanded(weighted, { binary: true })).members).toEqual((await expanded(weightless)).members);
    expect((await expanded(weighted)).members).not.toEqual((await expanded(weightless)).members);
  });

  it('leaves people not to resemble out of the audience, and of whom seeds are compared with', async () => {
    const population = await populationOf(people);
    const unlike = idList([...groupIds(20).map((id) => `u${Number(id.slice(1)) + 1}`), 'u0', 'ghost']);

    for (const ranker of ['auto', 'information-value', 'similarity']) {
      const { members, report } = await expanded(population, { ranker, unlike });
      const without = (await expanded(population, { ranker, exclude: [unlike] })).report;

      const ids = new Set(members.map(({ userId }) => userId));
      expect(unlike.ids.filter((id) => ids.has(id))).toEqual([]);
      expect(report).toMatchObject({
        seeds: { matched: 40 },
        unlike: { given: 22, matched: 20 },
        excluded: { given: 0, matched: 0 },
        candidates: 340,
        seedReport: { compared: without.seedReport.compared, coherence: without.seedReport.coherence },
        tellingFeatures: without.tellingFeatures,
      });
    }
  });

  it.each(['auto', 'information-value', 'similarity', 'logistic-regression', 'random-walk'])(
    'puts the like of people not to resemble lower: %s',
    async (ranker) => {
      const population = await populationOf(people);
      const isLike = (userId: string) => Number(userId.slice(1)) % 4 === 1;
      const seeds = idList([...groupIds(40), ...people.slice(0, 160).flatMap(({ id }) => (isLike(id) ? [id] : []))]);
      const unlike = idList(people.slice(160, 280).flatMap(({ id }) => (isLike(id) ? [id] : [])));

      const likeIn = async (changes: object) => {
        const { members } = await expanded(population, { ranker, seeds, size: '40', ...changes });
        return members.filter(({ userId }) => isLike(userId)).length;
      };

      expect(await likeIn({ unlike })).toBeLessThan((await likeIn({ exclude: [unlike] })) / 2);
    },
  );

  it('learns from those who were exposed where it is told to, and counts them', async () => {
    const population = await populationOf(people);
    const exposed = idList(
      people.filter((_, n) => n % 4 === 1 && n > 100).map(({ id }) => id),
      'shown.csv',
    );

    const told = { ranker: 'information-value', choices: { background: 'exposed' }, exposed };
    const { members, report } = await expanded(population, told);

    expect(report).toMatchObject({ exposed: { given: 75, matched: 75 }, candidates: 360, size: 360 });
    expect(report.warnings.filter((warning) => warning.includes('shown.csv'))).toEqual([]);
    expect(members).not.toEqual((await expanded(population)).members);
    await expect(expanded(population, { ...told, exposed: undefined })).rejects.toThrow(
      'expected a list of exposed people, as information-value was told to learn from them, got none',
    );
    expect((await expanded(population, { exposed })).report.warnings).toContain(
      'shown.csv: information-value makes no use of who was exposed',
    );
    expect((await expanded(population, { exposed })).members).toEqual((await expanded(population)).members);
  });

  it('reports of the seeds what the seed report says of them, whatever the cut into shards', async () => {
    const seeds = idList([...groupIds(40), 'U399', 'ghost']);
    const exclude = [idList(['u399', 'u4'])];
    for (const maxShardUsers of [1_000, 90]) {
      const population = await populationOf(people, maxShardUsers);
      const request = requestFor({ seeds, exclude, drop: ['group0:1'] });

      const { seedReport, warnings } = (await expansionOf(population, request)).report;

      expect({ ...reportSeeds(SETTINGS, population, request, unwatched), ...seedReport }).toEqual(
        reportSeeds(SETTINGS, population, request, unwatched),
      );
      expect(seedReport.unmatched.spelling.first).toEqual([{ given: 'U399', user: 'u399' }]);
      expect(seedReport.warnings.length).toBeGreaterThan(2);
      expect(warnings.filter((warning) => seedReport.warnings.includes(warning))).toEqual(seedReport.warnings);
    }
  });

  it('warns of a list of people to leave out that names nobody', async () => {
    const exclude = [
      idList(['a', 'b', 'c', 'd'], 'wrong.csv'),
      idList(['u1', 'x'], 'right.csv'),
      idList([], 'none.csv'),
    ];

    const { report } = await expanded(await populationOf(people), { exclude });

    expect(report.warnings.filter((warning) => warning.includes('.csv'))).toEqual([
      'wrong.csv: none of the 4 people to leave out are users of the population; they look like "a", "b", "c"',
    ]);
  });

  it.each([
    [{ ranker: 'similarty' }, /^expected a ranker \(.*similarity.*\), got "similarty" \(nearest: "similarity"/],
    [
      { ranker: 'similarity', choices: { filter: 'half' } },
      /^expected an option of the ranker similarity \(.*\), got filter$/,
    ],
    [
      { ranker: 'similarity', choices: { measure: 'euclid' } },
      /^expected measure to be cosine or jaccard, got "euclid"$/,
    ],
    [{ ranker: 'constructor' }, /^expected a ranker/],
    [{ size: '361' }, /^expected a size from 1 to 360 /],
  ])('refuses %j', async (changes, sentence) => {
    const population = await populationOf(people);

    await expect(expanded(population, changes)).rejects.toThrow(Invalid);
    await expect(expanded(population, changes)).rejects.toThrow(sentence);
  });
});
