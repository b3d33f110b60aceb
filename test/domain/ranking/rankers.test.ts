import { describe, expect, it } from 'vitest';
import { DEFAULT_CHOICES, RANKERS, type RankerChoices, type RankerKind } from '#domain/ranking/rankers.ts';
import { rankerContract } from '../../contracts/ranker.contract.ts';

const TERMS = { seed: 1, effort: 20 };

describe('registry of rankers', () => {
  it('has each name once', () => {
    const names = RANKERS.map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
  });

  it('lists first, of every option, the value that is chosen by default', () => {
    for (const { name, values } of RANKERS.flatMap(({ options }) => options)) {
      expect(values[0]).toBe(DEFAULT_CHOICES[name]);
    }
  });

  it.each(RANKERS)('makes rankers that are called $name', (kind) => {
    expect(kind.with(DEFAULT_CHOICES, TERMS).name).toBe(kind.name);
  });

  it.each(RANKERS)('has nothing against the defaults of $name', (kind) => {
    expect(kind.conflict(DEFAULT_CHOICES)).toBeUndefined();
  });

  it('says why points cannot be compared by Jaccard, nor features by a factorization, and lets all other choices be', () => {
    for (const { kind, choices } of everyRanker()) {
      const { measure, space, embedding } = choices;
      const jaccard = measure === 'jaccard' && space === 'embedding';
      const als = kind.name === 'similarity' && space === 'features' && embedding === 'als';
      const reason = jaccard
        ? 'jaccard compares features, not points'
        : als
          ? 'als makes points, and features are compared'
          : undefined;

      expect(kind.conflict(choices)).toBe(reason);
    }
  });

  it.each([
    ['auto', {}, undefined, 'contrast'],
    ['information-value', { filter: 'half' }, undefined, 'contrast'],
    ['similarity', {}, undefined, 'average'],
    ['similarity', { space: 'embedding' }, 'svd', 'average'],
    ['similarity', { aggregate: 'max' }, undefined, 'nearest'],
    ['similarity', { aggregate: 'probabilistic', space: 'embedding' }, 'svd', 'nearest'],
    ['logistic-regression', {}, undefined, 'contrast'],
    ['random-walk', { rounds: 'one' }, undefined, 'contrast'],
    ['matrix-factorization', {}, 'als', 'average'],
    ['matrix-factorization', { factors: 'regression' }, 'als', 'average'],
    ['boosted-trees', {}, undefined, 'contrast'],
    ['attention', {}, 'svd', 'average'],
  ] as const)(
    'knows of %s with %j on whose points it works: %s; and whom it puts first: %s',
    (name, given, embedding, first) => {
      const choices = { ...DEFAULT_CHOICES, ...given };

      const [kind] = RANKERS.filter((ranker) => ranker.name === name);

      expect(kind.embedding(choices)).toBe(embedding);
      expect(kind.preference(choices)).toBe(first);
    },
  );

  it('needs to be told who was exposed by the two that can learn from them, where that is chosen', () => {
    const asking = everyRanker().filter(({ kind, choices }) => kind.needsExposed(choices));

    expect(new Set(asking.map(({ kind }) => kind.name))).toEqual(new Set(['information-value', 'logistic-regression']));
    expect(asking.every(({ title }) => title.includes('exposed'))).toBe(true);
    expect(asking).toHaveLength(2 + 4 * 2);
  });
});

for (const { title, kind, choices } of everyRanker()) {
  if (kind.conflict(choices) !== undefined) continue;
  rankerContract(title, kind.with(choices, TERMS), {
    embedding: kind.embedding(choices),
    needsExposed: kind.needsExposed(choices),
  });
}

/** Every ranker with every combination of the values of its options. */
function everyRanker(): { title: string; kind: RankerKind; choices: RankerChoices }[] {
  return RANKERS.flatMap((kind) =>
    everyChoiceOf(kind).map((chosen) => ({
      title: [kind.name, ...chosen.map(([, value]) => value)].join(' '),
      kind,
      choices: { ...DEFAULT_CHOICES, ...Object.fromEntries(chosen) },
    })),
  );
}

function everyChoiceOf({ options }: RankerKind): (readonly [string, string])[][] {
  return options.reduce<(readonly [string, string])[][]>(
    (choices, { name, values }) => choices.flatMap((list) => values.map((value) => [...list, [name, value] as const])),
    [[]],
  );
}
