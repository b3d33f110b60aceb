/**
 * What retrieval finds of the best 1,000, and how many users it looks at: buckets, neighbors and both against everybody.
 *
 *   npm run bench:retrieval [-- --datasets DIR] [--write]
 *
 * Every third campaign of each set; its features are dropped before anything is indexed. The recall is on all users and
 * counts everybody who reaches the score of the 1,000th. `--write` puts the table into docs/benchmarks.md. The exit code
 * is 1 where the default settings find too few: quality is judged, time never.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { chooseCandidates, measureRecall } from '#application/choose-candidates.ts';
import type { Campaign } from '#application/evaluate-rankers.ts';
import type { Population } from '#application/population.ts';
import { chooseRanker, prepareShards } from '#application/ranking-options.ts';
import { embedShards } from '#application/retrieval-index.ts';
import { type Settings, settingsFrom } from '#application/settings.ts';
import type { Shard } from '#domain/features/shard.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { transientPopulation } from '#infra/cli/input.ts';
import { localPorts } from '#infra/cli/local-ports.ts';
import { type DataSet, dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const SIZE = 1000;
const EVERY = 3;
/** Beyond, one embedding serves all campaigns of a set, made without anything that any of them drops. */
const MAX_EMBEDDED_FEATURES = 400;
/** What `both` must find at default settings of the best 1,000, on the set that comes with akin. */
const FLOOR = 0.9;

/** The default and three others. */
const VARIANTS: readonly { readonly name: string; readonly settings: Partial<Settings> }[] = [
  { name: 'default', settings: {} },
  { name: 'half as many candidates', settings: { candidatePercent: 5 } },
  { name: 'twice as many candidates', settings: { candidatePercent: 20 } },
  { name: 'bands for similarity 0.4', settings: { bandSimilarityPercent: 40 } },
];

const RANKERS = [
  { name: 'information value', options: { ranker: 'information-value', choices: {} } },
  { name: 'mean cosine', options: { ranker: 'similarity', choices: {} } },
  { name: 'attention', options: { ranker: 'attention', choices: {} } },
];

/** Attention at the default alone: what it prefers is near to what mean cosine does. */
const variantsFor = (ranker: string) => (ranker === 'attention' ? VARIANTS.slice(0, 1) : VARIANTS);

interface Found {
  readonly variant: string;
  readonly ranker: string;
  readonly bands: string;
  readonly buckets: number;
  readonly neighbors: number;
  readonly both: number;
  readonly scoredShare: number;
}

const { values: flags } = parseArgs({ options: { datasets: { type: 'string' }, write: { type: 'boolean' } } });
const ports = localPorts('.akin');
const common = new WeakMap<readonly Shard[], Shard[]>();
const rows: string[][] = [];
let failed = false;
for (const set of dataSetsIn(flags.datasets)) rows.push(...(await rowsOf(set)));
const head = ['set', 'settings', 'ranker', 'bands × rows', 'buckets', 'neighbors', 'both', 'users looked at'];
const table = markdownTable(head, rows);
console.log(table);
const command = `npm run bench:retrieval${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
if (flags.write) writeSection(PAGE, 'retrieval', `${provenance(command)}\n\n${table}`);
process.exitCode = failed ? 1 : 0;

async function rowsOf(set: DataSet): Promise<string[][]> {
  const { population } = await transientPopulation([set.users], () => {});
  const campaigns = (await readCampaigns(await openInput(set.campaigns))).filter((_, c) => c % EVERY === 1);
  const found: Found[] = [];
  for (const campaign of campaigns) found.push(...(await measure(population, campaign, campaigns)));
  return RANKERS.flatMap(({ name: ranker }) =>
    variantsFor(ranker).map(({ name: variant }) => {
      const group = found.filter((one) => one.ranker === ranker && one.variant === variant);
      const mean = (of: (one: Found) => number) => group.reduce((sum, one) => sum + of(one), 0) / group.length;
      if (variant === 'default' && ranker === 'information value' && mean(({ both }) => both) < FLOOR) failed = true;
      const shares = [mean(({ buckets }) => buckets), mean(({ neighbors }) => neighbors), mean(({ both }) => both)];
      const looked = `${(100 * mean(({ scoredShare }) => scoredShare)).toFixed(1)} %`;
      return [set.name, variant, ranker, group[0].bands, ...shares.map((share) => share.toFixed(3)), looked];
    }),
  );
}

async function measure(all: Population, campaign: Campaign, campaigns: readonly Campaign[]): Promise<Found[]> {
  const base = settingsFrom({});
  const shards = placed(all.shards, campaign, campaigns, base);
  const population = { ...all, shards };
  const [seeds, ignored] = [new Set(campaign.seeds), new Set(campaign.ignore)];
  const roles = shards.map((shard) => assignRoles(shard, seeds, ignored));
  const found: Found[] = [];
  for (const { name: ranker, options } of RANKERS) {
    const chosenRanker = chooseRanker({ ...options, drop: [], binary: false, seed: 1 });
    const model = fitRanker(chosenRanker.ranker, shards, roles);
    for (const { name: variant, settings } of variantsFor(ranker)) {
      const job = { population, shards, roles, preference: chosenRanker.preference, mode: 'both', size: SIZE } as const;
      const chosen = await chooseCandidates(ports, { ...base, ...settings }, job);
      const recall = measureRecall(chosenRanker.ranker, model, job, chosen, Number.POSITIVE_INFINITY);
      const { bands, scoredShare } = chosen.report;
      found.push({
        variant,
        ranker,
        bands: bands ? `${bands.bands} × ${bands.rows}` : 'none',
        buckets: recall.buckets ?? Number.NaN,
        neighbors: recall.neighbors ?? Number.NaN,
        both: recall.chosen,
        scoredShare,
      });
    }
  }
  return found;
}

/** The shards without what the campaign drops, with their points. */
function placed(
  all: readonly Shard[],
  campaign: Campaign,
  campaigns: readonly Campaign[],
  settings: Settings,
): Shard[] {
  const featureCount = new Set(all.flatMap(({ features }) => features)).size;
  if (featureCount <= MAX_EMBEDDED_FEATURES) return embedShards(prepareShards(all, campaign.drop, true), settings);
  const drops = campaigns.flatMap(({ drop }) => drop);
  const known = common.get(all) ?? embedShards(prepareShards(all, drops, true), settings);
  common.set(all, known);
  return known;
}
