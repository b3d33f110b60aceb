/** The only registry of rankers: the command line, the evaluation, the benches and the tables in docs/ read this list. */
import { byAttention } from './by-attention.ts';
import { byEmbedding } from './by-embedding.ts';
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
  readonly space: 'features' | 'embedding';
  readonly filter: 'positive' | 'half';
}

/**
 * Whom a ranker puts first, so that retrieval can look for the like of them: people who differ from the others as the
 * seeds do, people like the seeds on the whole, or people like any one seed.
 */
export type Preference = 'contrast' | 'average' | 'nearest';

export interface RankerKind {
  readonly name: string;
  /** When to use it, in one sentence. */
  readonly need: string;
  readonly options: readonly RankerOption[];
  /** Why these choices cannot be made together, if they cannot. */
  conflict(choices: RankerChoices): string | undefined;
  needsEmbedding(choices: RankerChoices): boolean;
  preference(choices: RankerChoices): Preference;
  with(choices: RankerChoices, seed: number): Ranker;
}

export const DEFAULT_CHOICES: RankerChoices = {
  measure: 'cosine',
  aggregate: 'mean',
  space: 'features',
  filter: 'positive',
};

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
    conflict: () => undefined,
    needsEmbedding: () => false,
    preference: () => 'contrast',
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
      {
        name: 'space',
        values: ['features', 'embedding'],
        effect: 'whether people are compared by their features or as points of the embedding',
      },
    ],
    conflict: ({ measure, space }) =>
      measure === 'jaccard' && space === 'embedding' ? 'jaccard compares features, not points' : undefined,
    needsEmbedding: ({ space }) => space === 'embedding',
    preference: ({ aggregate }) => (aggregate === 'mean' ? 'average' : 'nearest'),
    with: ({ measure, aggregate, space }) =>
      space === 'embedding' ? byEmbedding(aggregate) : bySimilarity(measure, aggregate),
  },
  {
    name: 'attention',
    need: 'seeds of several kinds: people like one kind of them count, not only people like their average',
    options: [],
    conflict: () => undefined,
    needsEmbedding: () => true,
    // Its attention is soft: whom it puts first lies near the middle of the clusters, not near one of them.
    preference: () => 'average',
    with: (_choices, seed) => byAttention(seed),
  },
];
