/** What a caller may say about how to rank, checked against the registry of rankers. */

import { placesOf } from '#domain/features/feature-vector.ts';
import { dropFeatures, type Shard, withoutWeights } from '#domain/features/shard.ts';
import type { AttentionScorer } from '#domain/ranking/by-attention.ts';
import { lessUnlike } from '#domain/ranking/less-unlike.ts';
import type { Ranker } from '#domain/ranking/ranker.ts';
import {
  DEFAULT_CHOICES,
  type EmbeddingKind,
  type Preference,
  RANKERS,
  type RankerChoices,
  type RankerKind,
} from '#domain/ranking/rankers.ts';
import { SCALINGS } from '#domain/scoring/linear-model.ts';
import { Invalid } from './errors.ts';
import type { IdList } from './id-list.ts';
import { hintOf, nearestNames } from './nearest-names.ts';

export interface RankingOptions {
  readonly ranker: string;
  /** Only what the ranker offers may be chosen. */
  readonly choices: Readonly<Partial<Record<keyof RankerChoices, string>>>;
  /** Features to take away from everybody before anything else. */
  readonly drop: readonly string[];
  /** Forget the weights: to have a feature is all that counts. */
  readonly binary: boolean;
  readonly seed: number;
  /** How many times as long as one logistic regression `auto` may take. */
  readonly effort?: number | undefined;
}

/** All that `auto` can do, and room to spare. */
export const DEFAULT_EFFORT = 6;
/** Beyond, nothing is left to do. */
export const MOST_EFFORT = 1_000;

/** What a caller may give, each by its own name. */
export type RankingFlags = Readonly<Partial<Record<keyof RankerChoices, string | undefined>>> & {
  readonly ranker?: string | undefined;
  readonly drop: readonly string[];
  readonly binary: boolean;
  readonly seed: number;
  readonly effort?: number | undefined;
};

/** The names of all choices, as flags and options of campaigns have them. */
export const CHOICE_NAMES: readonly (keyof RankerChoices)[] = [
  'measure',
  'aggregate',
  'space',
  'filter',
  'background',
  'negatives',
  'scaling',
  'strength',
  'rounds',
  'factors',
  'embedding',
  'scorer',
];

