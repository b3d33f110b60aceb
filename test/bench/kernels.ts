/**
 * How fast the kernels are, beside what else computes the same on one core.
 *
 *   npm run bench:kernels [-- --rounds N] [--python PATH] [--write]
 *
 * The work is made up and seeded; peers are given the same bytes, and one thread. Akin and its peers take turns in every
 * round, and each is timed by the CPU time of its process, the best of three runs after one that warms up. A ratio is of one
 * round; the median of all rounds counts, with the least and the greatest. Peers that this machine's Python has not are left
 * out. Figures recorded on a machine of the same kind stand for those that cannot be had from its package index.
 * `--write` puts the tables into docs/benchmarks.md. Time is never judged.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { type SparseMatrix, selectRows } from '#domain/features/sparse-matrix.ts';
import { foldedScores } from '#domain/kernels/attention-kernel.ts';
import { seededRandom } from '#domain/random.ts';
import { exactNearest } from '#domain/retrieval/exact-search.ts';
import { setSignatures } from '#domain/retrieval/minhash.ts';
import { type AttentionWeights, preciseAttentionScores, prepareAudience } from '#domain/scoring/attention.ts';
import { foldAudience } from '#domain/scoring/folded-attention.ts';
import { lloydStep, nearestCentroids } from '#domain/scoring/k-means.ts';
import { type Aggregate, similarityScores } from '#domain/scoring/similarity.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';
import { median } from './measured-run.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const PEERS = fileURLToPath(new URL('kernels.py', import.meta.url));
const RUNS = 3;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** NumPy, PyTorch and the like of the system belong to the system's Python. */
    python: { type: 'string', default: '/usr/bin/python3' },
    write: { type: 'boolean' },
  },
});
const roundCount = Number(flags.rounds);
if (!(Number.isInteger(roundCount) && roundCount > 0))
  throw new Error(`expected a number of rounds, got ${flags.rounds}`);

/** One piece of work, for akin and for its peers. */
interface Case {
  readonly name: string;
  /** How many users, queries or steps it is. */
  readonly items: number;
  readonly run: () => unknown;
  /** How good what it computes is. */
  readonly quality?: () => string;
  /** The peers' function, and the sizes that it takes. */
  readonly peers: readonly (string | number)[];
  readonly input: Readonly<Record<string, Uint32Array | Float32Array>>;
  /** Items a second, on a machine of the same kind. */
  readonly recorded?: Readonly<Record<string, number>>;
}

const [U, H, D, C, K, STEPS, FEATURES] = [100_000, 128, 64, 20, 100, 25, 40_000];
const [COMPARED, SEEDS, BLOCK] = [10_000, 5_000, 1_000];
/** datasketch 1.10.0 in bulk, the kernel of rensa 0.4.0, and C++ with 256-bit vectors (the limit), by the mean size of a set. */
const RECORDED_SIGNATURES: Readonly<Record<number, Record<string, number>>> = {
  8: { datasketch: 34_100, 'rensa (Rust)': 2_790_000, 'C++, AVX2': 24_900_000 },
  50: { datasketch: 18_100, 'rensa (Rust)': 605_000, 'C++, AVX2': 5_700_000 },
  157: { datasketch: 8_100, 'rensa (Rust)': 195_000, 'C++, AVX2': 1_250_000 },
};
/** ml-kmeans 7.0.1 from npm, and C++ with 256-bit vectors. */
const RECORDED_CLUSTERS: Readonly<Record<number, Record<string, number>>> = {
  10000: { 'ml-kmeans (npm)': 1 / 0.526, 'C++, AVX2': 1 / 0.022 },
  100000: { 'ml-kmeans (npm)': 1 / 4.682, 'C++, AVX2': 1 / 0.189 },
};
const random = seededRandom(1);
const points = clusteredPoints(U, D);

const cases: readonly Case[] = [
  ...[8, 50, 157].map(signaturesCase),
  attentionCase(64),
  attentionCase(128),
  scanCase(1),
  scanCase(20),
  clustersCase(10_000),
  clustersCase(U),
  similarityCase('max'),
  similarityCase('probabilistic'),
];

interface Round {
  readonly own: number;
  readonly peers: Readonly<Record<string, number>>;
}

const results = new Map<Case, Round[]>(cases.map((one) => [one, []]));
for (let round = 0; round < roundCount; round++) {
  for (const [one, rounds] of results) rounds.push({ own: ownSeconds(one.run), peers: peerSeconds(one) });
}
const tables = [measuredTable(), recordedTable(), qualityTable()].join('\n\n');
console.log(tables);
if (flags.write) {
  writeSection(PAGE, 'kernels', `${provenance('npm run bench:kernels')} Medians of ${roundCount} rounds.\n\n${tables}`);
}

