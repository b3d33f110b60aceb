/**
 * How fast a logistic regression is fitted, beside scikit-learn where this machine has it.
 *
 *   npm run bench:regression [-- --rounds N] [--write]
 *
 * Shapes: 100,000 made-up users, some 19 of 300 features or 50 of 40,000, Zipf and by topics, and seeds by a planted model.
 *         Two problems ask for an objective within 0.5 % of the optimum (C = 1), one for an AUC of a fifth of the users,
 *         whom nobody fits, within 0.003 of scikit-learn's at C = 0.05. Each solver gets the fewest iterations, and akin the
 *         loosest tolerance, that reach it. The contenders take turns, on one thread; times are CPU time; a ratio is one of
 *         a round. `--write` puts the table into docs/benchmarks.md. Time is never judged.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { placesAmong } from '#domain/evaluation/places.ts';
import { matrixOf, rowCountOf, type SparseMatrix, selectRows } from '#domain/features/sparse-matrix.ts';
import { seededRandom } from '#domain/random.ts';
import { scaledScores } from '#domain/scoring/linear-model.ts';
import {
  fitLogisticRegression,
  guessWeights,
  type RowCounts,
  type ScaledRows,
} from '#domain/scoring/logistic-regression.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';
import { median } from './measured-run.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const PEER = fileURLToPath(new URL('regression.py', import.meta.url));
/** scikit-learn of the system belongs to the system's Python. */
const PYTHON = '/usr/bin/python3';

const USERS = 100_000;
const TOPICS = 200;
const TOPIC_FEATURES = 1_500;
const POSITIVE_SHARE = 0.055;
const TOLERANCES = [0.3, 0.2, 0.14, 0.1, 0.07, 0.05, 0.035, 0.025, 0.017, 0.01, 0.005, 0.002, 0.001];
const [NEAR_OPTIMUM, NEAR_AUC] = [0.005, 0.003];
/** None is worth its time with as many features as that. */
const SPARSE_SOLVERS = ['lbfgs', 'newton-cg', 'liblinear'];

interface Problem {
  readonly name: string;
  readonly asks: string;
  readonly matrix: SparseMatrix;
  readonly labels: Uint8Array;
  /** Of those who are fitted. */
  readonly rows: ScaledRows;
  readonly counts: RowCounts;
  readonly columns: number;
  readonly strength: number;
  /** So many users are fitted; the others tell the AUC. */
  readonly known: number;
  readonly solvers: readonly string[];
}

const Found = z.record(
  z.string(),
  z.object({ optimum: z.number(), auc: z.number().nullable(), iterations: z.record(z.string(), z.number()) }),
);
const Taken = z.record(z.string(), z.record(z.string(), z.number()));

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, write: { type: 'boolean' } },
});
const roundCount = Number(flags.rounds);
if (!(Number.isInteger(roundCount) && roundCount > 0))
  throw new Error(`expected a number of rounds, got ${flags.rounds}`);

