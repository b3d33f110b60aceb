/** Who in a population is what for one job: seeds, people to rank, people to leave out; and whether that will do. */

import { type Shard, userCountOf } from '#domain/features/shard.ts';
import { assignRoles, type Roles } from '#domain/ranking/ranker.ts';
import { learnedShareOf } from '#domain/ranking/training-set.ts';
import { Invalid } from './errors.ts';
import type { IdList } from './id-list.ts';
import { firstSpelledAlike, type SpelledAlike, spellingsOf, usersSpelledAlike } from './id-spelling.ts';
import type { Population } from './population.ts';
import { prepareShards } from './ranking-options.ts';
import type { Settings } from './settings.ts';

/** What a job says about whom to rank, and by which features. */
export interface Casting {
  readonly seeds: IdList;
  readonly exclude: readonly IdList[];
  /** People who were shown the campaign and did not come. */
  readonly exposed?: IdList | undefined;
  /** People not to resemble: they are left out, and their like with them. */
  readonly unlike?: IdList | undefined;
  readonly drop: readonly string[];
  readonly binary: boolean;
}

/** Who is who in one shard: plain data but for the shard itself. */
export interface ShardCast {
  readonly shard: Shard;
  readonly roles: Roles;
  /** Where in the list of seeds those stand who are users of the shard, (S). */
  readonly matchedSeeds: Uint32Array;
  /** Of each list of people to leave out, how many are users of the shard. */
  readonly matchedExclusions: readonly number[];
  readonly exposedCount: number;
  readonly unlikeCount: number;
  /** Users of the shard who are spelled like a seed but are none by that id. */
  readonly spelledAlike: readonly SpelledAlike[];
  readonly emptySeeds: number;
}

/** How many are what, in all shards together. */
export interface CastCounts {
  readonly users: number;
  readonly matchedCount: number;
  readonly candidateCount: number;
  readonly unknownSeeds: readonly string[];
  /** Those of the unknown who are spelled like a user but for letter case and outer space, in the order given. */
  readonly spelledAlike: readonly SpelledAlike[];
  /** Matched, but without a single feature (that is left). */
  readonly emptySeeds: number;
  /** The lists of people to leave out that name nobody. */
  readonly idleExclusions: readonly IdList[];
  readonly exposedCount: number;
  readonly unlikeCount: number;
}

/** The shards as the ranker sees them, and who in them is what. */
export interface Cast extends CastCounts {
  readonly shards: readonly Shard[];
  readonly roles: readonly Roles[];
}

export function castRoles(population: Population, casting: Casting): Cast {
  const cast = casterFor(casting, userCountOf(population.shards));
  const parts = population.shards.map(cast);
  return {
    ...countCast(casting, parts.map(tallyOf)),
    shards: parts.map(({ shard }) => shard),
    roles: parts.map(({ roles }) => roles),
  };
}

/** What a shard's cast adds to the counts. */
export interface CastTally extends Omit<ShardCast, 'shard' | 'roles'> {
  readonly users: number;
  readonly candidates: number;
}

export function tallyOf({ shard, roles, ...tally }: ShardCast): CastTally {
  return { users: shard.ids.length, candidates: roles.candidates.length, ...tally };
}

/** Casts one shard after the other. */
export function casterFor(casting: Casting, userCount: number): (shard: Shard) => ShardCast {
  const { seeds, exclude, exposed, unlike, drop, binary } = casting;
  const seedPlaces = new Map(seeds.ids.map((id, place) => [id, place]));
  const seedIds = new Set(seeds.ids);
  const spellings = spellingsOf(seeds.ids);
  const lists = exclude.map(({ ids }) => new Set(ids));
  const further = {
    exposed: new Set(exposed?.ids),
    unlike: new Set(unlike?.ids),
    learnedShare: learnedShareOf(userCount),
  };
  const excludedIds = new Set(exclude.flatMap(({ ids }) => ids));
  return (whole) => {
    const [shard] = prepareShards([whole], drop, binary);
    const roles = assignRoles(shard, seedIds, excludedIds, further);
    const matchedSeeds = Uint32Array.from(roles.seeds, (row) => seedPlaces.get(shard.ids[row]) ?? 0);
    const matchedExclusions = lists.map((ids) => shard.ids.reduce((sum, id) => sum + (ids.has(id) ? 1 : 0), 0));
    const { offsets } = shard.rows;
    return {
      shard,
      roles,
      matchedSeeds,
      matchedExclusions,
      exposedCount: roles.exposed.length,
      unlikeCount: roles.unlike.length,
      spelledAlike: usersSpelledAlike(spellings, shard),
      emptySeeds: roles.seeds.filter((row) => offsets[row] === offsets[row + 1]).length,
    };
  };
}