/** Without a ranker's name, the first that has the given options. */
export function rankingOptionsOf(flags: RankingFlags): RankingOptions {
  const { ranker, drop, binary, seed, effort } = flags;
  const choices = Object.fromEntries(
    CHOICE_NAMES.flatMap((name) => {
      const value = flags[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const fitting = RANKERS.find(({ options }) =>
    Object.keys(choices).every((name) => options.some((option) => option.name === name)),
  );
  return { ranker: ranker ?? (fitting ?? RANKERS[0]).name, choices, drop, binary, seed, effort };
}

/** A ranker as chosen, with every choice spelled out for the report. */
export interface ChosenRanker {
  readonly ranker: Ranker;
  /** The same without regard to people not to resemble: what seeds are held out from. */
  readonly plain: Ranker;
  readonly embedding: EmbeddingKind | undefined;
  /** Whether it is another one with a trained scorer. */
  readonly usesScorer: boolean;
  readonly needsExposed: boolean;
  readonly preference: Preference;
  readonly name: string;
  readonly choices: Readonly<Record<string, string>>;
}

/** With people not to resemble, the ranker weighs them against the seeds. */
export function chooseRanker({
  ranker,
  choices,
  seed,
  effort = DEFAULT_EFFORT,
  unlike,
  scorer,
}: RankingOptions & {
  readonly unlike?: IdList | undefined;
  readonly scorer?: AttentionScorer | undefined;
}): ChosenRanker {
  const kind = RANKERS.find(({ name }) => name === ranker);
  const names = RANKERS.map(({ name }) => name);
  if (!kind)
    throw new Invalid(`expected a ranker (${names.join(', ')}), got ${JSON.stringify(ranker)}${hintOf(ranker, names)}`);
  for (const name of Object.keys(choices)) {
    if (kind.options.some((option) => option.name === name)) continue;
    throw new Invalid(`expected an option of the ranker ${kind.name} (${optionNames(kind)}), got ${name}`);
  }
  const chosen = { ...DEFAULT_CHOICES, ...checkedChoices(kind, choices) };
  const conflict = kind.conflict(chosen);
  if (conflict) throw new Invalid(`expected options that go together, but ${conflict}`);
  if (!(Number.isInteger(effort) && effort >= 1 && effort <= MOST_EFFORT))
    throw new Invalid(`expected an effort from 1 to ${MOST_EFFORT}, got ${effort}`);
  const plain = kind.with(chosen, { seed, effort, scorer });
  return {
    ranker: unlike ? lessUnlike(plain) : plain,
    plain,
    embedding: kind.embedding(chosen),
    usesScorer: kind.usesScorer(chosen),
    needsExposed: kind.needsExposed(chosen),
    preference: kind.preference(chosen),
    name: kind.name,
    choices: Object.fromEntries(
      kind.options
        .filter((option) => !option.isIdle?.(chosen))
        .map(({ name }) => [name, name === 'scorer' && !isTrained(scorer) ? 'untrained' : chosen[name]]),
    ),
  };
}

export function isTrained(scorer: AttentionScorer | undefined): boolean {
  return scorer?.weights !== undefined || scorer?.representation !== undefined;
}

/** `similarity (cosine, mean, features)`, or the name alone where there is nothing to choose. */
export function rankerTitle({ name, choices }: Pick<ChosenRanker, 'name' | 'choices'>): string {
  const chosen = Object.values(choices).join(', ');
  return chosen === '' ? name : `${name} (${chosen})`;
}

function optionNames({ options }: RankerKind): string {
  return options.length === 0 ? 'it has none' : options.map(({ name }) => name).join(', ');
}

/** Each choice must be one of the values that the registry lists; the type follows from that check. */
function checkedChoices(kind: RankerKind, choices: RankingOptions['choices']): Partial<RankerChoices> {
  for (const { name, values } of kind.options) {
    const value = choices[name];
    if (value !== undefined && !values.includes(value)) {
      throw new Invalid(`expected ${name} to be ${values.join(' or ')}, got ${JSON.stringify(value)}`);
    }
  }
  return {
    ...oneOf('measure', choices.measure, ['cosine', 'jaccard'] as const),
    ...oneOf('aggregate', choices.aggregate, ['mean', 'max', 'probabilistic'] as const),
    ...oneOf('space', choices.space, ['features', 'embedding'] as const),
    ...oneOf('filter', choices.filter, ['positive', 'half'] as const),
    ...oneOf('background', choices.background, ['population', 'candidates', 'exposed'] as const),
    ...oneOf('negatives', choices.negatives, ['all', 'exposed', 'sampled', 'spy'] as const),
    ...oneOf('scaling', choices.scaling, ['chosen', ...SCALINGS] as const),
    ...oneOf('strength', choices.strength, ['chosen', '1'] as const),
    ...oneOf('rounds', choices.rounds, ['two', 'one'] as const),
    ...oneOf('factors', choices.factors, ['cosine', 'regression'] as const),
    ...oneOf('embedding', choices.embedding, ['svd', 'als'] as const),
    ...oneOf('scorer', choices.scorer, ['trained', 'untrained'] as const),
  };
}

function oneOf<Name extends string, Value extends string>(
  name: Name,
  given: string | undefined,
  values: readonly Value[],
) {
  const value = values.find((candidate) => candidate === given);
  return value === undefined ? {} : { [name]: value };
}

/** The shards as the ranker is to see them. */
export function prepareShards(shards: readonly Shard[], drop: Iterable<string>, binary: boolean): Shard[] {
  const dropped = new Set(drop);
  return shards.map((shard) => dropFeatures(binary ? withoutWeights(shard) : shard, dropped));
}

/** Of the features to drop, those that a shard has; and for each other the names of the shard that are nearest to it. */
export interface DropMatches {
  readonly known: readonly string[];
  readonly nearest: readonly { readonly name: string; readonly names: readonly string[] }[];
}

export function matchDrops({ features }: Shard, drop: readonly string[]): DropMatches {
  const names = [...new Set(drop)].sort();
  const places = placesOf(names, features);
  return {
    known: names.filter((_, n) => places[n] >= 0),
    nearest: names.flatMap((name, n) => (places[n] >= 0 ? [] : [{ name, names: nearestNames(name, features) }])),
  };
}

/** One sentence for each feature to drop that nobody has: a misspelled one would drop nothing, in silence. */
export function warnOfUnknownDrops(matches: readonly DropMatches[], drop: readonly string[]): string[] {
  const known = new Set(matches.flatMap((shard) => shard.known));
  return [...new Set(drop)]
    .sort()
    .filter((name) => !known.has(name))
    .map((name) => {
      const near = matches.flatMap(({ nearest }) => nearest.find((entry) => entry.name === name)?.names ?? []);
      return `no user has the feature to drop ${JSON.stringify(name)}${hintOf(name, [...new Set(near)])}`;
    });
}
