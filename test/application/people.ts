/** People with a known answer, kept in a folder of the test's own, and the requests that tests make about them. */

import type { Audience, ExpansionRequest } from '#application/audience-report.ts';
import { type Campaign, type Evaluation, evaluateRankers, type RankingSink } from '#application/evaluate-rankers.ts';
import { expandAudience } from '#application/expand-audience.ts';
import { type Explanation, explainMember } from '#application/explain-member.ts';
import type { IdList } from '#application/id-list.ts';
import { type IngestMode, type IngestReport, ingestUsers } from '#application/ingest-users.ts';
import { openPopulation, type Population } from '#application/population.ts';
import type { Ports, Watch } from '#application/ports.ts';
import { type Settings, settingsFrom } from '#application/settings.ts';
import type { TrainingOptions } from '#application/training.ts';
import type { User, UserRows } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { localPorts } from '#infra/cli/local-ports.ts';
import { temporaryFolder } from '../adapters/temporary-folder.ts';
import { rowsOf } from '../domain/rows-of-users.ts';

/** As ever, but for an index that costs little. */
export const SETTINGS = settingsFrom({ AKIN_DIMENSIONS: '8', AKIN_HASHES: '16' });

export const unwatched: Watch = () => {};

/** Every way of ranking that the command line offers. */
export const WAYS = [
  { ranker: 'auto', choices: {} },
  ...['positive', 'half'].map((filter) => ({ ranker: 'information-value', choices: { filter } })),
  { ranker: 'information-value', choices: { background: 'candidates' } },
  ...['cosine', 'jaccard'].flatMap((measure) =>
    ['mean', 'max', 'probabilistic'].map((aggregate) => ({ ranker: 'similarity', choices: { measure, aggregate } })),
  ),
  ...['mean', 'max', 'probabilistic'].map((aggregate) => ({
    ranker: 'similarity',
    choices: { aggregate, space: 'embedding' },
  })),
  ...['all', 'sampled', 'spy'].map((negatives) => ({ ranker: 'logistic-regression', choices: { negatives } })),
  ...['none', 'unit', 'idf-unit'].map((scaling) => ({ ranker: 'logistic-regression', choices: { scaling } })),
  ...['two', 'one'].map((rounds) => ({ ranker: 'random-walk', choices: { rounds } })),
  ...['cosine', 'regression'].map((factors) => ({ ranker: 'matrix-factorization', choices: { factors } })),
  { ranker: 'boosted-trees', choices: {} },
  ...['svd', 'als'].map((embedding) => ({ ranker: 'attention', choices: { embedding } })),
];

/**
 * `count` people in four groups, `u0`, `u4`, `u8` … in the first. Each has five features, mostly of the group; some have
 * none at all, and many have the very same. Every third has weights.
 */
export function groupedPeople(count: number, seed = 1): User[] {
  const random = seededRandom(seed);
  const pick = (options: number) => Math.floor(random() * options);
  return Array.from({ length: count }, (_, n) => {
    const features = new Set<string>();
    for (let f = 0; f < 5; f++) features.add(random() < 0.8 ? `group${n % 4}:${pick(6)}` : `any:${pick(12)}`);
    if (n % 50 === 49) features.clear();
    const weights = [...features].map(() => 1 + pick(3));
    return { id: `u${n}`, features: [...features], ...(n % 3 === 0 ? { weights } : {}) };
  });
}

/** Fields that tell a taste. */
export const TASTES = ['taste0', 'taste1', 'taste2', 'taste3'];

/**
 * `count` people of twelve tastes, `u0`, `u12`, `u24` … of the first. Two features tell a taste; eight tell where somebody lives,
 * which says nothing of it and is most of where they lie as points: what is learned of them finds their like better.
 */
export function tastedPeople(count: number, seed = 3): User[] {
  const random = seededRandom(seed);
  const pick = (options: number) => Math.floor(random() * options);
  return Array.from({ length: count }, (_, n) => {
    const tastes = Array.from({ length: 2 }, () => `${TASTES[pick(4)]}:${n % 12}`);
    const homes = Array.from({ length: 8 }, () => `home:${12 * (n % 5) + pick(12)}`);
    return { id: `u${n}`, features: [...new Set([...tastes, ...homes])] };
  });
}

/** The first `count` people of the first group. */
export function groupIds(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `u${4 * n}`);
}

export function idList(ids: readonly string[], source = 'seeds.txt'): IdList {
  return { source, sha256: 'f'.repeat(64), ids, duplicates: 0 };
}

export function requestFor(changes: Partial<ExpansionRequest> = {}): ExpansionRequest {
  const seeds = idList(groupIds(40));
  return {
    ranker: 'information-value',
    choices: {},
    drop: [],
    binary: false,
    seed: 1,
    seeds,
    exclude: [],
    size: 'all',
    candidates: 'all',
    ...changes,
  };
}

export interface Site {
  readonly folder: string;
  readonly ports: Ports;
}

/** A data folder in which nothing was ingested yet. */
export function emptySite(): Site {
  const folder = temporaryFolder();
  return { folder, ports: localPorts(folder) };
}

interface IngestOptions {
  readonly population: string;
  readonly mode: IngestMode;
  readonly settings: Settings;
  readonly watch: Watch;
  readonly training: NonNullable<Parameters<typeof ingestUsers>[3]['training']>;
}

export function ingestedFrom(
  { ports }: Site,
  users: AsyncIterable<UserRows>,
  {
    population = 'people',
    mode = 'upsert',
    settings = SETTINGS,
    watch = unwatched,
    training,
  }: Partial<IngestOptions> = {},
): Promise<IngestReport> {
  const options = { mode, graph: 'auto' as const, ...(training && { training }) };
  return ingestUsers(ports, settings, population, options, users, watch);
}

export function ingested(site: Site, users: Iterable<User>, options?: Partial<IngestOptions>): Promise<IngestReport> {
  return ingestedFrom(site, rowsOf(users), options);
}

/** Where each opened population came from. */
const portsByPopulation = new WeakMap<Population, Ports>();

export async function opened({ ports }: Site, name = 'people'): Promise<Population> {
  const population = await openPopulation(ports, name, unwatched);
  portsByPopulation.set(population, ports);
  return population;
}

function portsOf(population: Population): Ports {
  return portsByPopulation.get(population) ?? emptySite().ports;
}

/** A population of these people, in shards of at most so many. */
export async function populationOf(users: Iterable<User>, maxShardUsers = 250_000): Promise<Population> {
  const site = emptySite();
  await ingested(site, users, { settings: { ...SETTINGS, maxShardUsers } });
  return opened(site);
}

export async function expansionOf(
  population: Population,
  request: ExpansionRequest,
  settings = SETTINGS,
): Promise<Audience> {
  return expandAudience(portsOf(population), settings, population, request, unwatched);
}

export async function explanationOf(
  population: Population,
  request: ExpansionRequest,
  user: string,
): Promise<Explanation> {
  return explainMember(portsOf(population), SETTINGS, population, request, user);
}

export async function evaluationOf(
  population: Population,
  request: ExpansionRequest,
  campaigns: readonly Campaign[],
  sink?: RankingSink,
  training?: TrainingOptions,
): Promise<Evaluation> {
  return evaluateRankers(SETTINGS, population, request, campaigns, sink, unwatched, training);
}