function ownSeconds(run: () => unknown): number {
  run();
  return Math.min(...Array.from({ length: RUNS }, () => cpuSeconds(run)));
}

function cpuSeconds(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** Empty where this machine has none of them. */
function peerSeconds({ peers, input }: Case): Record<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'akin-bench-'));
  try {
    for (const [name, numbers] of Object.entries(input)) writeFileSync(join(folder, name), numbers);
    const [work, ...sizes] = peers.map(String);
    const threads = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
    const { status, stdout, stderr } = spawnSync(flags.python, [PEERS, work, folder, ...sizes], {
      encoding: 'utf8',
      env: { ...process.env, ...threads },
    });
    if (status !== 0) console.error(stderr);
    return status === 0 ? z.record(z.string(), z.number()).parse(JSON.parse(stdout)) : {};
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function measuredTable(): string {
  const rows = [...results].flatMap(([{ name }, rounds]) =>
    Object.keys(rounds[0].peers).map((peer) => [
      name,
      spreadOf(
        rounds.map(({ own }) => own * 1000),
        1,
      ),
      peer,
      spreadOf(
        rounds.map(({ peers }) => peers[peer] * 1000),
        1,
      ),
      spreadOf(
        rounds.map(({ own, peers }) => peers[peer] / own),
        2,
      ),
    ]),
  );
  return markdownTable(['work', 'akin: ms', 'peer', 'peer: ms', 'times as fast'], rows);
}

function recordedTable(): string {
  const rows = [...results].flatMap(([{ name, items, recorded = {} }, rounds]) =>
    Object.entries(recorded).map(([peer, speed]) => {
      const own = items / median(rounds.map(({ own }) => own));
      return [name, own.toPrecision(3), peer, speed.toPrecision(3), (own / speed).toFixed(2)];
    }),
  );
  return markdownTable(['work', 'akin: items a second', 'recorded', 'items a second', 'times as fast'], rows);
}

function qualityTable(): string {
  const rows = cases.flatMap(({ name, quality }) => (quality ? [[name, quality()]] : []));
  return markdownTable(['work', 'what it computes'], rows);
}

function farthest(scores: Float32Array, precise: Float32Array): string {
  return scores.reduce((most, score, n) => Math.max(most, Math.abs(score - precise[n])), 0).toExponential(1);
}

/** The median, and the least and the greatest in brackets. */
function spreadOf(values: readonly number[], digits: number): string {
  const [low, middle, high] = [Math.min(...values), median(values), Math.max(...values)].map((x) => x.toFixed(digits));
  return `${middle} (${low}–${high})`;
}

/** Many users of many features: a few are had by nearly everybody, most by next to nobody. */
function peopleOf(count: number, meanSize: number): SparseMatrix {
  const offsets = new Uint32Array(count + 1);
  for (let u = 0; u < count; u++) offsets[u + 1] = offsets[u] + 1 + Math.floor((2 * meanSize - 1) * random());
  const columns = new Uint32Array(offsets[count]);
  for (let u = 0; u < count; u++) {
    const had = new Set<number>();
    while (had.size < offsets[u + 1] - offsets[u]) had.add(Math.floor(FEATURES ** random()) - 1 + had.size);
    columns.set(
      [...had].sort((left, right) => left - right),
      offsets[u],
    );
  }
  return { columnCount: 2 * FEATURES, offsets, columns };
}

function signaturesCase(meanSize: number): Case {
  const people = peopleOf(U, meanSize);
  const starts = Uint16Array.from({ length: people.columnCount }, () => random() * 2 ** 16);
  const blocks = Array.from({ length: U / BLOCK }, (_, n) => ({
    ...people,
    offsets: people.offsets.subarray(n * BLOCK, (n + 1) * BLOCK + 1),
  }));
  return {
    name: `signatures of ${H} hashes, ${U} users of ${meanSize} features, ${BLOCK} a call`,
    items: U,
    run: () => blocks.map((block) => setSignatures(block, starts, H).length),
    peers: ['signatures', H],
    input: { offsets: people.offsets, columns: people.columns },
    recorded: RECORDED_SIGNATURES[meanSize],
  };
}

/** Users as they are after the layer, and keys that are not the centroids: the same numbers for all. */
function attentionCase(dimensions: number): Case {
  const users = gaussian(U * dimensions);
  const weights = { ...someWeights(dimensions), layer: identity(dimensions), slope: Float64Array.of(1) };
  const audience = prepareAudience(Float64Array.from(gaussian(C * dimensions)), dimensions, weights);
  const folded = { ...foldAudience(audience), layer: undefined };
  const whole = audience.globalAttention.reduce(
    (sum, share, c) => sum.map((x, r) => x + share * audience.centroids[c * dimensions + r]),
    new Float64Array(dimensions),
  );
  const rows = Uint32Array.from({ length: U }, (_, u) => u);
  return {
    name: `attention, ${U} users of ${dimensions} dimensions against ${C} clusters`,
    items: U,
    run: () => foldedScores(folded, users, rows),
    quality: () =>
      `${farthest(foldedScores(folded, users, rows), preciseAttentionScores(audience, users, rows))} from float64 at most`,
    peers: ['attention', dimensions, C],
    input: {
      users,
      keys: Float32Array.from(audience.keys),
      seeds: Float32Array.from(audience.centroids),
      whole: Float32Array.from(whole),
    },
  };
}

function scanCase(queryCount: number): Case {
  const queries = Array.from({ length: queryCount }, (_, q) => points.slice(331 * q * D, (331 * q + 1) * D));
  return {
    name: `the nearest ${K} of ${U} × ${D}, queries: ${queryCount}`,
    items: queryCount,
    run: () => exactNearest(points, D, queries, K),
    peers: ['scan', D, queryCount, K],
    input: { vectors: points, queries: Float32Array.from(queries.flatMap((query) => [...query])) },
  };
}

function clustersCase(count: number): Case {
  const some = points.subarray(0, count * D);
  return {
    name: `k-means, ${count} × ${D}, ${C} clusters, ${STEPS} steps`,
    items: 1,
    run: () => clustered(some),
    quality: () => `inertia ${inertiaOf(some, clustered(some)).toPrecision(6)}`,
    peers: ['clusters', D, C, STEPS],
    input: { vectors: some, starts: points.subarray(0, C * D) },
    recorded: RECORDED_CLUSTERS[count],
  };
}

/** Every pair of a tenth of the users and the seeds. */
function similarityCase(aggregate: Aggregate): Case {
  const people = peopleOf(COMPARED + SEEDS, 50);
  const builder = new ShardBuilder();
  for (let u = 0; u < COMPARED + SEEDS; u++) {
    const features = Array.from(people.columns.subarray(people.offsets[u], people.offsets[u + 1]), (f) => `f${f}`);
    builder.add({ id: String(u).padStart(6), features });
  }
  const [shard] = builder.build(Number.POSITIVE_INFINITY);
  const everybody = Uint32Array.from(shard.ids.keys());
  const rows = selectRows(shard.rows, everybody.subarray(COMPARED));
  const seeds = { features: shard.features, rows, counts: new Uint32Array(SEEDS).fill(1) };
  return {
    name: `cosine to seeds, ${aggregate}, ${COMPARED} × ${SEEDS} sets of 50 features`,
    items: COMPARED * SEEDS,
    run: () => similarityScores('cosine', aggregate, seeds, shard, everybody.subarray(0, COMPARED)),
    peers: ['similarity', COMPARED],
    input: { offsets: shard.rows.offsets, columns: shard.rows.columns },
  };
}

/** The centroids after so many steps, which start at the first points. */
function clustered(some: Float32Array): Float64Array {
  let centroids: Float64Array = Float64Array.from(some.subarray(0, C * D));
  for (let step = 0; step < STEPS; step++) ({ centroids } = lloydStep(some, D, centroids));
  return centroids;
}

function inertiaOf(some: Float32Array, centroids: Float64Array): number {
  return nearestCentroids(some, D, centroids).reduce(
    (sum, c, n) =>
      sum + centroids.subarray(c * D, c * D + D).reduce((own, x, d) => own + (some[n * D + d] - x) ** 2, 0),
    0,
  );
}

function clusteredPoints(count: number, dimensions: number): Float32Array {
  const centers = gaussian(200 * dimensions);
  const noise = gaussian(count * dimensions);
  const found = new Float32Array(count * dimensions);
  for (let n = 0; n < count; n++) {
    const center = Math.floor(200 * random()) * dimensions;
    const point = Float64Array.from(
      { length: dimensions },
      (_, d) => centers[center + d] + 0.7 * noise[n * dimensions + d],
    );
    const length = Math.hypot(...point);
    found.set(
      point.map((x) => x / length),
      n * dimensions,
    );
  }
  return found;
}

function someWeights(dimensions: number): AttentionWeights {
  const drawn = (length: number) => Float64Array.from(gaussian(length));
  return {
    dimensions,
    outputs: dimensions,
    layer: drawn(dimensions * dimensions),
    layerBias: new Float64Array(dimensions),
    slope: Float64Array.of(0.25),
    local: drawn(dimensions * dimensions),
    global: drawn(dimensions * dimensions),
    globalQuery: drawn(dimensions),
  };
}

function identity(dimensions: number): Float64Array {
  return Float64Array.from({ length: dimensions * dimensions }, (_, at) => Number(at % (dimensions + 1) === 0));
}

function gaussian(length: number): Float32Array {
  return Float32Array.from(
    { length },
    () => (Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())) / 8,
  );
}
