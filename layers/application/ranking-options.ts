/** What a caller may say about how to rank, checked against the registry of rankers. */

import { placesOf } from '#domain/features/feature-vector.ts';
import { dropFeatures, type Shard, withoutWeights } from '#domain/features/shard.ts';
import type { Ranker } from '#domain/ranking/ranker.ts';
import {
  DEFAULT_CHOICES,
  type Preference,
  RANKERS,
  type RankerChoices,
  type RankerKind,
} from '#domain/ranking/rankers.ts';
import { Invalid } from './errors.ts';
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
}

/** What a caller may give, each by its own name. */
export interface RankingFlags {
  readonly ranker?: string | undefined;
  readonly measure?: string | undefined;
  readonly aggregate?: string | undefined;
  readonly space?: string | undefined;
  readonly filter?: string | undefined;
  readonly drop: readonly string[];
  readonly binary: boolean;
  readonly seed: number;
}

/** Without a ranker's name, the first that has the given options. */
export function rankingOptionsOf({
  ranker,
  measure,
  aggregate,
  space,
  filter,
  drop,
  binary,
  seed,
}: RankingFlags): RankingOptions {
  const choices = {
    ...(measure === undefined ? {} : { measure }),
    ...(aggregate === undefined ? {} : { aggregate }),
    ...(space === undefined ? {} : { space }),
    ...(filter === undefined ? {} : { filter }),
  };
  const fitting = RANKERS.find(({ options }) =>
    Object.keys(choices).every((name) => options.some((option) => option.name === name)),
  );
  return { ranker: ranker ?? (fitting ?? RANKERS[0]).name, choices, drop, binary, seed };
}

/** A ranker as chosen, with every choice spelled out for the report. */
export interface ChosenRanker {
  readonly ranker: Ranker;
  readonly needsEmbedding: boolean;
  readonly preference: Preference;
  readonly name: string;
  readonly choices: Readonly<Record<string, string>>;
}

export function chooseRanker({ ranker, choices, seed }: RankingOptions): ChosenRanker {
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
  return {
    ranker: kind.with(chosen, seed),
    needsEmbedding: kind.needsEmbedding(chosen),
    preference: kind.preference(chosen),
    name: kind.name,
    choices: Object.fromEntries(kind.options.map(({ name }) => [name, chosen[name]])),
  };
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
