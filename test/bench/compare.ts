/**
 * All rankers beside each other on whole sets of campaigns: what docs/rankers.md shows of them.
 *
 *   npm run evaluate:all [-- --datasets DIR] [--write]
 *
 * Each set is measured in a process of its own, as many at once as there are cores, so seconds are those of a busy machine.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Comparison, Contender } from '#application/compare-rankers.ts';
import { type DataSet, dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/rankers.md', import.meta.url));
const AKIN = fileURLToPath(new URL('../../infra/cli/akin.ts', import.meta.url));

const { values: flags } = parseArgs({ options: { datasets: { type: 'string' }, write: { type: 'boolean' } } });
const sets = dataSetsIn(flags.datasets);
const waiting = [...sets];
const comparisons = new Map<string, Comparison>();
await Promise.all(Array.from({ length: availableParallelism() }, measureInTurn));

const report = `${tableOf(sets.flatMap(({ name }) => comparisons.get(name) ?? []))}\n\n${verdictOn([...comparisons.values()])}`;
console.log(report);
const command = `npm run evaluate:all${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
if (flags.write) writeSection(PAGE, 'compare', `${provenance(command)}\n\n${report}`);

async function measureInTurn(): Promise<void> {
  for (let set = waiting.shift(); set; set = waiting.shift()) comparisons.set(set.name, await comparisonOf(set));
}

async function comparisonOf({ name, users, campaigns }: DataSet): Promise<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), 'akin-evaluate-'));
  try {
    const common = ['--population', name, '--data', folder];
    await akin('ingest', users, ...common);
    const measured = ['--campaigns', campaigns, '--ranker', 'all', '--binary', '--json'];
    return JSON.parse(await akin('evaluate', ...common, ...measured));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function akin(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [AKIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject).on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`akin ${args.join(' ')} ended with exit code ${code}`));
    });
  });
}

function overallOf({ means }: Contender) {
  const all = means.find(({ tier }) => tier === 'all');
  if (!all) throw new Error('expected campaigns that can be measured, got none');
  return all;
}

/** AUC / precision@K / recall@10 % of each ranker by set, and their means over the sets. */
function tableOf(all: readonly Comparison[]): string {
  const titles = all[0].rankers.map(({ title }) => title);
  const rows = titles.map((title, r) => {
    const figures = all.map(({ rankers }) => overallOf(rankers[r]));
    const mean = (value: (at: (typeof figures)[number]) => number) =>
      figures.reduce((sum, at) => sum + value(at), 0) / figures.length;
    const seconds = all.reduce((sum, { rankers }) => sum + rankers[r].seconds, 0) / all.length;
    return [
      title,
      ...figures.map(({ auc, precision, recall }) => shown([auc, precision, recall])),
      shown([mean(({ auc }) => auc), mean(({ precision }) => precision), mean(({ recall }) => recall)]),
      seconds.toFixed(2),
    ];
  });
  return markdownTable(['ranker', ...all.map(({ population }) => population), 'mean', 's a campaign'], rows);
}

function shown(figures: readonly number[]): string {
  return figures.map((figure) => figure.toFixed(4).replace(/^0/, '')).join(' / ');
}

/** By how much `auto` misses the best single ranker of each set, or is ahead of it. */
function verdictOn(all: readonly Comparison[]): string {
  const lines = all.map(({ population, rankers }) => {
    const [auto, ...singles] = rankers.map(overallOf);
    const [auc, precision] = [
      auto.auc - Math.max(...singles.map((single) => single.auc)),
      auto.precision - Math.max(...singles.map((single) => single.precision)),
    ].map((lead) => `${lead < 0 ? '−' : '+'}${Math.abs(lead).toFixed(4)}`);
    return `${population} ${auc} AUC, ${precision} precision@K`;
  });
  return `\`auto\` against the best of all others, which is another one by each measure: ${lines.join('; ')}.`;
}
