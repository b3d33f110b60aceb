/**
 * How fast the attention scorer scores and learns, beside PyTorch where this machine has it.
 *
 *   npm run bench:training [-- --rounds N] [--write]
 *
 * Shapes: D = R = 64, C = 20; a batch of 64 likes and 192 others; users of 16 features in 5 fields, ten negatives each,
 *         K = 64, Q = 128. The work is made up and seeded. The contenders take turns, and the fastest round of each counts,
 *         because what else runs on a machine only slows. Beside one thread akin is timed by the CPU time of the process,
 *         beside several by the wall. PyTorch computes in float32; akin scores and trains representations in float32, and
 *         learns look-alikes in float64. `--write` puts the tables into docs/benchmarks.md. Time is never judged.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { PAPERS_TRAINING, trainUserRepresentation } from '#domain/embedding/user-representation-training.ts';
import { pointsAt } from '#domain/features/embedding.ts';
import type { Shard } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { Adam } from '#domain/kernels/adam.ts';
import { addPlainly, type ProductShape } from '#domain/kernels/plain-product.ts';
import { addByKernel } from '#domain/kernels/product-kernel.ts';
import { seededRandom } from '#domain/random.ts';
import { type AttentionAudience, prepareAudience } from '#domain/scoring/attention.ts';
import { attentionScores } from '#domain/scoring/attention-scores.ts';
import { addLookAlikeGradient, emptyLookAlike, type LookAlikeWeights } from '#domain/scoring/look-alike-learning.ts';
import { trainLookAlike } from '#domain/scoring/look-alike-training.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const PEER = fileURLToPath(new URL('training.py', import.meta.url));
/** PyTorch of the system belongs to the system's Python. */
const PYTHON = '/usr/bin/python3';
const THREADS = [1, 2];

const [D, C] = [64, 20];
const [LIKES, OTHERS] = [64, 192];
const LEARNED = ['layer', 'layerBias', 'slope', 'local', 'global', 'globalQuery', 'calibration'] as const;
const [USERS_SCORED, LOOK_ALIKE_STEPS, USERS_LEARNED, POSITIVES] = [100_000, 100, 2_000, 5];
const [CAMPAIGNS, CAMPAIGN_LIKES, CAMPAIGN_OTHERS, EPOCHS] = [40, 1_000, 4_000, 2];

/** Items a second of CPU time, and of the time by the wall. */
interface Speed {
  readonly cpu: number;
  readonly wall: number;
}

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, write: { type: 'boolean' } },
});
const roundCount = Number(flags.rounds);
if (!(Number.isInteger(roundCount) && roundCount > 0))
  throw new Error(`expected a number of rounds, got ${flags.rounds}`);

const random = seededRandom(1);
const points = Float32Array.from({ length: USERS_SCORED * D }, normal);
const centroids = Float64Array.from({ length: C * D }, normal);
const everybody = Uint32Array.from({ length: USERS_SCORED }, (_, u) => u);
const people = peopleWithPages();

const rounds = Array.from({ length: roundCount }, () => ({ own: ownSpeeds(), peers: THREADS.map(peerSpeeds) }));
const tables = `${speedTable()}\n\n${productTable()}`;
console.log(tables);
if (flags.write) {
  writeSection(
    PAGE,
    'training',
    `${provenance('npm run bench:training')} The fastest of ${roundCount} rounds.\n\n${tables}`,
  );
}

function speedTable(): string {
  const head = THREADS.flatMap((threads) => [`PyTorch, threads: ${threads}`, 'akin / PyTorch']);
  const rows = Object.keys(rounds[0].own).map((name) => [
    name,
    fastest(rounds.map(({ own }) => own[name].cpu)).toFixed(0),
    ...THREADS.flatMap((threads, t) => besidePeer(name, threads === 1 ? 'cpu' : 'wall', t)),
  ]);
  return markdownTable(['items a second', 'akin', ...head], rows);
}

/** The speed of PyTorch, and how many times as fast akin is. */
function besidePeer(name: string, clock: keyof Speed, t: number): [string, string] {
  const peers = rounds.flatMap(({ peers }) => peers[t]?.[name] ?? []);
  if (peers.length === 0) return ['', ''];
  const ratio = fastest(rounds.map(({ own }) => own[name][clock])) / fastest(peers);
  return [fastest(peers).toFixed(0), ratio.toFixed(2)];
}

function fastest(speeds: readonly number[]): number {
  return Math.max(...speeds);
}

function ownSpeeds(): Record<string, Speed> {
  const weights = someWeights();
  return {
    'score untrained': scored(prepareAudience(centroids, D)),
    'score trained': scored(prepareAudience(centroids, D, weights)),
    'train look-alike': perSecond(LOOK_ALIKE_STEPS * (LIKES + OTHERS), () => trainBatches(weights)),
    'train representation': perSecond(USERS_LEARNED * POSITIVES, trainRepresentation),
    'train look-alike, with clustering and judging': lookAlikeEpochs(),
  };
}

/** Undefined where this machine has no PyTorch. */
function peerSpeeds(threads: number): Record<string, number> | undefined {
  const { status, stdout } = spawnSync(PYTHON, [PEER, String(threads)], {
    encoding: 'utf8',
    // Threads that wait by turning would lose to whatever else runs on the machine.
    env: { ...process.env, OMP_WAIT_POLICY: 'passive' },
  });
  return status === 0 ? z.record(z.string(), z.number()).parse(JSON.parse(stdout)) : undefined;
}

