import { describe, expect, it } from 'vitest';
import { rankingOptionsOf } from '#application/ranking-options.ts';
import { RANKERS } from '#domain/ranking/rankers.ts';
import { collect, rankingCommand, shareOf, wholeNumber } from '#infra/cli/ranking-command.ts';

function chosenBy(...args: readonly string[]) {
  const command = rankingCommand('rank').exitOverride();
  return rankingOptionsOf(command.parse([...args], { from: 'user' }).opts());
}

describe('ranking flags', () => {
  it('choose the first ranker and nothing else where nothing is said', () => {
    expect(chosenBy()).toEqual({ ranker: RANKERS[0].name, choices: {}, drop: [], binary: false, seed: 1, effort: 6 });
  });

  it.each([
    [['--filter', 'half'], 'information-value', { filter: 'half' }],
    [['--measure', 'jaccard'], 'similarity', { measure: 'jaccard' }],
    [['--aggregate', 'max', '--measure', 'cosine'], 'similarity', { aggregate: 'max', measure: 'cosine' }],
    [['--background', 'candidates'], 'information-value', { background: 'candidates' }],
    [['--negatives', 'spy', '--scaling', 'unit'], 'logistic-regression', { negatives: 'spy', scaling: 'unit' }],
    [['--rounds', 'one'], 'random-walk', { rounds: 'one' }],
    [['--factors', 'regression'], 'matrix-factorization', { factors: 'regression' }],
    [['--ranker', 'similarity', '--filter', 'half'], 'similarity', { filter: 'half' }],
  ])('choose the ranker that has what was chosen: %j', (args, ranker, choices) => {
    expect(chosenBy(...args)).toMatchObject({ ranker, choices });
  });

  it('collect what may be given again', () => {
    expect(chosenBy('--drop', 'a:1', '--drop', 'b', '--binary', '--seed', '7', '--effort', '2')).toMatchObject({
      drop: ['a:1', 'b'],
      binary: true,
      seed: 7,
      effort: 2,
    });
    expect(collect('b', ['a'])).toEqual(['a', 'b']);
  });

  it('name in their help every value of every choice, the default first', () => {
    const help = rankingCommand('rank').configureHelp({ helpWidth: 1000 }).helpInformation();

    for (const { options } of RANKERS) for (const { values } of options) expect(help).toContain(values.join(' | '));
    for (const { name } of RANKERS) expect(help).toContain(name);
  });

  it.each(['0', '7', '4294967295'])('take the whole number %s', (text) => {
    expect(wholeNumber(text)).toBe(Number(text));
  });

  it.each([
    ['0.02', 0.02],
    ['.5', 0.5],
    ['1', 1],
  ])('take the share %s', (text, share) => {
    expect(shareOf(text)).toBe(share);
  });

  it.each(['', '0', '2', '-0.1', '5%', '1e-3', 'x', '0.1.2', 'NaN'])('refuse %j for a share', (text) => {
    expect(() => shareOf(text)).toThrow('expected a share above 0 and up to 1, such as 0.02');
  });

  it.each(['', '-1', '1.5', '1e3', 'x', '12345678901', ' 1'])('refuse %j for a whole number', (text) => {
    expect(() => wholeNumber(text)).toThrow('expected a whole number of at most ten digits');
  });
});
