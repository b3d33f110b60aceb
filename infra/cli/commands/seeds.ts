import { Command, Option } from '@commander-js/extra-typings';
import { openPopulation } from '#application/population.ts';
import { reportSeeds, type SeedReport, type SeedReportRequest } from '#application/seed-report.ts';
import { DeployedStack, STACK_HELP } from '../deployed-stack.ts';
import { idsOf } from '../input.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { collect, DEFAULT_DATA, wholeNumber } from '../ranking-command.ts';
import { counted, Terminal } from '../terminal.ts';

/** akin seeds: what seeds are worth, before anything is fitted to them. */
export function seedsCommand() {
  return new Command('seeds')
    .requiredOption('--population <name>', 'the population')
    .requiredOption('--seeds <file>', 'the seeds: one id a line, CSV with an id column, or NDJSON')
    .option('--drop <feature>', 'take this feature away from everybody first (repeatable)', collect, [])
    .option('--binary', 'ignore weights: to have a feature is all that counts', false)
    .option('--seed <n>', 'the seed of all chance', wholeNumber, 1)
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .addOption(new Option('--stack <name>', STACK_HELP).conflicts('data'))
    .option('--json', 'the result as JSON, for machines', false)
    .addHelpText(
      'after',
      `
Examples:
  akin seeds --population shop --seeds best-customers.csv
  akin seeds --population shop --seeds seeds.txt --drop plan:yearly --json
  akin seeds --population shop --seeds best-customers.csv --stack akin`,
    )
    .action(async (flags) => {
      const terminal = new Terminal(process.stdout, process.stderr, flags.json);
      const request = { ...flags, seeds: await idsOf(flags.seeds), exclude: [] };
      const report =
        flags.stack === undefined
          ? await reportHere(flags, request, terminal)
          : await (await DeployedStack.at(flags.stack)).seedReport(flags.population, request);
      terminal.finishStage();
      for (const warning of report.warnings) terminal.warn(warning);
      if (flags.json) terminal.json(report);
      else showSeedReport(terminal, report);
    });
}

async function reportHere(
  { data, population }: { readonly data: string; readonly population: string },
  request: SeedReportRequest,
  { watch }: Terminal,
): Promise<SeedReport> {
  return reportSeeds(localSettings(), await openPopulation(localPorts(data), population, watch), request, watch);
}

function showSeedReport(terminal: Terminal, report: SeedReport): void {
  const { seeds, unmatched, compared } = report;
  terminal.title(`${report.population}: ${seeds.matched} of ${seeds.given} seeds are users`);
  terminal.table(
    ['seeds', 'how many'],
    [
      ['given', seeds.given],
      ['given again', seeds.duplicates],
      ['users of the population', seeds.matched],
      ['of them without any feature', seeds.withoutFeatures],
      ['users but for letter case or outer space', unmatched.spelling.count],
      ['unknown', unmatched.unknown.count],
    ],
  );
  terminal.print();
  terminal.print(
    `compared: ${counted(compared.seeds, 'seed')} with features, ${counted(compared.randomUsers, 'random user')}`,
  );
  terminal.print(coherenceSentence(report));
  showClusters(terminal, report);
  showOutliers(terminal, report);
}

function coherenceSentence({ coherence }: SeedReport): string {
  if (!coherence) return 'coherence: nothing to compare';
  const { amongSeeds, toRandomUsers, difference, low, high, isCoherent } = coherence;
  const [among, random, more, from, to] = [amongSeeds, toRandomUsers, difference, low, high].map(short);
  const verdict = isCoherent ? 'coherent' : 'not coherent';
  return `${verdict}: mean cosine ${among} among the seeds, ${random} to random users; difference ${more}, 90 % interval ${from} to ${to}`;
}

function showClusters(terminal: Terminal, { clusters, clustersToldFrom, compared }: SeedReport): void {
  if (clusters.length === 0) return;
  terminal.print();
  terminal.table(
    ['cluster', 'seeds', 'share', `what tells it from ${clustersToldFrom}`],
    clusters.map(({ size, features }, c) => [
      c + 1,
      size,
      percent(size / compared.seeds),
      features
        .slice(0, 3)
        .map(({ feature, share, otherShare }) => `${feature} (${percent(share)} against ${percent(otherShare)})`)
        .join(', '),
    ]),
  );
}

function showOutliers(terminal: Terminal, { outliers }: SeedReport): void {
  terminal.print();
  terminal.print(`${counted(outliers.count, 'outlier')}: hardly any random user is less like the seeds than they are`);
  if (outliers.count === 0) return;
  terminal.table(
    ['outlier', 'mean cosine to the other seeds'],
    outliers.first.map(({ userId, similarity }) => [userId, Number(short(similarity))]),
  );
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
