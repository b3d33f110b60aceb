/**
 * Do promises hold? The lift that a report gives for an audience of 1, 5 and 10 %, with its 90 % interval, beside the lift
 * that the hidden half of the campaign's people really shows.
 *
 *   npm run bench:calibration [-- --datasets DIR] [--write]
 *
 * Campaigns are measured with all their seeds, and with the first 25, 100 and 1,000 of them by the hash of their ids.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import type { Campaign } from '#application/evaluate-rankers.ts';
import { prepareShards } from '#application/ranking-options.ts';
import { type Estimate, liftWithInterval } from '#domain/evaluation/intervals.ts';
import { liftAt } from '#domain/evaluation/ranking-metrics.ts';
import type { Shard } from '#domain/features/shard.ts';
import { hashText } from '#domain/random.ts';
import { byAuto } from '#domain/ranking/by-auto.ts';
import { fitRanker, rankUsers } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { transientPopulation } from '#infra/cli/input.ts';
import { dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/rankers.md', import.meta.url));
const SHARES = [0.01, 0.05, 0.1];
/** The most seeds that a campaign is given; the last is all. */
const MOST_SEEDS = [25, 100, 1_000, Number.POSITIVE_INFINITY];

interface Outcome {
  readonly seeds: number;
  readonly share: number;
  readonly told: Estimate;
  readonly truth: number;
}

const { values: flags } = parseArgs({ options: { datasets: { type: 'string' }, write: { type: 'boolean' } } });
const outcomes: Outcome[] = [];
for (const { users, campaigns } of dataSetsIn(flags.datasets)) {
  const { population } = await transientPopulation([users], () => {});
  for (const campaign of await readCampaigns(await openInput(campaigns))) {
    const shards = prepareShards(population.shards, campaign.drop, true);
    for (const most of MOST_SEEDS) outcomes.push(...outcomesOf(shards, campaign, most));
  }
}
const table = tableOf(outcomes);
console.log(table);
const command = `npm run bench:calibration${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
if (flags.write) writeSection(PAGE, 'calibration', `${provenance(command)}\n\n${table}`);

/** Nothing where the campaign has no more seeds than it was given for the step before. */
function outcomesOf(shards: readonly Shard[], campaign: Campaign, most: number): Outcome[] {
  const order = campaign.seeds.toSorted((left, right) => hashText(left, 1) - hashText(right, 1));
  const before = MOST_SEEDS[MOST_SEEDS.indexOf(most) - 1] ?? 0;
  if (order.length <= before) return [];
  const seeds = order.slice(0, most);
  const left = order.slice(most);
  const [seedIds, ignored] = [new Set(seeds), new Set([...campaign.ignore, ...left])];
  const roles = shards.map((shard) => assignRoles(shard, seedIds, ignored));
  const ranker = byAuto(1, 6);
  const model = fitRanker(ranker, shards, roles);
  const places = ranker.trials?.(model)?.places;
  if (!places) return [];
  const ranked = rankUsers(ranker, model, shards, roles, Number.MAX_SAFE_INTEGER);
  const positives = new Set(campaign.positives);
  const isPositive = Uint8Array.from(ranked, ({ id }) => (positives.has(id) ? 1 : 0));
  return SHARES.map((share) => {
    const size = Math.max(1, Math.round(share * ranked.length));
    const told = liftWithInterval(places, size / ranked.length);
    return { seeds: seeds.length, share, told, truth: liftAt(isPositive, size) };
  });
}

function tableOf(all: readonly Outcome[]): string {
  const groups = [
    { title: '25', from: 0, to: 25 },
    { title: '26 to 100', from: 26, to: 100 },
    { title: '101 to 1,000', from: 101, to: 1_000 },
    { title: 'more', from: 1_001, to: Number.POSITIVE_INFINITY },
    { title: 'all', from: 0, to: Number.POSITIVE_INFINITY },
  ];
  const rows = groups.map(({ title, from, to }) => {
    const members = all.filter(({ seeds }) => seeds >= from && seeds <= to);
    const cell = (outcomes: readonly Outcome[]) => {
      const [below, above] = [
        outcomes.filter(({ told, truth }) => truth < told.low * (1 - 1e-9)),
        outcomes.filter(({ told, truth }) => truth > told.high * (1 + 1e-9)),
      ];
      const within = outcomes.length - below.length - above.length;
      return outcomes.length === 0
        ? ''
        : `${((100 * within) / outcomes.length).toFixed(0)} % of ${outcomes.length} (${below.length} below, ${above.length} above)`;
    };
    return [title, ...SHARES.map((share) => cell(members.filter((outcome) => outcome.share === share))), cell(members)];
  });
  return markdownTable(['seeds', ...SHARES.map((share) => `at ${share * 100} %`), 'at all three'], rows);
}