const folder = mkdtempSync(join(tmpdir(), 'akin-regression-'));
try {
  const table = measure(folder);
  console.log(table);
  if (flags.write) {
    const summary = `${provenance('npm run bench:regression')} Medians of ${roundCount} rounds.`;
    writeSection(PAGE, 'regression', `${summary}\n\n${table}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function measure(folder: string): string {
  const problems = someProblems();
  leave(folder, problems);
  const found = peer(folder, Found);
  const fits = problems.map((problem) => {
    const goal = found?.[problem.name];
    return { problem, tolerance: looseTolerance(problem, goal?.optimum, goal?.auc ?? undefined) };
  });
  const rounds = Array.from({ length: roundCount }, () => ({
    own: fits.map(({ problem, tolerance }) => secondsOf(() => weightsFor(problem, tolerance))),
    peers: found && peer(folder, Taken, JSON.stringify(found)),
  }));
  const rows = fits.map(({ problem, tolerance }, p) => {
    const taken: Record<string, number>[] = rounds.flatMap(({ peers }) => (peers ? [peers[problem.name]] : []));
    const fastest = Object.keys(taken[0] ?? {}).sort(
      (left, right) => median(taken.map((one) => one[left])) - median(taken.map((one) => one[right])),
    );
    const ratios = rounds.map(({ own }, r) => Math.min(...Object.values(taken[r] ?? {})) / own[p]);
    return [
      problem.name,
      problem.asks,
      `${median(rounds.map(({ own }) => own[p])).toFixed(3)} (tolerance ${tolerance})`,
      fastest.map((solver) => `${solver} ${median(taken.map((one) => one[solver])).toFixed(3)}`).join(', '),
      taken.length === 0
        ? ''
        : `${median(ratios).toFixed(1)} (${Math.min(...ratios).toFixed(1)}–${Math.max(...ratios).toFixed(1)})`,
    ];
  });
  return markdownTable(['problem', 'asked for', 'akin, s', 'scikit-learn, s', 'fastest of it / akin'], rows);
}

function someProblems(): Problem[] {
  const asks = 'objective within 0.5 % of the optimum';
  const [few, many] = [peopleWith(300, 27), peopleWith(40_000, 60)];
  const dense = ['lbfgs', 'newton-cg', 'newton-cholesky', 'liblinear', 'liblinear-dual', 'saga'];
  return [
    problemOf('300-features', asks, few, 1, USERS, dense),
    problemOf('40000-features', asks, many, 1, USERS, SPARSE_SOLVERS),
    problemOf('40000-features-held-out', 'AUC of held-out users within 0.003', many, 0.05, 0.8 * USERS, SPARSE_SOLVERS),
  ];
}

function problemOf(
  name: string,
  asks: string,
  { matrix, labels }: { matrix: SparseMatrix; labels: Uint8Array },
  strength: number,
  known: number,
  solvers: readonly string[],
): Problem {
  const positives = Float64Array.from(labels.subarray(0, known));
  const counts = { positives, others: positives.map((positive) => 1 - positive) };
  const rows = plainRows(
    selectRows(
      matrix,
      new Uint32Array(known).map((_, n) => n),
    ),
  );
  return { name, asks, matrix, labels, rows, counts, columns: matrix.columnCount, strength, known, solvers };
}

function plainRows(matrix: SparseMatrix): ScaledRows {
  const rowFactors = new Float64Array(rowCountOf(matrix)).fill(1);
  return { matrix, rowFactors, columnFactors: new Float64Array(matrix.columnCount).fill(1) };
}

/** A third of what users have is what many have, the rest is of their two topics; seeds have more of what speaks for it. */
function peopleWith(featureCount: number, drawn: number): { matrix: SparseMatrix; labels: Uint8Array } {
  const random = seededRandom(7);
  const cumulated = Float64Array.from({ length: featureCount }, (_, f) => 1 / (f + 1));
  for (let f = 1; f < featureCount; f++) cumulated[f] += cumulated[f - 1];
  const anyFeature = () => firstAbove(cumulated, random() * cumulated[featureCount - 1]);
  const size = Math.min(TOPIC_FEATURES, featureCount / 4);
  const topics = Array.from({ length: TOPICS }, () => Uint32Array.from({ length: size }, anyFeature));
  const told = Float64Array.from({ length: featureCount }, () => normal(random) / 3);
  const rows: number[][] = [];
  const margins = new Float64Array(USERS);
  for (let u = 0; u < USERS; u++) {
    const own = [0, 1].map(() => topics[Math.floor(TOPICS * random())]);
    const features = new Set<number>();
    for (let n = 0; n < drawn; n++) {
      const topic = own[n % 2];
      features.add(n % 3 === 0 ? anyFeature() : topic[Math.floor(topic.length * random() ** 2)]);
    }
    rows.push([...features].sort((left, right) => left - right));
    margins[u] = rows[u].reduce((sum, f) => sum + told[f], 0);
  }
  const bias = biasFor(margins);
  const labels = Uint8Array.from(margins, (margin) => (random() < 1 / (1 + Math.exp(-margin - bias)) ? 1 : 0));
  return { matrix: matrixOf(rows, featureCount), labels };
}

/** At which as many are positive as should be. */
function biasFor(margins: Float64Array): number {
  let [low, high] = [-50, 50];
  for (let step = 0; step < 50; step++) {
    const bias = (low + high) / 2;
    const share = margins.reduce((sum, margin) => sum + 1 / (1 + Math.exp(-margin - bias)), 0) / margins.length;
    if (share < POSITIVE_SHARE) low = bias;
    else high = bias;
  }
  return low;
}

function firstAbove(cumulated: Float64Array, value: number): number {
  let [low, high] = [0, cumulated.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cumulated[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The problems as files that both sides read. */
function leave(folder: string, problems: readonly Problem[]): void {
  for (const { name, matrix, labels } of problems) {
    writeFileSync(join(folder, `${name}.offsets`), matrix.offsets);
    writeFileSync(join(folder, `${name}.columns`), matrix.columns);
    writeFileSync(join(folder, `${name}.labels`), labels);
  }
  const told = problems.map(({ name, columns, strength, known, solvers }) => ({
    name,
    columns,
    strength,
    known,
    solvers,
  }));
  writeFileSync(join(folder, 'problems.json'), JSON.stringify(told));
}

/** Undefined where this machine has no scikit-learn. */
function peer<Answer>(folder: string, shape: z.ZodType<Answer>, ...args: readonly string[]): Answer | undefined {
  const { status, stdout } = spawnSync(PYTHON, [PEER, folder, ...args], {
    encoding: 'utf8',
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
  });
  return status === 0 ? shape.parse(JSON.parse(stdout)) : undefined;
}

/** The loosest tolerance that reaches what is asked for; the one that rankings have, where nothing is known of it. */
function looseTolerance(problem: Problem, optimum: number | undefined, auc: number | undefined): number {
  const reaches = (tolerance: number) => {
    if (optimum === undefined) return tolerance <= 0.01;
    const weights = weightsFor(problem, tolerance);
    return auc === undefined
      ? objectiveOf(problem, weights) <= optimum * (1 + NEAR_OPTIMUM)
      : aucOf(problem, weights) >= auc - NEAR_AUC;
  };
  const [loosest] = TOLERANCES.filter(reaches);
  if (loosest === undefined) throw new Error(`${problem.name}: expected some tolerance to do, none does`);
  return loosest;
}

function weightsFor({ rows, counts, strength }: Problem, tolerance: number): Float64Array {
  const settings = { strength, tolerance };
  return fitLogisticRegression(rows, counts, settings, guessWeights(rows, counts, settings)).weights;
}

/** As scikit-learn has it, which does not penalize the bias. */
function objectiveOf({ matrix, rows, labels, strength }: Problem, weights: Float64Array): number {
  const bias = weights[matrix.columnCount];
  const loss = scaledScores(rows, weights).reduce((sum, score, n) => {
    const margin = (labels[n] === 1 ? 1 : -1) * (score + bias);
    return sum + Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(-margin, 0);
  }, 0);
  return weights.subarray(0, matrix.columnCount).reduce((sum, w) => sum + w * w, 0) / 2 + strength * loss;
}

function aucOf({ matrix, labels, known }: Problem, weights: Float64Array): number {
  const hidden = Uint32Array.from({ length: labels.length - known }, (_, n) => known + n);
  const scores = Float32Array.from(scaledScores(plainRows(selectRows(matrix, hidden)), weights));
  const [seeds, others] = [1, 0].map((label) => scores.filter((_, n) => labels[known + n] === label));
  return placesAmong(seeds, others).reduce((sum, place) => sum + place, 0) / seeds.length;
}

function secondsOf(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
