/** Whom to score: everybody, or those that retrieval finds; and how many of the best it finds, measured on a sample. */
import type { Shard } from '#domain/features/shard.ts';
import type { Ranker, Roles } from '#domain/ranking/ranker.ts';
import type { EmbeddingKind, Preference } from '#domain/ranking/rankers.ts';
import { embeddingOf } from '#domain/ranking/seed-vectors.ts';
import { topK } from '#domain/ranking/top-k.ts';
import { Invalid } from './errors.ts';
import { hintOf } from './nearest-names.ts';
import type { Population } from './population.ts';
import { bandsOf, storedGraphs } from './population-index.ts';
import type { Ports } from './ports.ts';
import {
  type Candidate,
  candidatesFromBuckets,
  candidatesFromNeighbors,
  fullLengthPoints,
  interleave,
  queriesFor,
  sampleBackground,
} from './retrieve-candidates.ts';
import type { Settings } from './settings.ts';

export const CANDIDATE_MODES = ['auto', 'all', 'buckets', 'neighbors', 'both'] as const;
export type CandidateMode = (typeof CANDIDATE_MODES)[number];

export function checkCandidateMode(mode: string): CandidateMode {
  const known = CANDIDATE_MODES.find((candidate) => candidate === mode);
  if (known) return known;
  throw new Invalid(
    `expected candidates to be ${CANDIDATE_MODES.join(', ')}, got ${JSON.stringify(mode)}${hintOf(mode, CANDIDATE_MODES)}`,
  );
}

/** Of the best people of a sample, the share that each source found. */
export interface RetrievalRecall {
  readonly sample: number;
  /** How many of the sample count as the best: as many as the audience has in proportion. */
  readonly best: number;
  readonly buckets?: number | undefined;
  readonly neighbors?: number | undefined;
  readonly chosen: number;
}

export interface RetrievalReport {
  readonly mode: CandidateMode;
  /** How it was really done. */
  readonly used: Exclude<CandidateMode, 'auto'>;
  /** How many users were scored, and their share of all who could have been. */
  readonly scored: number;
  readonly scoredShare: number;
  /** Where the candidates came from. */
  readonly fromBuckets?: number | undefined;
  readonly fromNeighbors?: number | undefined;
  readonly fromBoth?: number | undefined;
  readonly bands?: { readonly bands: number; readonly rows: number; readonly index: 'stored' | 'computed' } | undefined;
  readonly neighborsBy?: 'hnsw' | 'exact search' | undefined;
  readonly recall?: RetrievalRecall | undefined;
}

/** A job as far as retrieval is concerned: shards with points where neighbors are asked for. */
export interface RetrievalJob {
  readonly population: Population;
  readonly shards: readonly Shard[];
  readonly roles: readonly Roles[];
  readonly preference: Preference;
  /** Whose points the shards have, if not those of the stored index. */
  readonly embedding?: EmbeddingKind | undefined;
  readonly mode: CandidateMode;
  readonly size: number;
}

/** What `auto` comes to, and everything where nothing less would do. */
export function modeFor(
  { roles, mode, size }: Omit<RetrievalJob, 'shards'>,
  settings: Settings,
): Exclude<CandidateMode, 'auto'> {
  const count = roles.reduce((sum, { background }) => sum + background.length, 0);
  if (limitFor(count, size, settings) >= count) return 'all';
  if (mode !== 'auto') return mode;
  return count <= settings.scanUsers ? 'all' : 'both';
}

/** How many candidates retrieval passes on. */
function limitFor(count: number, size: number, { candidatePercent }: Settings): number {
  return Math.max(2 * size, Math.ceil((count * candidatePercent) / 100));
}

/** Which source a candidate came from; `everybody` where all were looked at. */
export type FoundBy = 'everybody' | 'buckets' | 'neighbors' | 'both';

export interface ChosenCandidates {
  readonly roles: readonly Roles[];
  readonly report: RetrievalReport;
  readonly warnings: readonly string[];
  readonly foundBy: (userId: string) => FoundBy;
  /** What a source found, for measuring its recall. */
  readonly sources: {
    readonly buckets?: readonly Candidate[] | undefined;
    readonly neighbors?: readonly Candidate[] | undefined;
  };
}

