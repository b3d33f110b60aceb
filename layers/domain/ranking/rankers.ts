/** The only registry of rankers: the command line, the evaluation, the benches and the tables in docs/ read this list. */
import { byInformationValue } from './by-information-value.ts';
import { bySimilarity } from './by-similarity.ts';
import type { Ranker } from './ranker.ts';

/** A choice a ranker offers: its name, what can be chosen (the first is the default), and what it decides. */
export interface RankerOption {
  readonly name: keyof RankerChoices;
  readonly values: readonly string[];
  readonly effect: string;
}

export interface RankerChoices {
  readonly measure: 'cosine' | 'jaccard';
  readonly aggregate: 'mean' | 'max' | 'probabilistic';
  readonly filter: 'positive' | 'half';
}

export interface RankerKind {
  readonly name: string;
  /** When to use it, in one sentence. */
  readonly need: string;
  readonly options: readonly RankerOption[];
  with(choices: RankerChoices): Ranker;
}

export const DEFAULT_CHOICES: RankerChoices = { measure: 'cosine', aggregate: 'mean', filter: 'positive' };

/** The first is the default. */
export const RANKERS: readonly RankerKind[] = [
  {
    name: 'information-value',
    need: 'a good first answer on any data, in one pass, with a list of telling features that anyone can read',
    options: [
      {
        name: 'filter',
        values: ['positive', 'half'],
        effect: 'which features count: those more frequent among seeds, or of these only what over half of them have',
      },
    ],
    with: ({ filter }) => byInformationValue(filter),
  },
  {
    name: 'similarity',
    need: 'the oldest way and the yardstick: people who look like the seeds as a whole, or like any one of them',
    options: [
      { name: 'measure', values: ['cosine', 'jaccard'], effect: 'how two people are compared' },
      {
        name: 'aggregate',
        values: ['mean', 'max', 'probabilistic'],
        effect: 'how the similarities to all seeds become one score',
      },
    ],
    with: ({ measure, aggregate }) => bySimilarity(measure, aggregate),
  },
];
