import { describe, expect, it } from 'vitest';
import { castRoles, checkSeeds, sizeOf } from '#application/cast.ts';
import { Invalid } from '#application/errors.ts';
import { groupedPeople, groupIds, idList, populationOf, requestFor, SETTINGS } from './people.ts';

const people = groupedPeople(400);

describe('size', () => {
  it.each([
    ['1', 1],
    ['200', 200],
    ['007', 7],
    ['all', 200],
    ['100%', 200],
    ['5%', 10],
    ['0.5%', 1],
    ['0.75%', 2],
    ['0.1%', 1],
    ['12.5%', 25],
  ])('%s of 200 is %d', (size, expected) => {
    expect(sizeOf(size, 200)).toBe(expected);
  });

  it.each([
    '0',
    '-1',
    '201',
    '1.5',
    '1e2',
    '',
    ' 5',
    '5 ',
    'ten',
    '0x10',
    '99999999999999999999',
    '٣',
    'ALL',
    'NaN',
    '5 %',
  ])('of %j is refused', (size) => {
    expect(() => sizeOf(size, 200)).toThrow(Invalid);
    expect(() => sizeOf(size, 200)).toThrow(
      `expected a size from 1 to 200 (all users but seeds and excluded ones), a share such as 5%, or all; got ${JSON.stringify(size)}`,
    );
  });

  it.each(['0%', '0.0%', '101%', '100.01%'])('of %s is refused', (size) => {
    expect(() => sizeOf(size, 200)).toThrow(`expected a size above 0% and up to 100%, got ${size}`);
  });

  it('is refused where nobody is left to rank', () => {
    for (const size of ['all', '1', '5%']) {
      expect(() => sizeOf(size, 0)).toThrow('expected users to rank, but all are seeds or excluded');
    }
  });
});

describe('seeds', () => {
  async function checked(ids: readonly string[]): Promise<string[]> {
    const seeds = idList(ids, 'best.csv');
    return checkSeeds(seeds, castRoles(await populationOf(people, 90), requestFor({ seeds })), SETTINGS);
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
});
