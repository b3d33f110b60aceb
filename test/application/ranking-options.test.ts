import { describe, expect, it } from 'vitest';
import { Invalid } from '#application/errors.ts';
import { hintOf, nearestNames } from '#application/nearest-names.ts';
import {
  chooseRanker,
  matchDrops,
  prepareShards,
  type RankingOptions,
  warnOfUnknownDrops,
} from '#application/ranking-options.ts';
import { RANKERS } from '#domain/ranking/rankers.ts';
import { weightsOf } from '../domain/scoring/weights.ts';
import { groupedPeople, populationOf, requestFor } from './people.ts';

describe('ranking options', () => {
  it.each(RANKERS)('spell out what was not chosen: $name', ({ name, options }) => {
    const { choices } = chooseRanker(requestFor({ ranker: name }));

    // People are compared by their features, and then it decides nothing where points would come from.
    const telling = options.filter((option) => !(name === 'similarity' && option.name === 'embedding'));
    const chosen = telling.map((option) => [option.name, option.values[0]]);
    // Nothing was trained.
    expect(choices).toEqual({ ...Object.fromEntries(chosen), ...('scorer' in choices && { scorer: 'untrained' }) });
  });

  it.each(RANKERS.flatMap(({ name, options }) => options.map((option) => ({ ranker: name, ...option }))))(
    'take what $ranker offers as $name, and nothing else',
    ({ ranker, name, values }) => {
      // Points made by a factorization are compared where points are.
      const beside = ranker === 'similarity' && name === 'embedding' ? { space: 'embedding' } : {};
      for (const value of values) {
        const request = requestFor({ ranker, choices: { ...beside, [name]: value } });
        expect(chooseRanker({ ...request, scorer: { weights: weightsOf(2) } }).choices).toMatchObject({
          [name]: value,
        });
      }
      expect(() => chooseRanker(requestFor({ ranker, choices: { [name]: 'constructor' } }))).toThrow(
        `expected ${name} to be ${values.join(' or ')}, got "constructor"`,
      );
    },
  );

  it.each([0, -1, 1.5, 1001, Number.NaN])('refuse the effort %d', (effort) => {
    expect(() => chooseRanker(requestFor({ ranker: 'auto', effort }))).toThrow(
      new Invalid(`expected an effort from 1 to 1000, got ${effort}`),
    );
  });

  it('know whom a ranker learns from', () => {
    const needsExposed = (choices: RankingOptions['choices'], ranker: string) =>
      chooseRanker(requestFor({ ranker, choices })).needsExposed;

    expect(needsExposed({ negatives: 'exposed' }, 'logistic-regression')).toBe(true);
    expect(needsExposed({ background: 'exposed' }, 'information-value')).toBe(true);
    for (const { name } of RANKERS) expect(needsExposed({}, name)).toBe(false);
  });

  it('leave the shards alone that they change: others may be reading them', async () => {
    const { shards } = await populationOf(groupedPeople(100));
    const before = structuredClone(shards);

    const [prepared] = prepareShards(shards, ['any:1', 'group0:1'], true);

    expect(shards).toEqual(before);
    expect(prepared.features).toEqual(shards[0].features.filter((name) => name !== 'any:1' && name !== 'group0:1'));
    expect(prepared.rows.weights).toBeUndefined();
  });

  it('warn of each feature to drop that nobody has, once, whichever shard has the others', async () => {
    const { shards } = await populationOf(groupedPeople(100), 10);

    const warnOf = (drop: string[]) =>
      warnOfUnknownDrops(
        shards.map((shard) => matchDrops(shard, drop)),
        drop,
      );
    expect(warnOf(['zzz', 'any:1', 'zzz', 'aaa', 'group3:5'])).toEqual([
      expect.stringMatching(/^no user has the feature to drop "aaa" \(nearest: "/),
      expect.stringMatching(/^no user has the feature to drop "zzz" \(nearest: "/),
    ]);
    expect(warnOf([])).toEqual([]);
  });
});

describe('nearest names', () => {
  it('come by the number of edits, then in the order given, in any case', () => {
    expect(nearestNames('Age', ['page', 'sage', 'AGES', 'city', 'age'])).toEqual(['age', 'page', 'sage']);
    expect(nearestNames('age', ['city'], 3)).toEqual(['city']);
    expect(nearestNames('age', ['b', 'a'], 1)).toEqual(['a']);
  });

  it('make a hint, or none where there is nothing to choose from', () => {
    expect(hintOf('a', ['b', 'c"d'])).toBe(' (nearest: "b", "c\\"d")');
    expect(hintOf('a', [])).toBe('');
  });
});
