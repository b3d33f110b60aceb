import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from '@commander-js/extra-typings';
import { writeFileAtomically } from '#adapters/atomic-file.ts';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { csvRecordsOf } from '#adapters/formats/csv.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { audienceCsv, manifestOfAudience } from '#application/audience-files.ts';
import type { Audience, ExpansionRequest } from '#application/audience-report.ts';
import { sha256Of } from '#application/digest.ts';
import { type Campaign, compareAtSize } from '#application/evaluate-rankers.ts';
import { expandAudience } from '#application/expand-audience.ts';
import type { IdList } from '#application/id-list.ts';
import { ingestUsers } from '#application/ingest-users.ts';
import { openPopulation, type Population } from '#application/population.ts';
import type { RankingOptions } from '#application/ranking-options.ts';
import type { RankingQuality } from '#domain/evaluation/ranking-metrics.ts';
import { dropFeatures, type UserRows } from '#domain/features/shard.ts';
import { usersOf } from '../input.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { counted, printable, Terminal } from '../terminal.ts';
import { range, retrievalSentence, showEvidence } from './expand.ts';

const SHIPPED = fileURLToPath(new URL('../demo/', import.meta.url));
const FOLDER = join('.akin', 'demo');
const POPULATION = 'msweb';

/** Visitors of the Windows 95 pages; any other campaign of the shipped file would do. */
const CAMPAIGN = 'area:1037';
const SIZE = 1000;

/** akin demo: the main job, on real people, with the answer known. */
export function demoCommand() {
  return new Command('demo')
    .addHelpText('after', `\nExample:\n  akin demo\n\nWrites to ${FOLDER} and shows what it did.`)
    .action(async () => {
      const terminal = new Terminal(process.stdout, process.stdout);
      rmSync(FOLDER, { recursive: true, force: true });
      const campaign = await campaignOf(CAMPAIGN);
      const titles = await readTitles();
      terminal.title(`Who else would visit "${titles.get(CAMPAIGN)}"?`);
      terminal.print(
        `Real visitors of www.microsoft.com, one week of 1998. Half of those who saw these pages are the seeds, the other
half is hidden, and the pages themselves are taken away from everybody before anything is computed.\n`,
      );
      const population = await ingest(terminal, campaign.drop);
      const request = await requestFor(campaign);
      const [ports, settings] = [localPorts(FOLDER), localSettings()];
      const audience = await expandAudience(ports, settings, population, request, terminal.watch);
      terminal.watch('expand by the index', 0, 1);
      const quick = { ...request, ranker: 'information-value' };
      const byIndex = { ...quick, candidates: 'both', evidence: 'none' } as const;
      const indexed = await expandAudience(ports, settings, population, byIndex, () => {});
      terminal.watch('measure the quality', 0, 1);
      const contenders = [request, quick, { ...request, ranker: 'similarity' }];
      const quality = compareAtSize(population, contenders, campaign, SIZE);
      const files = await write(population, request, audience);
      terminal.finishStage();
      for (const warning of audience.report.warnings) terminal.warn(warning);
      showMembers(terminal, audience, titles);
      showEvidence(terminal, audience.report);
      showQuality(terminal, audience, campaign, quality);
      terminal.print(
        `\nWith the index, not looking at everybody, by information value: ${retrievalSentence(indexed.report.retrieval)}.`,
      );
      terminal.print();
      for (const path of files) terminal.print(`wrote ${path}`);
    });
}

async function campaignOf(name: string): Promise<Campaign> {
  const campaigns = await readCampaigns(await openInput(join(SHIPPED, 'campaigns.ndjson.gz')));
  const campaign = campaigns.find((candidate) => candidate.campaign === name);
  if (campaign) return campaign;
  throw new Error(`expected the campaign ${name} among those that come with akin`);
}

