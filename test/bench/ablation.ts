/**
 * What the parts of the attention scorer are worth: RALM's own ablations, on campaigns whose answer is known.
 *
 *   npm run bench:ablation [-- --of parts|merges] [--datasets DIR] [--write]
 *
 * Each variant is trained anew for each list of dropped features: parts on the stored points; merges of a person's fields on
 * learned points, where people have several fields. `--write` puts the table into docs/rankers.md.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { type Evaluation, evaluateRankers } from '#application/evaluate-rankers.ts';
import type { Population } from '#application/population.ts';
import { settingsFrom } from '#application/settings.ts';
import { TrainingOptions } from '#application/training.ts';
import { fieldOf } from '#domain/features/shard.ts';
import { transientPopulation } from '#infra/cli/input.ts';
import { dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/rankers.md', import.meta.url));

interface Ablation {
  /** Of docs/rankers.md. */
  readonly section: string;
  readonly cells: string;
  readonly variants: Readonly<Record<string, Partial<TrainingOptions>>>;
  readonly canTell: (population: Population) => boolean;
  readonly cellOf: (evaluation: Evaluation) => string;
}

const ABLATIONS: Readonly<Record<string, Ablation>> = {
  parts: {
    section: 'ablation',
    cells: 'AUC / precision@K.',
    variants: {
      'C = 20, both': {},
      'C = 5': { clusters: 5 },
      'C = 10': { clusters: 10 },
      'C = 50': { clusters: 50 },
      'global alone': { globalShare: 1 },
      'local alone': { globalShare: 0 },
    },
    canTell: () => true,
    cellOf: campaignFigures,
  },
  merges: {
    section: 'ablation-merges',
    cells: 'AUC on held-out features, mean of the scorers; AUC / precision@K of the campaigns.',
    variants: {
      'attention over fields': { points: 'learned' },
      'concatenated fields': { points: 'learned', merge: 'concatenation' },
    },
    canTell: hasFields,
    cellOf: (evaluation) => `${figure(heldOutAuc(evaluation))}; ${campaignFigures(evaluation)}`,
  },
};

const { values: flags } = parseArgs({
  options: { of: { type: 'string', default: 'parts' }, datasets: { type: 'string' }, write: { type: 'boolean' } },
});
const ablation = ABLATIONS[flags.of];
if (!ablation) throw new Error(`expected an ablation of ${Object.keys(ABLATIONS).join(' or ')}, got ${flags.of}`);
const ranking = { ranker: 'attention', choices: {}, drop: [], binary: true, seed: 1 };
const unwatched = () => {};
const rows: string[][] = [];
for (const { name, users, campaigns } of dataSetsIn(flags.datasets)) {
  const { population } = await transientPopulation([users], unwatched);
  if (!ablation.canTell(population)) continue;
  const known = await readCampaigns(await openInput(campaigns));
  const row = [name];
  for (const [variant, options] of Object.entries(ablation.variants)) {
    const training = TrainingOptions.parse({ points: 'stored', ...options });
    const evaluation = await evaluateRankers(
      settingsFrom({}),
      population,
      ranking,
      known,
      undefined,
      unwatched,
      training,
    );
    row.push(ablation.cellOf(evaluation));
    console.error(`${name}, ${variant}: ${row.at(-1)}`);
  }
  rows.push(row);
}
const table = markdownTable(['set', ...Object.keys(ablation.variants)], rows);
console.log(table);
if (flags.write) {
  const given = [
    ...(flags.of === 'parts' ? [] : ['--of', flags.of]),
    ...(flags.datasets === undefined ? [] : ['--datasets', 'DIR']),
  ];
  const command = ['npm run bench:ablation', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
  writeSection(PAGE, ablation.section, `${provenance(command)} ${ablation.cells}\n\n${table}`);
}

/** Of one field all merges are the same. */
function hasFields({ shards }: Population): boolean {
  return new Set(shards.flatMap(({ features }) => features.map(fieldOf))).size > 1;
}

function campaignFigures({ means }: Evaluation): string {
  const all = means.at(-1);
  return [all?.auc, all?.precision].map(figure).join(' / ');
}

/** NaN where a scorer could not be trained on learned points. */
function heldOutAuc({ training = [] }: Evaluation): number {
  const aucs = training.map(({ figures }) => (figures.points === 'learned' ? figures.auc : Number.NaN));
  return aucs.reduce((sum, auc) => sum + auc, 0) / aucs.length;
}

function figure(value: number | undefined): string {
  return (value ?? Number.NaN).toFixed(4).replace(/^0/, '');
}
