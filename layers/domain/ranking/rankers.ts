/** The only registry of rankers: the command line, the evaluation, the benches and the tables in docs/ read this list. */
import type { Scaling } from '../scoring/linear-model.ts';
import { type AttentionScorer, byAttention } from './by-attention.ts';
import { byAuto } from './by-auto.ts';
import { byBoostedTrees } from './by-boosted-trees.ts';
import { byEmbedding } from './by-embedding.ts';
import { byFactors } from './by-factors.ts';
import { byInformationValue } from './by-information-value.ts';
import { byLogisticRegression } from './by-logistic-regression.ts';
import { byRandomWalk } from './by-random-walk.ts';
import { bySimilarity } from './by-similarity.ts';
import type { Ranker } from './ranker.ts';

/** A choice a ranker offers: its name, what can be chosen (the first is the default), and what it decides. */
export interface RankerOption {
  readonly name: keyof RankerChoices;
  readonly values: readonly string[];
  readonly effect: string;
  /** Whether it decides nothing beside the other choices, and so is left out of what was chosen. */
  isIdle?(choices: RankerChoices): boolean;
}

export interface RankerChoices {
  readonly measure: 'cosine' | 'jaccard';
  readonly aggregate: 'mean' | 'max' | 'probabilistic';
  readonly space: 'features' | 'embedding';
  readonly filter: 'positive' | 'half';
  readonly background: 'population' | 'candidates' | 'exposed';
  readonly negatives: 'all' | 'exposed' | 'sampled' | 'spy';
  readonly scaling: 'chosen' | Scaling;
  readonly strength: 'chosen' | '1';
  readonly rounds: 'two' | 'one';
  readonly factors: 'cosine' | 'regression';
  readonly embedding: EmbeddingKind;
  readonly scorer: 'trained' | 'untrained';
}

/** What a ranker is told besides its choices. */
export interface RankerTerms {
  /** The seed of all chance. */
  readonly seed: number;
  /** How many times as long as one logistic regression `auto` may take. */
  readonly effort: number;
  /** What the attention scorer has learned of the population; untrained without it. */
  readonly scorer?: AttentionScorer | undefined;
}

/** Where the points come from that a ranker works on, if it works on any. */
export type EmbeddingKind = 'svd' | 'als';

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
  /** Whether it learns from the people given as exposed. */
  needsExposed(choices: RankerChoices): boolean;
  embedding(choices: RankerChoices): EmbeddingKind | undefined;
  /** Whether it is another one with what was learned of the points that an index has. */
  usesScorer(choices: RankerChoices): boolean;
  preference(choices: RankerChoices): Preference;
  with(choices: RankerChoices, terms: RankerTerms): Ranker;
}

export const DEFAULT_CHOICES: RankerChoices = {
  measure: 'cosine',
  aggregate: 'mean',
  space: 'features',
  filter: 'positive',
  background: 'population',
  negatives: 'all',
  scaling: 'chosen',
  strength: 'chosen',
  rounds: 'two',
  factors: 'cosine',
  embedding: 'svd',
  scorer: 'trained',
};

/** Offered by whoever works on points that others may have made. */
const EMBEDDING: RankerOption = {
  name: 'embedding',
  values: ['svd', 'als'],
  effect: 'where the points come from: the stored embedding, or a matrix factorization fitted for this job',
};

const never = () => false;
const noEmbedding = () => undefined;
const noConflict = () => undefined;

