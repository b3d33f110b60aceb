import { describe, expect, it } from 'vitest';
import { DEFAULT_CHOICES, RANKERS, type RankerChoices, type RankerKind } from '#domain/ranking/rankers.ts';
import { rankerContract } from '../../contracts/ranker.contract.ts';

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
    expect(kind.with(DEFAULT_CHOICES, 1).name).toBe(kind.name);
  });

  it.each(RANKERS)('has nothing against the defaults of $name', (kind) => {
    expect(kind.conflict(DEFAULT_CHOICES)).toBeUndefined();
  });

  it('says why points cannot be compared by Jaccard, and lets all other choices be', () => {
    const refused = everyRanker().filter(({ kind, choices }) => kind.conflict(choices) !== undefined);

    expect(refused.map(({ kind, choices }) => [kind.name, choices.measure, choices.space])).toEqual([
      ['similarity', 'jaccard', 'embedding'],
      ['similarity', 'jaccard', 'embedding'],
      ['similarity', 'jaccard', 'embedding'],
    ]);
    expect(refused[0].kind.conflict(refused[0].choices)).toBe('jaccard compares features, not points');
  });

  it.each([
    ['information-value', {}, false, 'contrast'],
    ['information-value', { filter: 'half' }, false, 'contrast'],
    ['similarity', {}, false, 'average'],
    ['similarity', { space: 'embedding' }, true, 'average'],
    ['similarity', { aggregate: 'max' }, false, 'nearest'],
    ['similarity', { aggregate: 'probabilistic', space: 'embedding' }, true, 'nearest'],
    ['attention', {}, true, 'average'],
  ] as const)(
    'knows of %s with %j whether it works on points: %s; and whom it puts first: %s',
    (name, given, works, first) => {
      const choices = { ...DEFAULT_CHOICES, ...given };

      const [kind] = RANKERS.filter((ranker) => ranker.name === name);

      expect(kind.needsEmbedding(choices)).toBe(works);
      expect(kind.preference(choices)).toBe(first);
    },
  );
});

for (const { title, kind, choices } of everyRanker()) {
  if (kind.conflict(choices) !== undefined) continue;
  rankerContract(title, kind.with(choices, 1), { needsEmbedding: kind.needsEmbedding(choices) });
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
