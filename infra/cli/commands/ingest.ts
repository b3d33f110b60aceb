import { Command, Option } from '@commander-js/extra-typings';
import { type IngestReport, ingestUsers, TRAIN_MODES } from '#application/ingest-users.ts';
import { DeployedStack, STACK_HELP } from '../deployed-stack.ts';
import { usersOf } from '../input.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { DEFAULT_DATA } from '../ranking-command.ts';
import { counted, Terminal } from '../terminal.ts';
import { showCard, watchedBy } from '../training.ts';

/** akin ingest: files of users become a population. */
export function ingestCommand() {
  return new Command('ingest')
    .argument('<file...>', 'files of users')
    .requiredOption('--population <name>', 'the population to make or add to')
    .addOption(
      new Option(
        '--mode <mode>',
        'upsert: add users and replace those of the same id; replace: these users are all there are',
      )
        .choices(['upsert', 'replace'] as const)
        .default('upsert' as const),
    )
    .addOption(
      new Option(
        '--index <when>',
        'build HNSW graphs of neighbors; auto: only where expand would not look at everybody',
      )
        .choices(['auto', 'always', 'never'] as const)
        .default('auto' as const),
    )
    .addOption(
      new Option(
        '--train <when>',
        'train the attention scorer (akin train); auto: where the population has a trained one already',
      )
        .choices(TRAIN_MODES)
        .default('auto' as const),
    )
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .option('--stack <name>', STACK_HELP)
    .option('--json', 'the result as JSON, for machines', false)
    .addHelpText(
      'after',
      '\nExamples:\n  akin ingest users.ndjson.gz --population shop\n  akin ingest january.csv february.csv --population shop --mode replace',
    )
    .action(async (files, { population, mode, index, train, data, stack, json }) => {
      const terminal = new Terminal(process.stdout, process.stderr, json);
      if (stack !== undefined) {
        const upload = await (await DeployedStack.at(stack)).ingest(
          population,
          files,
          { mode, index, train },
          terminal.watch,
        );
        terminal.finishStage();
        return showUpload(terminal, upload as IngestReport, json);
      }
      const users = usersOf(files, terminal.watch);
      const report = await ingestUsers(
        localPorts(data),
        localSettings(),
        population,
        { mode, graph: index, training: { ...watchedBy(terminal), when: train } },
        users,
        terminal.watch,
      );
      terminal.finishStage();
      showUpload(terminal, report, json);
    });
}

function showUpload(terminal: Terminal, report: IngestReport, json: boolean): void {
  if (report.duplicates > 0)
    terminal.warn(`${counted(report.duplicates, 'user')} given more than once; the later one counts`);
  if (report.usersWithoutFeatures > 0)
    terminal.warn(`${counted(report.usersWithoutFeatures, 'user')} without any feature`);
  if (json) {
    terminal.json(report);
    return;
  }
  terminal.print(sentenceOf(report));
  if (report.training) showCard(terminal, report.training);
}

function sentenceOf({
  population,
  generation,
  users,
  features,
  added,
  replaced,
  removed,
  bytes,
  shards,
}: IngestReport): string {
  const changes = [`${added} added`, `${replaced} replaced`, ...(removed > 0 ? [`${removed} removed`] : [])].join(', ');
  const kept = `${counted(shards, 'shard')}, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${population}: ${counted(users, 'user')} with ${counted(features, 'feature')} (${changes}); generation ${generation}, ${kept}`;
}