export async function chooseCandidates(ports: Ports, settings: Settings, job: RetrievalJob): Promise<ChosenCandidates> {
  const { shards, roles, mode, size } = job;
  const count = roles.reduce((sum, { background }) => sum + background.length, 0);
  const used = modeFor(job, settings);
  const everybody = { mode, used: 'all', scored: count, scoredShare: 1 } as const;
  if (used === 'all') return { roles, report: everybody, warnings: [], foundBy: () => 'everybody', sources: {} };
  const limit = limitFor(count, size, settings);
  const { buckets, bands } = await fromBuckets(ports, settings, job, used, limit);
  const { neighbors, neighborsBy } = await fromNeighbors(ports, settings, job, used, limit);
  const chosen = interleave([buckets ?? [], neighbors ?? []], limit);
  if (chosen.length < size) {
    const warning = `retrieval by ${used} found too few candidates (${chosen.length}) for an audience of ${size}, so everybody was scored`;
    return { roles, report: everybody, warnings: [warning], foundBy: () => 'everybody', sources: {} };
  }
  const [inBuckets, inNeighbors] = [buckets, neighbors].map((list) => new Set(list?.map(({ id }) => id)));
  const foundBy = (id: string): FoundBy =>
    inBuckets.has(id) && inNeighbors.has(id) ? 'both' : inBuckets.has(id) ? 'buckets' : 'neighbors';
  const shared = chosen.filter(({ id }) => foundBy(id) === 'both').length;
  const report: RetrievalReport = {
    mode,
    used,
    scored: chosen.length,
    scoredShare: chosen.length / count,
    fromBuckets: buckets && chosen.filter(({ id }) => inBuckets.has(id)).length,
    fromNeighbors: neighbors && chosen.filter(({ id }) => inNeighbors.has(id)).length,
    fromBoth: buckets && neighbors && shared,
    bands,
    neighborsBy,
  };
  return { roles: narrowed(shards, roles, chosen), report, warnings: [], foundBy, sources: { buckets, neighbors } };
}

async function fromBuckets(ports: Ports, settings: Settings, job: RetrievalJob, used: CandidateMode, limit: number) {
  if (used !== 'buckets' && used !== 'both') return {};
  const { population, shards, roles, preference } = job;
  const { bands, isStored } = await bandsOf(ports, settings, population, shards);
  const buckets = await candidatesFromBuckets(bands, shards, roles, preference, limit);
  return { buckets, bands: { ...bands.banding, index: isStored ? 'stored' : 'computed' } as const };
}

/** One look at all points costs less than opening a graph; many looks do not (docs/benchmarks.md). */
async function fromNeighbors(ports: Ports, settings: Settings, job: RetrievalJob, used: CandidateMode, limit: number) {
  if (used !== 'neighbors' && used !== 'both') return {};
  const { population, shards, roles, preference, embedding } = job;
  const queries = queriesFor(shards, roles, preference, settings.seedQueries);
  const graphs = queries.length > 1 && embedding !== 'als' ? await storedGraphs(ports, population, shards) : undefined;
  const indexes =
    graphs ??
    shards.map((shard) => {
      const { vectors, dimensions } = embeddingOf(shard);
      return ports.neighbors.exact(preference === 'contrast' ? fullLengthPoints(shard) : vectors, dimensions);
    });
  const neighbors = candidatesFromNeighbors(indexes, shards, roles, queries, limit);
  return { neighbors, neighborsBy: graphs ? ('hnsw' as const) : ('exact search' as const) };
}

/** The roles with the chosen people as the only candidates. */
function narrowed(shards: readonly Shard[], roles: readonly Roles[], chosen: readonly Candidate[]): Roles[] {
  const rows = new Map<Shard, number[]>(shards.map((shard) => [shard, []]));
  for (const { shard, row } of chosen) rows.get(shard)?.push(row);
  return shards.map((shard, s) => ({ ...roles[s], candidates: Uint32Array.from(rows.get(shard) ?? []).sort() }));
}

/**
 * The recall of each source against everybody, on a sample: of the best in it by the fitted ranker, the share that was
 * found. Equal scores are equally good: found people count who reach the score of the last of the best.
 */
export function measureRecall(
  ranker: Ranker,
  model: unknown,
  job: RetrievalJob,
  { roles, sources }: ChosenCandidates,
  sampleSize: number,
): RetrievalRecall {
  const sample = sampleBackground(job.shards, job.roles, sampleSize);
  const people = job.shards.flatMap((shard, s) => {
    const scores = ranker.score(model, shard, sample[s]);
    return Array.from(sample[s], (row, n) => ({ shard, row, score: scores[n] }));
  });
  const count = job.roles.reduce((sum, { background }) => sum + background.length, 0);
  const best = Math.min(people.length, Math.max(1, Math.round((job.size * people.length) / count)));
  const scores = Float32Array.from(people, ({ score }) => score);
  const threshold = scores[topK(scores, best)[best - 1]];
  const good = people.filter(({ score }) => score >= threshold);
  const share = (found: (shard: Shard, row: number) => boolean) =>
    Math.min(best, good.filter(({ shard, row }) => found(shard, row)).length) / best;
  const shareOf = (list: readonly Candidate[] | undefined) => {
    if (!list) return undefined;
    const ids = new Set(list.map(({ id }) => id));
    return share((shard, row) => ids.has(shard.ids[row]));
  };
  const chosen = new Map(job.shards.map((shard, s) => [shard, new Set(roles[s].candidates)]));
  return {
    sample: people.length,
    best,
    buckets: shareOf(sources.buckets),
    neighbors: shareOf(sources.neighbors),
    chosen: share((shard, row) => chosen.get(shard)?.has(row) ?? false),
  };
}
