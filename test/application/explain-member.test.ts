import { describe, expect, it } from 'vitest';
import { NotFound } from '#application/errors.ts';
import {
  expansionOf,
  explanationOf,
  groupedPeople,
  groupIds,
  idList,
  populationOf,
  requestFor,
  WAYS,
} from './people.ts';

const people = groupedPeople(200);

describe('explain', () => {
  it.each(WAYS)('gives the score and the rank that the whole list gives: $ranker $choices', async (way) => {
    const population = await populationOf(people, 60);
    const request = requestFor({ ...way, exclude: [idList(['u1', 'u2'])], drop: ['any:3'] });

    const { members } = await expansionOf(population, request);

    for (const { rank, userId, score } of members.filter((_, n) => n % 7 === 0)) {
      const explanation = await explanationOf(population, request, userId);
      const sum = explanation.contributions.reduce((total, { amount }) => total + amount, 0);
      expect(explanation).toMatchObject({ userId, role: 'candidate', rank, score, candidates: members.length });
      expect(sum).toBeCloseTo(score, 5);
    }
  });

  it('names only features that the user has, those that speak most for him or her first', async () => {
    const population = await populationOf(people);

    const { contributions } = await explanationOf(population, requestFor(), 'u160');

    const amounts = contributions.map(({ amount }) => amount);
    expect(people[160].features).toEqual(expect.arrayContaining(contributions.map(({ feature }) => feature)));
    expect(amounts).toEqual(amounts.toSorted((left, right) => right - left));
    expect(amounts.length).toBeGreaterThan(0);
  });

  it('says of a seed, and of somebody left out, where he or she would stand', async () => {
    const population = await populationOf(people);
    const request = requestFor({ exclude: [idList(['u1'])] });

    const seed = await explanationOf(population, request, 'u0');
    const excluded = await explanationOf(population, request, 'u1');

    const { members } = await expansionOf(population, request);
    const better = (score: number) => members.filter((member) => member.score > score).length;
    expect([seed.role, excluded.role]).toEqual(['seed', 'excluded']);
    expect(seed.rank).toBeGreaterThan(better(seed.score));
    expect(excluded.rank).toBeGreaterThan(better(excluded.score));
  });

  it.each(['auto', 'logistic-regression', 'similarity'])(
    'takes away what speaks for people not to resemble, and sums to the score: %s',
    async (ranker) => {
      const population = await populationOf(people, 60);
      const request = requestFor({ ranker, unlike: idList(people.filter((_, n) => n % 4 === 1).map(({ id }) => id)) });

      const [best] = (await expansionOf(population, request)).members;
      const { contributions, score, rank } = await explanationOf(population, request, best.userId);

      expect({ score, rank }).toEqual({ score: best.score, rank: 1 });
      expect(contributions.reduce((sum, { amount }) => sum + amount, 0)).toBeCloseTo(score, 5);
      expect(await explanationOf(population, request, 'u1')).toMatchObject({ role: 'excluded' });
    },
  );

  it('finds nobody of that name, but those whose names are near', async () => {
    const population = await populationOf(people, 60);

    const explain = (user: string) => explanationOf(population, requestFor(), user);

    await expect(explain('u1600')).rejects.toThrow(NotFound);
    await expect(explain('U16')).rejects.toThrow('expected a user of the population, got "U16" (nearest: "u16", ');
    await expect(explain('')).rejects.toThrow('expected a user of the population, got ""');
  });

  it('refuses and warns as an expansion does', async () => {
    const population = await populationOf(people);
    const few = requestFor({ seeds: idList(groupIds(24)) });
    const odd = requestFor({
      drop: ['nothing'],
      seeds: idList([...groupIds(40), 'U1', 'ghost']),
      exclude: [idList(['ghost'], 'wrong.csv')],
      exposed: idList(['u1']),
    });

    await expect(explanationOf(population, few, 'u100')).rejects.toThrow('expected at least 25 seeds');
    const { warnings } = (await expansionOf(population, odd)).report;
    // What is said of the end of an audience is said of no single user.
    const ofEveryUser = warnings.filter((warning) => !warning.startsWith('nothing speaks for'));
    expect((await explanationOf(population, odd, 'u100')).warnings).toEqual(ofEveryUser);
    expect(ofEveryUser).toHaveLength(6);
  });
});
