import { describe, expect, it } from 'vitest';
import type { ExpansionRequest } from '#application/audience-report.ts';
import { castRoles, checkFurther, checkSeeds, warnOfSeeds } from '#application/cast.ts';
import { Invalid } from '#application/errors.ts';
import { groupedPeople, groupIds, idList, populationOf, requestFor, SETTINGS } from './people.ts';

const people = groupedPeople(400);

describe('seeds', () => {
  async function checked(ids: readonly string[]): Promise<string[]> {
    const seeds = idList(ids, 'best.csv');
    const cast = castRoles(await populationOf(people, 90), requestFor({ seeds }));
    checkSeeds(seeds, cast, SETTINGS);
    return warnOfSeeds(seeds, cast, SETTINGS);
  }

  it('are refused where none is a user, with how many of how many and three examples', async () => {
    await expect(checked(['x1', 'x2', 'x\u001b3', 'x4'])).rejects.toThrow(
      'best.csv: expected seeds that are users of the population, but 0 of 4 are; they look like "x1", "x2", "x\\u001b3"',
    );
  });

  it('are refused where fewer than 25 are users', async () => {
    await expect(checked([...groupIds(24), 'x1'])).rejects.toThrow(
      'best.csv: expected at least 25 seeds that are users of the population, got 24 of 25',
    );
  });

  it('are warned of where fewer than 100 are users', async () => {
    expect(await checked(groupIds(25))).toEqual(['only 25 seeds: expect a rough audience below 100']);
    expect(await checked(groupIds(99))).toEqual(['only 99 seeds: expect a rough audience below 100']);
    expect(await checked(groupIds(100))).toEqual([]);
  });

  it('are warned of where some are nobody’s', async () => {
    expect(await checked([...groupIds(100), 'x1', 'x2', 'x3', 'x4'])).toEqual([
      '4 of 104 seeds are not users of the population, such as "x1", "x2", "x3"',
    ]);
  });

  it('are warned of where some are spelled like a user of any shard', async () => {
    expect(await checked([...groupIds(100), 'x1', ' u399', 'U1'])).toEqual([
      '2 of 103 seeds are users but for letter case or outer space, such as " u399" for "u399"',
      '1 of 103 seeds are not users of the population, such as "x1"',
    ]);
  });
});

describe('further people', () => {
  const nobody = idList(['x1', 'x2', 'x3', 'x4'], 'wrong.csv');

  async function checked(further: Partial<ExpansionRequest>, needsExposed = false): Promise<string[]> {
    const request = requestFor(further);
    return checkFurther(request, castRoles(await populationOf(people, 90), request), needsExposed, 'any-ranker');
  }

  it('are needed where the ranker is to learn from them', async () => {
    await expect(checked({}, true)).rejects.toThrow(
      new Invalid('expected a list of exposed people, as any-ranker was told to learn from them, got none'),
    );
    expect(await checked({ exposed: idList(['u1', 'x1']) }, true)).toEqual([]);
  });

  it('are refused where none of them is anybody who could have come', async () => {
    const sentence = 'expected exposed people who are users to rank, but 0 of';
    const excluded = { exposed: idList(['u1'], 'shown.csv'), exclude: [idList(['u1'])] };

    await expect(checked({ exposed: nobody }, true)).rejects.toThrow(
      new Invalid(`wrong.csv: ${sentence} 4 are; they look like "x1", "x2", "x3"`),
    );
    await expect(checked({ exposed: idList(['u0'], 'seeds.csv') }, true)).rejects.toThrow(
      `seeds.csv: ${sentence} 1 are`,
    );
    await expect(checked(excluded, true)).rejects.toThrow(`shown.csv: ${sentence} 1 are`);
  });

  it('not to resemble are refused where none is a user, or all are seeds', async () => {
    const sentence = 'expected people not to resemble who are users of the population and no seeds, but 0 of';

    await expect(checked({ unlike: nobody })).rejects.toThrow(
      new Invalid(`wrong.csv: ${sentence} 4 are; they look like "x1", "x2", "x3"`),
    );
    await expect(checked({ unlike: idList(['u0', 'u4']) })).rejects.toThrow(`${sentence} 2 are`);
    expect(await checked({ unlike: idList(['u1', 'x1']) })).toEqual([]);
  });

  it('who were exposed are warned of where the ranker makes no use of them, whoever they are', async () => {
    const warning = ['wrong.csv: any-ranker makes no use of who was exposed'];

    expect(await checked({ exposed: nobody })).toEqual(warning);
  });

  it('are counted, each once, and who is a seed is nothing else', async () => {
    const request = requestFor({
      exposed: idList(['u0', 'u1', 'u5', 'u9', 'x']),
      unlike: idList(['u4', 'u2', 'u5']),
      exclude: [idList(['u2', 'u9', 'u3'])],
    });

    const { exposedCount, unlikeCount, candidateCount } = castRoles(await populationOf(people, 90), request);

    expect({ exposedCount, unlikeCount, candidateCount }).toEqual({
      exposedCount: 1,
      unlikeCount: 2,
      candidateCount: 400 - 40 - 2 - 2,
    });
  });
});
