/** A command that ranks: the flags that all such commands share, and what they say. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { DEFAULT_EFFORT } from '#application/ranking-options.ts';
import { RANKERS } from '#domain/ranking/rankers.ts';

export const DEFAULT_DATA = '.akin';

/** A command with the ranking flags; what else it needs is added to it. */
export function rankingCommand(name: string) {
  return new Command(name)
    .option('--ranker <name>', `how to rank: ${RANKERS.map((kind) => kind.name).join(', ')}`)
    .option('--measure <name>', choiceHelp('measure'))
    .option('--aggregate <name>', choiceHelp('aggregate'))
    .option('--space <name>', choiceHelp('space'))
    .option('--filter <name>', choiceHelp('filter'))
    .option('--background <name>', choiceHelp('background'))
    .option('--negatives <name>', choiceHelp('negatives'))
    .option('--scaling <name>', choiceHelp('scaling'))
    .option('--strength <name>', choiceHelp('strength'))
    .option('--rounds <name>', choiceHelp('rounds'))
    .option('--factors <name>', choiceHelp('factors'))
    .option('--embedding <name>', choiceHelp('embedding'))
    .option('--scorer <name>', choiceHelp('scorer'))
    .option(
      '--effort <n>',
      'auto: how many times as long as one logistic regression it may take',
      wholeNumber,
      DEFAULT_EFFORT,
    )
    .option('--drop <feature>', 'take this feature away from everybody first (repeatable)', collect, [])
    .option('--binary', 'ignore weights: to have a feature is all that counts', false)
    .option('--seed <n>', 'the seed of all chance', wholeNumber, 1)
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .option('--json', 'the result as JSON, for machines', false);
}

/** The people beside the seeds that a ranking may be told of. */
export const EXPOSED_HELP = 'people who were shown the campaign and did not come: what rankers may learn from';
export const UNLIKE_HELP = 'people not to resemble: they are left out, and whoever is like them comes lower';

/** Help for a choice, from the registry: whose it is, its values, the default first, and what it decides. */
function choiceHelp(name: string): string {
  const owners = RANKERS.filter((kind) => kind.options.some((option) => option.name === name));
  const option = owners[0]?.options.find((candidate) => candidate.name === name);
  return `${owners.map((kind) => kind.name).join(', ')}: ${option?.values.join(' | ')} (${option?.effect})`;
}

export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export function shareOf(text: string): number {
  const share = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (share > 0 && share <= 1) return share;
  throw new InvalidArgumentError('expected a share above 0 and up to 1, such as 0.02');
}

export function wholeNumber(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number of at most ten digits');
}
