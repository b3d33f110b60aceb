/**
 * Does akin rank as the formulas say? Its figures beside those of an independent implementation, on whole campaigns.
 *
 *   npm run evaluate [-- --datasets DIR] [--write]
 *
 * Without a folder: the set that comes with akin. `--write` puts the table into docs/rankers.md. The exit code is 1 where
 * an AUC is off by more than the tolerance. Precision and recall depend on the order among equal scores, which is the
 * id's here and another one there, so the table gives the range over all such orders beside them.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { type Campaign, evaluateRankers } from '#application/evaluate-rankers.ts';
import type { Population } from '#application/population.ts';
import { settingsFrom } from '#application/settings.ts';
import type { RankedUser } from '#domain/ranking/rank-users.ts';
import { transientPopulation } from '#infra/cli/input.ts';
import { type DataSet, dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';
import {
  AUC_TOLERANCE,
  REFERENCE_COLUMNS,
  REFERENCE_FIGURES,
  type ReferenceColumn,
  SAMPLED_ABOVE_SEEDS,
  SAMPLED_AUC_TOLERANCE,
} from './reference-figures.ts';
import { hitsWithin, type TieRange } from './tie-range.ts';

const PAGE = fileURLToPath(new URL('../../docs/rankers.md', import.meta.url));

/** The reference is given with four digits. */
const ROUNDING = 0.0001;

const HEAD = [
  'set',
  'ranker',
  'AUC',
  'reference',
  'allowed',
  'within',
  'precision@K',
  'by tie order',
  'reference',
  'recall@10%',
  'by tie order',
  'reference',
];

const { values: flags } = parseArgs({ options: { datasets: { type: 'string' }, write: { type: 'boolean' } } });

const results: Result[] = [];
for (const set of dataSetsIn(flags.datasets)) results.push(...(await resultsOf(set)));
const table = markdownTable(
  HEAD,
  results.map(({ cells }) => cells),
);
const verdict = verdictOn(results);
console.log(`${table}\n\n${verdict}`);
const command = `npm run evaluate${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
if (flags.write) writeSection(PAGE, 'evaluate', `${provenance(command)} ${verdict}\n\n${table}`);
process.exitCode = results.some(({ isOff }) => isOff) ? 1 : 0;

interface Result {
  readonly name: string;
  readonly cells: readonly string[];
  /** The AUC is off by more than allowed. */
  readonly isOff: boolean;
  /** No order among equal scores gives the reference's precision, or its recall. */
  readonly isBeyondTies: boolean;
}

async function resultsOf(set: DataSet): Promise<Result[]> {
  const campaigns = await readCampaigns(await openInput(set.campaigns));
  const { population } = await transientPopulation([set.users], () => {});
  const found: Result[] = [];
  for (const [at, column] of REFERENCE_COLUMNS.entries()) {
    found.push(await resultOf(set.name, population, campaigns, column, REFERENCE_FIGURES[set.name]?.[at]));
  }
  return found;
}

async function resultOf(
  set: string,
  population: Population,
  campaigns: readonly Campaign[],
  column: ReferenceColumn,
  reference: readonly [auc: number, precision: number, recall: number] | undefined,
): Promise<Result> {
  const { mean, precisionRange, recallRange } = await measured(set, population, campaigns, column);
  const isSampled = column.isSampled && campaigns.some(({ seeds }) => seeds.length > SAMPLED_ABOVE_SEEDS);
  const allowed = isSampled ? SAMPLED_AUC_TOLERANCE : AUC_TOLERANCE;
  const [auc, precision, recall] = reference ?? [];
  const isOff =
    auc !== undefined && !(column.isFloor === true ? mean.auc >= auc - allowed : Math.abs(mean.auc - auc) <= allowed);
  const cells = [
    set,
    column.title,
    mean.auc.toFixed(4),
    shown(auc),
    auc === undefined ? '' : `${column.isFloor === true ? '−' : '±'} ${allowed}`,
    auc === undefined ? '' : isOff ? '**no**' : 'yes',
    mean.precision.toFixed(4),
    shownRange(precisionRange),
    shown(precision),
    mean.recall.toFixed(4),
    shownRange(recallRange),
    shown(recall),
  ];
  const isBeyondTies = column.isFloor !== true && !(holds(precisionRange, precision) && holds(recallRange, recall));
  return { name: `${column.title} on ${set}`, cells, isOff, isBeyondTies };
}

async function measured(set: string, population: Population, campaigns: readonly Campaign[], column: ReferenceColumn) {
  const options = { ranker: column.ranker, choices: column.choices, drop: [], binary: true, seed: 1 };
  const positivesOf = new Map(campaigns.map(({ campaign, positives }) => [campaign, new Set(positives)]));
  const ranges: CampaignRange[] = [];
  const sink = (campaign: string, ranking: readonly RankedUser[]) => {
    ranges.push(rangeOf(ranking, positivesOf.get(campaign) ?? new Set()));
  };
  const { means } = await evaluateRankers(settingsFrom({}), population, options, campaigns, sink, () => {});
  const mean = means.find(({ tier }) => tier === 'all');
  if (!mean) throw new Error(`${set}: expected campaigns that can be measured, got none`);
  return {
    mean,
    precisionRange: meanRange(ranges.map(({ precision }) => precision)),
    recallRange: meanRange(ranges.map(({ recall }) => recall)),
  };
}

interface CampaignRange {
  readonly precision: TieRange;
  readonly recall: TieRange;
}

/** Precision at K = the number of positives and recall in the first tenth, from the worst order of ties to the best. */
function rangeOf(ranking: readonly RankedUser[], positives: ReadonlySet<string>): CampaignRange {
  const scores = Float32Array.from(ranking, ({ score }) => score);
  const positive = Uint8Array.from(ranking, ({ id }) => (positives.has(id) ? 1 : 0));
  const count = positive.reduce((sum, hit) => sum + hit, 0);
  const shareAt = (k: number) => {
    const { fewest, most } = hitsWithin(scores, positive, k);
    return { fewest: fewest / count, most: most / count };
  };
  return { precision: shareAt(count), recall: shareAt(Math.max(1, Math.floor(ranking.length / 10))) };
}

function meanRange(ranges: readonly TieRange[]): TieRange {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { fewest: mean(ranges.map(({ fewest }) => fewest)), most: mean(ranges.map(({ most }) => most)) };
}

/** Whether some order of ties gives the reference; nothing to compare with is no contradiction. */
function holds({ fewest, most }: TieRange, reference: number | undefined): boolean {
  return reference === undefined || (reference >= fewest - ROUNDING && reference <= most + ROUNDING);
}

function shown(figure: number | undefined): string {
  return figure === undefined ? '' : figure.toFixed(4);
}

function shownRange({ fewest, most }: TieRange): string {
  return `${fewest.toFixed(4)}–${most.toFixed(4)}`;
}

function verdictOn(all: readonly Result[]): string {
  const beyond = all.filter(({ isBeyondTies }) => isBeyondTies).map(({ name }) => name);
  const exceptions = beyond.length === 0 ? '' : `, but for ${beyond.join(', ')}`;
  return `${all.filter(({ isOff }) => isOff).length} of ${all.length} AUCs are off by more than allowed. Some order of ties gives the reference’s precision and recall${exceptions}.`;
}