function scored(audience: AttentionAudience): Speed {
  return perSecond(USERS_SCORED, () => attentionScores(audience, points, everybody));
}

function trainBatches(weights: LookAlikeWeights): void {
  const gradient = emptyLookAlike(D, D);
  const adam = new Adam();
  const labels = new Uint8Array(LIKES + OTHERS).fill(1, 0, LIKES);
  const shares = Float64Array.from(labels, (label) => 0.5 / (label === 1 ? LIKES : OTHERS));
  for (let step = 0; step < LOOK_ALIKE_STEPS; step++) {
    const rows = Uint32Array.from(labels, () => Math.floor(random() * USERS_SCORED));
    const targets = Float64Array.from(pointsAt(points, rows, D));
    addLookAlikeGradient(gradient, weights, { centroids, targets, labels, shares });
    adam.beginStep();
    for (const name of LEARNED) adam.move(weights[name], gradient[name]);
  }
}

function trainRepresentation(): void {
  const shape = { merge: 'attention' as const, dimensions: D, attention: 64, hidden: 128, poolingPower: 1 };
  const terms = { ...PAPERS_TRAINING, positivesPerUser: POSITIVES, epochs: 1, seed: 1 };
  for (const { loss } of trainUserRepresentation(people, shape, terms)) if (!Number.isFinite(loss)) return;
}

/** Targets a second of whole epochs: each clusters the seeds of every campaign anew, learns, and is judged. */
function lookAlikeEpochs(): Speed {
  const campaigns = Array.from({ length: CAMPAIGNS }, (_, c) => {
    const from = c * (CAMPAIGN_LIKES + CAMPAIGN_OTHERS);
    const rows = (start: number, count: number) => everybody.map((u) => (start + u) % USERS_SCORED).subarray(0, count);
    return {
      item: `item ${c}`,
      group: `item ${c}`,
      likes: { points, rows: rows(from, CAMPAIGN_LIKES) },
      others: { points, rows: rows(from + CAMPAIGN_LIKES, CAMPAIGN_OTHERS) },
    };
  });
  const starts: Instant[] = [];
  const terms = { clusters: C, globalShare: 0.3, epochs: EPOCHS, rate: 0.001, seed: 1 };
  const { curve } = trainLookAlike(campaigns, points.subarray(0, 10_000 * D), D, terms, () => {
    starts.push(now());
  });
  return speedBetween(curve.campaigns * 2 * (LIKES + OTHERS), starts[0], starts[1]);
}

/** The speed of the second run: the first one warms up. */
function perSecond(items: number, run: () => void): Speed {
  run();
  const start = now();
  run();
  return speedBetween(items, start, now());
}

/** In seconds. */
interface Instant {
  readonly cpu: number;
  readonly wall: number;
}

function now(): Instant {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1e6, wall: performance.now() / 1000 };
}

function speedBetween(items: number, start: Instant, end: Instant): Speed {
  return { cpu: items / (end.cpu - start.cpu), wall: items / (end.wall - start.wall) };
}

/** Billions of multiply–adds a second, in plain TypeScript and by the kernel. */
function productTable(): string {
  const rows = [Float64Array, Float32Array].flatMap((kind) =>
    [
      [20, 64, 64],
      [256, 64, 64],
      [256, 64, 20],
    ].map(([M, K, N]) => {
      const shape: ProductShape = { M, K, N, aRow: K, aInner: 1, bInner: N, bColumn: 1 };
      const [a, b, c] = [M * K, K * N, M * N].map((length) => new kind(length).map(normal));
      const speedOf = (add: typeof addPlainly) => {
        const times = Math.ceil(2e7 / (M * K * N));
        const run = () => {
          for (let n = 0; n < times; n++) add(c, a, b, shape);
        };
        const speeds = Array.from({ length: roundCount }, () => perSecond((times * M * K * N) / 1e9, run).cpu);
        return fastest(speeds).toFixed(1);
      };
      return [
        `${M}×${K} · ${K}×${N}`,
        kind === Float64Array ? 'float64' : 'float32',
        speedOf(addPlainly),
        speedOf(addByKernel),
      ];
    }),
  );
  return markdownTable(['product', 'precision', 'plain: 10⁹ multiply–adds a second', 'kernel'], rows);
}

function someWeights(): LookAlikeWeights {
  const weights = emptyLookAlike(D, D);
  for (const name of LEARNED) weights[name].set(Float64Array.from(weights[name], normal));
  weights.slope[0] = 0.25;
  weights.calibration.set([5, 0]);
  return weights;
}

/** Twelve of 2,000 pages, and one of 20 values in each of four fields. */
function peopleWithPages(): Shard {
  const builder = new ShardBuilder();
  for (let u = 0; u < USERS_LEARNED; u++) {
    const pages = new Set<string>();
    while (pages.size < 12) pages.add(`page:${Math.floor(2_000 * random())}`);
    const others = ['age', 'city', 'job', 'phone'].map((field) => `${field}:${Math.floor(20 * random())}`);
    builder.add({ id: `u${u}`, features: [...pages, ...others] });
  }
  return builder.build(Number.POSITIVE_INFINITY)[0];
}

function normal(): number {
  return (Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())) / 8;
}
