import { Command } from '@commander-js/extra-typings';
import { trainPopulation } from '#application/train-population.ts';
import type { TrainingOptions } from '#application/training.ts';
import { DeployedStack, STACK_HELP } from '../deployed-stack.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { collect, DEFAULT_DATA, wholeNumber } from '../ranking-command.ts';
import { counted, Terminal } from '../terminal.ts';
import {
  CLUSTERS_HELP,
  GLOBAL_SHARE_HELP,
  mergeOption,
  pointsOption,
  showCard,
  trainingOptionsOf,
  watchedBy,
} from '../training.ts';

/** akin train: the attention scorer learns of a population what its features can tell. */
export function trainCommand() {
  return new Command('train')
    .requiredOption('--population <name>', 'the population')
    .option('--epochs <n>', 'at most so many; it ends where held-out items are found no better', wholeNumber)
    .option('--time <minutes>', 'begin no epoch after so many minutes; what is best by then is kept', Number)
    .option(
      '--items <field>',
      'learn from the features of this field (repeatable); else from those of all',
      collect,
      [],
    )
    .addOption(pointsOption())
    .addOption(mergeOption())
    .option('--clusters <n>', CLUSTERS_HELP, wholeNumber)
    .option('--global-share <share>', GLOBAL_SHARE_HELP, Number)
    .option('--drop <feature>', 'learn nothing from this feature (repeatable)', collect, [])
    .option('--seed <n>', 'the seed of all chance', wholeNumber, 1)
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .option('--stack <name>', STACK_HELP)
    .option('--json', 'the model card as JSON, for machines', false)
    .addHelpText(
      'after',
      `
A training that was stopped goes on where it was when it is asked for again. What it made is used by
akin expand --ranker attention, and made anew by each akin ingest.

Examples:
  akin train --population shop
  akin train --population shop --items bought --items category --time 10`,
    )
    .action(async ({ population, time, data, stack, json, ...given }) => {
      const terminal = new Terminal(process.stdout, process.stderr, json);
      const options = trainingOptionsOf({ minutes: time, ...given });
      const report =
        stack === undefined
          ? await trainHere(data, population, options, terminal)
          : await (await DeployedStack.at(stack)).train(population, limited(options, time), terminal.watch);
      terminal.finishStage();
      if (json) return terminal.json(report);
      terminal.print(`${population}: generation ${report.generation}, ${counted(report.users, 'user')}`);
      showCard(terminal, report.training);
    });
}

function trainHere(data: string, population: string, options: TrainingOptions, terminal: Terminal) {
  const training = { ...watchedBy(terminal), options };
  return trainPopulation(localPorts(data), localSettings(), population, training, terminal.watch);
}

/** A function has less time than this machine: what is not said of time is left to the stack. */
function limited({ minutes, ...options }: TrainingOptions, time: number | undefined): Partial<TrainingOptions> {
  return time === undefined ? options : { ...options, minutes };
}