export function countCast({ seeds, exclude }: Casting, tallies: readonly CastTally[]): CastCounts {
  const isMatched = new Uint8Array(seeds.ids.length);
  for (const { matchedSeeds } of tallies) for (const place of matchedSeeds) isMatched[place] = 1;
  const sum = (value: (tally: CastTally) => number) => tallies.reduce((total, tally) => total + value(tally), 0);
  const unknownSeeds = seeds.ids.filter((_, place) => !isMatched[place]);
  return {
    users: sum(({ users }) => users),
    matchedCount: sum(({ matchedSeeds }) => matchedSeeds.length),
    candidateCount: sum(({ candidates }) => candidates),
    unknownSeeds,
    spelledAlike: firstSpelledAlike(
      unknownSeeds,
      tallies.flatMap(({ spelledAlike }) => spelledAlike),
    ),
    emptySeeds: sum(({ emptySeeds }) => emptySeeds),
    exposedCount: sum(({ exposedCount }) => exposedCount),
    unlikeCount: sum(({ unlikeCount }) => unlikeCount),
    idleExclusions: exclude.filter(
      ({ ids }, list) => ids.length > 0 && sum(({ matchedExclusions }) => matchedExclusions[list]) === 0,
    ),
  };
}

/** Refuses seeds of whom nobody is a user. */
export function refuseStrangers({ source, ids }: IdList, { matchedCount, unknownSeeds }: CastCounts): void {
  if (matchedCount > 0) return;
  throw new Invalid(
    `${source}: expected seeds that are users of the population, but 0 of ${ids.length} are; they look like ${examplesOf(unknownSeeds)}`,
  );
}

/** Refuses seeds too few to learn from. */
export function checkSeeds(seeds: IdList, counts: CastCounts, { minSeeds }: Settings): void {
  refuseStrangers(seeds, counts);
  const { source, ids } = seeds;
  const { matchedCount } = counts;
  if (matchedCount >= minSeeds) return;
  throw new Invalid(
    `${source}: expected at least ${minSeeds} seeds that are users of the population, got ${matchedCount} of ${ids.length}`,
  );
}

/** What is to be said of seeds by their ids alone: that they are few, misspelled or unknown. */
export function warnOfSeeds(
  { ids }: IdList,
  { matchedCount, unknownSeeds, spelledAlike }: CastCounts,
  { minSeeds, recommendedSeeds }: Settings,
): string[] {
  const warnings: string[] = [];
  if (matchedCount < minSeeds) warnings.push(`matched only ${matchedCount}: an expansion needs ${minSeeds} seeds`);
  else if (matchedCount < recommendedSeeds) {
    warnings.push(`only ${matchedCount} seeds: expect a rough audience below ${recommendedSeeds}`);
  }
  if (spelledAlike.length > 0) {
    const [{ given, user }] = spelledAlike;
    warnings.push(
      `${spelledAlike.length} of ${ids.length} seeds are users but for letter case or outer space, such as ${quoted(given)} for ${quoted(user)}`,
    );
  }
  const strangers = strangersAmong(unknownSeeds, spelledAlike);
  if (strangers.length > 0) {
    warnings.push(
      `${strangers.length} of ${ids.length} seeds are not users of the population, such as ${examplesOf(strangers)}`,
    );
  }
  return warnings;
}

/** Of unknown seeds those who are not even spelled like a user. */
export function strangersAmong(unknownSeeds: readonly string[], spelledAlike: readonly SpelledAlike[]): string[] {
  const alike = new Set(spelledAlike.map(({ given }) => given));
  return unknownSeeds.filter((id) => !alike.has(id));
}

/** Refuses lists of people that name nobody where the ranking rests on them; warns of one that it does not use. */
export function checkFurther(
  { exposed, unlike }: Casting,
  { exposedCount, unlikeCount }: CastCounts,
  needsExposed: boolean,
  ranker: string,
): string[] {
  if (needsExposed && !exposed)
    throw new Invalid(`expected a list of exposed people, as ${ranker} was told to learn from them, got none`);
  if (exposed && needsExposed) refuseIdle(exposed, exposedCount, 'exposed people who are users to rank');
  if (unlike) refuseIdle(unlike, unlikeCount, 'people not to resemble who are users of the population and no seeds');
  return exposed && !needsExposed ? [`${exposed.source}: ${ranker} makes no use of who was exposed`] : [];
}

function refuseIdle({ source, ids }: IdList, matched: number, what: string): void {
  if (matched > 0) return;
  throw new Invalid(`${source}: expected ${what}, but 0 of ${ids.length} are; they look like ${examplesOf(ids)}`);
}

/** One sentence for each list of people to leave out that names nobody: the wrong file would exclude nobody, in silence. */
export function warnOfIdleExclusions({ idleExclusions }: CastCounts): string[] {
  return idleExclusions.map(
    ({ source, ids }) =>
      `${source}: none of the ${ids.length} people to leave out are users of the population; they look like ${examplesOf(ids)}`,
  );
}

function examplesOf(ids: Iterable<string>): string {
  return Iterator.from(ids).take(3).map(quoted).toArray().join(', ');
}

function quoted(id: string): string {
  return JSON.stringify(id.slice(0, 80));
}