/** The first is the default. */
export const RANKERS: readonly RankerKind[] = [
  {
    name: 'auto',
    need: 'the best list that the seeds allow: many rankers as one, or the one that finds held-out seeds best, with the proof',
    options: [],
    conflict: noConflict,
    needsExposed: never,
    embedding: noEmbedding,
    usesScorer: never,
    preference: () => 'contrast',
    with: (_choices, { seed, effort }) => byAuto(seed, effort),
  },
  {
    name: 'information-value',
    need: 'a good first answer on any data, in one pass, with a list of telling features that anyone can read',
    options: [
      {
        name: 'filter',
        values: ['positive', 'half'],
        effect: 'which features count: those more frequent among seeds, or of these only what over half of them have',
      },
      {
        name: 'background',
        values: ['population', 'candidates', 'exposed'],
        effect: 'whom seeds are compared with: everybody else, the candidates, or those given by --exposed',
      },
    ],
    conflict: noConflict,
    needsExposed: ({ background }) => background === 'exposed',
    embedding: noEmbedding,
    usesScorer: never,
    preference: () => 'contrast',
    with: ({ filter, background }) => byInformationValue(filter, background),
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
      { ...EMBEDDING, isIdle: ({ space }) => space === 'features' },
    ],
    conflict({ measure, space, embedding }) {
      if (measure === 'jaccard' && space === 'embedding') return 'jaccard compares features, not points';
      return embedding === 'als' && space === 'features' ? 'als makes points, and features are compared' : undefined;
    },
    needsExposed: never,
    embedding: ({ space, embedding }) => (space === 'embedding' ? embedding : undefined),
    usesScorer: never,
    preference: ({ aggregate }) => (aggregate === 'mean' ? 'average' : 'nearest'),
    with: ({ measure, aggregate, space }) =>
      space === 'embedding' ? byEmbedding(aggregate) : bySimilarity(measure, aggregate),
  },
  {
    name: 'logistic-regression',
    need: 'the weight of each feature beside all others: the strongest single ranker on demographic data',
    options: [
      {
        name: 'negatives',
        values: ['all', 'exposed', 'sampled', 'spy'],
        effect:
          'whom seeds are told from: all others, those given by --exposed, ten for each seed, or those whom hidden seeds tell to be unlike',
      },
      {
        name: 'scaling',
        values: ['chosen', 'none', 'unit', 'idf-unit'],
        effect:
          'how rows are made comparable: as held-out seeds like best, not at all, by length, or rare features more',
      },
      {
        name: 'strength',
        values: ['chosen', '1'],
        effect: 'C, how much the data count against the penalty: as held-out seeds like best, or LIBLINEAR’s default',
      },
    ],
    conflict: noConflict,
    needsExposed: ({ negatives }) => negatives === 'exposed',
    embedding: noEmbedding,
    usesScorer: never,
    preference: () => 'contrast',
    with: ({ negatives, scaling, strength }, { seed }) =>
      byLogisticRegression(negatives, scaling, seed, strength === '1' ? [1] : undefined),
  },
  {
    name: 'random-walk',
    need: 'sparse data: people who share nothing with any seed, but something with those who do',
    options: [
      {
        name: 'rounds',
        values: ['two', 'one'],
        effect:
          'how often the walk goes from users to features and back: two reach people who share nothing with seeds',
      },
    ],
    conflict: noConflict,
    needsExposed: never,
    embedding: noEmbedding,
    usesScorer: never,
    preference: () => 'contrast',
    with: ({ rounds }) => byRandomWalk(rounds === 'one' ? 1 : 2),
  },
  {
    name: 'matrix-factorization',
    need: 'the recommender’s way: people as factors that explain who has what, learned from everybody',
    options: [
      {
        name: 'factors',
        values: ['cosine', 'regression'],
        effect: 'how a point is scored: by its mean cosine to the seeds, or by a regression on its factors',
      },
    ],
    conflict: noConflict,
    needsExposed: never,
    embedding: () => 'als',
    usesScorer: never,
    preference: () => 'average',
    with: ({ factors }, { seed }) => byFactors(factors, seed),
  },
  {
    name: 'boosted-trees',
    need: 'features that count otherwise beside others, where seeds are some hundreds at least',
    options: [],
    conflict: noConflict,
    needsExposed: never,
    embedding: noEmbedding,
    usesScorer: never,
    preference: () => 'contrast',
    with: (_choices, { seed }) => byBoostedTrees(seed),
  },
  {
    name: 'attention',
    need: 'seeds of several kinds: people like one kind of them count, not only people like their average',
    options: [
      EMBEDDING,
      {
        name: 'scorer',
        values: ['trained', 'untrained'],
        effect: 'whether what akin train has learned of the population counts, where it was run',
        isIdle: ({ embedding }) => embedding === 'als',
      },
    ],
    conflict: noConflict,
    needsExposed: never,
    embedding: ({ embedding }) => embedding,
    usesScorer: ({ embedding, scorer }) => embedding === 'svd' && scorer === 'trained',
    // Its attention is soft: whom it puts first lies near the middle of the clusters, not near one of them.
    preference: () => 'average',
    with: (_choices, { seed, scorer }) => byAttention(seed, scorer),
  },
];