/** The pages' titles by feature. */
async function readTitles(): Promise<ReadonlyMap<string, string>> {
  const titles = new Map<string, string>();
  for await (const { cells } of csvRecordsOf(await openInput(join(SHIPPED, 'items.csv'))))
    titles.set(cells[0], cells[2].trim());
  return titles;
}

/** The campaign's feature is taken from the users themselves, so that nothing in the index has seen it. */
async function ingest(terminal: Terminal, drop: readonly string[]): Promise<Population> {
  const ports = localPorts(FOLDER);
  const users = without(drop, usersOf([join(SHIPPED, 'users.ndjson.gz')], terminal.watch));
  await ingestUsers(ports, localSettings(), POPULATION, { mode: 'replace', graph: 'auto' }, users, terminal.watch);
  return openPopulation(ports, POPULATION, terminal.watch);
}

async function* without(drop: readonly string[], users: AsyncIterable<UserRows>): AsyncGenerator<UserRows> {
  const dropped = new Set(drop);
  for await (const rows of users) yield dropFeatures(rows, dropped);
}

async function requestFor(campaign: Campaign): Promise<ExpansionRequest & RankingOptions> {
  return {
    ranker: 'auto',
    choices: {},
    drop: [],
    binary: false,
    seed: 1,
    seeds: await listOf(`${campaign.campaign} seeds`, campaign.seeds),
    exclude: [await listOf(`${campaign.campaign} ignore`, campaign.ignore)],
    size: String(SIZE),
    candidates: 'all',
  };
}

async function listOf(source: string, ids: readonly string[]): Promise<IdList> {
  return { source, sha256: await sha256Of(ids.join('\n')), ids, duplicates: 0 };
}

async function write(population: Population, request: ExpansionRequest, audience: Audience): Promise<string[]> {
  const paths = ['audience.csv', 'report.json', 'manifest.json'].map((name) => join(FOLDER, name));
  writeFileAtomically(paths[0], audienceCsv(audience.members));
  writeFileAtomically(paths[1], [`${JSON.stringify(audience.report, null, 2)}\n`]);
  writeFileAtomically(paths[2], [
    `${JSON.stringify(await manifestOfAudience(localSettings(), population, request, audience), null, 2)}\n`,
  ]);
  return paths;
}

function showMembers(terminal: Terminal, { report }: Audience, titles: ReadonlyMap<string, string>): void {
  const { users, seeds, candidates, size } = report;
  terminal.print();
  terminal.title(
    `The first 10 of ${size} people, from ${candidates} candidates by ${counted(seeds.matched, 'seed')} (${users} users in all)`,
  );
  terminal.table(
    ['rank', 'user', 'score', 'what speaks most for him or her'],
    report.firstMembers.map(({ rank, userId, score, contributions }) => [
      rank,
      userId,
      score.toFixed(3),
      contributions
        .slice(0, 3)
        .map(({ feature, amount }) => `${printable(titles.get(feature) ?? feature)} ${amount.toFixed(2)}`)
        .join(', '),
    ]),
  );
}

function showQuality(
  terminal: Terminal,
  { report }: Audience,
  { positives }: Campaign,
  { chance, rankers }: ReturnType<typeof compareAtSize>,
): void {
  terminal.print();
  terminal.title(`How many of the ${positives.length} hidden visitors it found`);
  const row = (name: string, quality: RankingQuality | undefined) => [
    name,
    ...[quality?.auc, quality?.precision, quality?.recall].map((value) => value?.toFixed(3) ?? ''),
    quality?.lift.toFixed(2) ?? '',
  ];
  const names = [report.ranker.name, 'information value', 'mean cosine', 'random'];
  terminal.table(
    ['ranking', 'AUC', `precision@${SIZE}`, `recall@${SIZE}`, `lift@${SIZE}`],
    [...rankers, chance].map((quality, n) => row(names[n], quality)),
  );
  const found = rankers[0]?.recall.toFixed(3);
  if (report.evidence)
    terminal.print(`recall@${SIZE} was expected to be ${range(report.evidence.recall, 3)}, and is ${found}`);
}
