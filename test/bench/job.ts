/**
 * The whole job beside the usual Python script (json, scipy, scikit-learn): a file of users and seeds in, the best 10,000 out,
 * each a process of its own, in turns.
 *
 *   npm run bench:job [-- --users N] [--rounds N] [--write]
 *
 * Users are made up (synthetic-users.ts). Quality is the AUC of the hidden look-alikes among all others, of one run each.
 * `--write` puts the table into docs/benchmarks.md. Time is never judged.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { areaUnderCurve } from './hidden-people.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';
import { type MeasuredRun, measuredPython, measuredRun, median } from './measured-run.ts';
import { type SyntheticSet, syntheticSet } from './synthetic-users.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const SCRIPT = fileURLToPath(new URL('job.py', import.meta.url));
/** The scikit-learn of the system belongs to the system's Python. */
const PYTHON = '/usr/bin/python3';
const AUDIENCE_SIZE = 10_000;

/** What akin is asked for, and which way of the script does the same. */
const JOBS = [
  { ranker: ['similarity'], peer: 'mean-cosine' },
  { ranker: ['logistic-regression'], peer: 'logistic-regression' },
  { ranker: ['auto'], peer: 'logistic-regression' },
] as const;

const HEAD = [
  'akin',
  'the script',
  'seconds',
  'of the script',
  'times as fast (from–to)',
  'peak MiB',
  'of the script',
  'share',
  'AUC',
  'of the script',
];

const { values: flags } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean' },
  },
});
const [userCount, roundCount] = [Number(flags.users), Number(flags.rounds)];
if (!(Number.isInteger(userCount) && Number.isInteger(roundCount) && roundCount > 0))
  throw new Error(`expected numbers of users and rounds, got ${flags.users} and ${flags.rounds}`);

const folder = mkdtempSync(join(tmpdir(), 'akin-job-'));
try {
  const table = tableOf(syntheticSet(folder, userCount));
  console.log(table);
  if (flags.write) {
    const told = `${provenance(`npm run bench:job -- --users ${userCount}`)} Medians of ${roundCount} rounds.`;
    writeSection(PAGE, 'job', `${told}\n\n${table}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function tableOf(set: SyntheticSet): string {
  const out = join(folder, 'audience.csv');
  const own = ([ranker]: readonly string[], size: number | 'all') => {
    const asked = ['expand', '--users', set.users, '--seeds', set.seeds, '--size', String(size)];
    return measuredRun([...asked, '--evidence', 'none', '--ranker', ranker, '--out', out]);
  };
  const peer = (method: string, size: number) =>
    measuredPython(PYTHON, [SCRIPT, method, set.users, set.seeds, String(size), out]);
  const rounds = Array.from({ length: roundCount }, () =>
    JOBS.map((job) => ({ own: own(job.ranker, AUDIENCE_SIZE), peer: peer(job.peer, AUDIENCE_SIZE) })),
  );
  const quality = () => areaUnderCurve(readFileSync(out, 'utf8'), set.hidden).toFixed(4);
  const rows = JOBS.map((job, j) => {
    const runs = rounds.map((round) => round[j]);
    own(job.ranker, 'all');
    const ownQuality = quality();
    peer(job.peer, userCount);
    return rowOf(job, runs, ownQuality, quality());
  });
  return markdownTable(HEAD, rows);
}

function rowOf(
  { ranker: [ranker], peer }: (typeof JOBS)[number],
  runs: readonly { readonly own: MeasuredRun; readonly peer: MeasuredRun }[],
  ownQuality: string,
  peerQuality: string,
): string[] {
  const secondsOf = (side: 'own' | 'peer') => median(runs.map((run) => run[side].seconds));
  const peakOf = (side: 'own' | 'peer') => median(runs.map((run) => run[side].peakMebibytes));
  const ratios = runs.map((run) => run.peer.seconds / run.own.seconds);
  const range = `${Math.min(...ratios).toFixed(1)}–${Math.max(...ratios).toFixed(1)}`;
  return [
    ranker,
    peer,
    secondsOf('own').toFixed(2),
    secondsOf('peer').toFixed(2),
    `${median(ratios).toFixed(1)} (${range})`,
    peakOf('own').toFixed(0),
    peakOf('peer').toFixed(0),
    (peakOf('own') / peakOf('peer')).toFixed(2),
    ownQuality,
    peerQuality,
  ];
}
