/**
 * What the parts of the attention scorer are worth: RALM's own ablations, on campaigns whose answer is known.
 *
 *   npm run bench:ablation [-- --datasets DIR] [--write]
 *
 * Each variant is trained anew on the stored points, for each list of dropped features. `--write` puts the table into
 * docs/rankers.md.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { evaluateRankers } from '#application/evaluate-rankers.ts';
import { settingsFrom } from '#application/settings.ts';
import { TrainingOptions } from '#application/training.ts';
import { transientPopulation } from '#infra/cli/input.ts';
import { dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/rankers.md', import.meta.url));
const VARIANTS: Readonly<Record<string, Partial<TrainingOptions>>> = {
  'C = 20, both': {},
  'C = 5': { clusters: 5 },
  'C = 10': { clusters: 10 },
  'C = 50': { clusters: 50 },
  'global alone': { globalShare: 1 },
  'local alone': { globalShare: 0 },
};

const { values: flags } = parseArgs({ options: { datasets: { type: 'string' }, write: { type: 'boolean' } } });
const ranking = { ranker: 'attention', choices: {}, drop: [], binary: true, seed: 1 };
const unwatched = () => {};
const rows: string[][] = [];
for (const { name, users, campaigns } of dataSetsIn(flags.datasets)) {
  const { population } = await transientPopulation([users], unwatched);
  const known = await readCampaigns(await openInput(campaigns));
  const row = [name];
  for (const [variant, options] of Object.entries(VARIANTS)) {
    const training = TrainingOptions.parse({ points: 'stored', ...options });
    const { means } = await evaluateRankers(
      settingsFrom({}),
      population,
      ranking,
      known,
      undefined,
      unwatched,
      training,
    );
    const all = means.at(-1);
    row.push([all?.auc, all?.precision].map((figure) => (figure ?? Number.NaN).toFixed(4).slice(1)).join(' / '));
    console.error(`${name}, ${variant}: ${row.at(-1)}`);
  }
  rows.push(row);
}
const table = markdownTable(['set', ...Object.keys(VARIANTS)], rows);
console.log(table);
if (flags.write) {
  const command = `npm run bench:ablation${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
  writeSection(PAGE, 'ablation', `${provenance(command)} AUC / precision@K.\n\n${table}`);
}
