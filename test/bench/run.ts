/**
 * What a user waits for: seconds, peak memory, bytes and quality of ingest, one-shot expand and evaluate.
 *
 *   npm run bench [-- --datasets DIR] [--runs N] [--write]
 *   npm run bench -- --users N [--write]: how akin grows up to N made-up users (growth.ts)
 *
 * Without a folder: the set that comes with akin. Each command is a process of its own, as on a command line, and the
 * median run counts; runs of one command are spread over the rounds. `--write` puts the table into docs/benchmarks.md.
 * The exit code is 1 where quality is below its floor. Time is never judged: compare only figures of one machine.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import type { Campaign } from '#application/evaluate-rankers.ts';
import { type DataSet, dataSetsIn } from './data-sets.ts';
import { growthUpTo } from './growth.ts';
import { membersOf } from './hidden-people.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';
import { type MeasuredRun, measuredRun, median } from './measured-run.ts';
import { AUC_TOLERANCE, REFERENCE_COLUMNS, REFERENCE_FIGURES } from './reference-figures.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const HEAD = ['set', 'users', 'command', 'seconds', '(fastest–slowest)', 'peak MiB', 'bytes', 'quality'];
const AUDIENCE_SIZE = 1000;
const FLOOR_COLUMN = REFERENCE_COLUMNS.findIndex(({ title }) => title === 'IV, positive');

const IngestAnswer = z.object({ users: z.number(), bytes: z.number() });
const EvaluateAnswer = z.object({
  means: z.array(z.object({ tier: z.string(), auc: z.number(), precision: z.number(), recall: z.number() })),
});

const { values: flags } = parseArgs({
  options: {
    datasets: { type: 'string' },
    runs: { type: 'string', default: '5' },
    users: { type: 'string' },
    write: { type: 'boolean' },
  },
});
const runCount = Number(flags.runs);
if (!(Number.isInteger(runCount) && runCount > 0)) throw new Error(`expected a number of runs, got ${flags.runs}`);

const failures: string[] = [];
if (flags.users === undefined) await benchSets();
else benchGrowth(Number(flags.users));
process.exitCode = failures.length > 0 ? 1 : 0;

function benchGrowth(userCount: number): void {
  if (!(Number.isInteger(userCount) && userCount > 0))
    throw new Error(`expected a number of users, got ${flags.users}`);
  const tables = growthUpTo(userCount);
  console.log(tables);
  if (!flags.write) return;
  writeSection(PAGE, 'growth', `${provenance(`npm run bench -- --users ${userCount}`)}\n\n${tables}`);
}

async function benchSets(): Promise<void> {
  const starts = Array.from({ length: runCount }, () => measuredRun(['--version']));
  const rows = [['none', '0', '--version', ...timeAndPeak(starts), '0', 'only starts']];
  for (const set of dataSetsIn(flags.datasets)) rows.push(...(await rowsOf(set)));
  const command = `npm run bench${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
  const table = markdownTable(HEAD, rows);
  console.log(`${table}\n\n${failures.length === 0 ? 'No quality is below its floor.' : failures.join('\n')}`);
  if (flags.write) writeSection(PAGE, 'bench', `${provenance(command)} Medians of ${runCount} runs.\n\n${table}`);
}

async function rowsOf(set: DataSet): Promise<string[][]> {
  const [campaign] = await readCampaigns(await openInput(set.campaigns));
  const folder = mkdtempSync(join(tmpdir(), 'akin-bench-'));
  try {
    return measure(set, campaign, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(set: DataSet, campaign: Campaign, folder: string): string[][] {
  const [audience, chosen] = ['audience.csv', 'chosen.csv'].map((name) => join(folder, name));
  const rounds = Array.from({ length: runCount }, (_, round) =>
    commandLines(set, campaign, folder, [audience, chosen], join(folder, `data-${round}`)).map((args) =>
      measuredRun(args),
    ),
  );
  const [{ output: ingested }, , { remarks }, { output: evaluated }] = rounds[0];
  const { users, bytes } = IngestAnswer.parse(JSON.parse(ingested));
  return [
    ['ingest', String(bytes), `${(bytes / users).toFixed(0)} bytes a user`],
    ['expand --users', String(statSync(audience).size), qualityOfAudience(readFileSync(audience, 'utf8'), campaign)],
    [
      'expand --users, auto',
      String(statSync(chosen).size),
      `${qualityOfAudience(readFileSync(chosen, 'utf8'), campaign)}; ${sharesOfStages(remarks)}`,
    ],
    ['evaluate', String(evaluated.length), qualityOfEvaluation(set.name, evaluated)],
  ].map(([name, size, quality], at) => [
    set.name,
    String(users),
    name,
    ...timeAndPeak(rounds.map((runs) => runs[at])),
    size,
    quality,
  ]);
}

/** The commands that are measured, as a user would type them; each round into a data folder of its own. */
function commandLines(
  set: DataSet,
  { seeds, ignore, drop }: Campaign,
  folder: string,
  [audience, chosen]: readonly string[],
  data: string,
): string[][] {
  const [seedFile, ignoreFile] = [join(folder, 'seeds.txt'), join(folder, 'ignore.txt')];
  writeFileSync(seedFile, seeds.join('\n'));
  writeFileSync(ignoreFile, ignore.join('\n'));
  const kept = ['--population', set.name, '--data', data];
  const dropped = drop.flatMap((feature) => ['--drop', feature]);
  const ignored = ignore.length > 0 ? ['--exclude', ignoreFile] : [];
  const byInformationValue = ['--ranker', 'information-value'];
  const search = ['expand', '--users', set.users, '--seeds', seedFile, '--size', String(AUDIENCE_SIZE)];
  return [
    ['ingest', set.users, ...kept, '--json'],
    [...search, ...dropped, ...ignored, '--binary', ...byInformationValue, '--evidence', 'none', '--out', audience],
    [...search, ...dropped, ...ignored, '--binary', '--out', chosen],
    ['evaluate', ...kept, ...byInformationValue, '--campaigns', set.campaigns, '--binary', '--json'],
  ];
}

/** Of the time that stages took, the share of each that took a hundredth at least. */
function sharesOfStages(remarks: string): string {
  const stages = [...remarks.matchAll(/^(.+?)\s+(\d+\.\d+) s$/gm)].map(([, name, seconds]) => ({
    name,
    seconds: Number(seconds),
  }));
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  return stages
    .map(({ name, seconds }) => ({ name, percent: Math.round((100 * seconds) / total) }))
    .filter(({ percent }) => percent > 0)
    .map(({ name, percent }) => `${name} ${percent} %`)
    .join(', ');
}

function timeAndPeak(runs: readonly MeasuredRun[]): string[] {
  const seconds = runs.map((run) => run.seconds);
  return [
    median(seconds).toFixed(2),
    `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}`,
    median(runs.map(({ peakMebibytes }) => peakMebibytes)).toFixed(0),
  ];
}

function qualityOfAudience(csv: string, { positives }: Campaign): string {
  const hidden = new Set(positives);
  const members = membersOf(csv);
  const hits = members.filter((id) => hidden.has(id)).length;
  return `${hits} of ${hidden.size} hidden people among ${members.length}`;
}

/** In words; also notes a failure where the AUC is below what the reference says. */
function qualityOfEvaluation(set: string, output: string): string {
  const mean = EvaluateAnswer.parse(JSON.parse(output)).means.find(({ tier }) => tier === 'all');
  if (!mean) throw new Error(`${set}: expected campaigns that can be measured, got none`);
  const reference = REFERENCE_FIGURES[set]?.[FLOOR_COLUMN][0];
  const floor = reference === undefined ? 0 : reference - AUC_TOLERANCE;
  if (mean.auc < floor) failures.push(`${set}: expected an AUC of at least ${floor.toFixed(4)}, got ${mean.auc}`);
  const [auc, precision, recall] = [mean.auc, mean.precision, mean.recall].map((value) => value.toFixed(4));
  return `AUC ${auc}, precision@K ${precision}, recall@10% ${recall}`;
}
