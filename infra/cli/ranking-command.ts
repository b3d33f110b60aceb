/** A command that ranks: the flags that all such commands share, and what they say. */
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { RANKERS } from '#domain/ranking/rankers.ts';

export const DEFAULT_DATA = '.akin';

/** A command with the ranking flags; what else it needs is added to it. */
export function rankingCommand(name: string, summary: string) {
  return new Command(name)
    .description(summary)
    .option('--ranker <name>', `how to rank: ${RANKERS.map((kind) => kind.name).join(', ')}`)
    .option('--measure <name>', choiceHelp('measure'))
    .option('--aggregate <name>', choiceHelp('aggregate'))
    .option('--space <name>', choiceHelp('space'))
    .option('--filter <name>', choiceHelp('filter'))
    .option('--drop <feature>', 'take this feature away from everybody first (repeatable)', collect, [])
    .option('--binary', 'ignore weights: to have a feature is all that counts', false)
    .option('--seed <n>', 'the seed of all chance', wholeNumber, 1)
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .option('--json', 'the result as JSON, for machines', false);
}

/** Help for a choice, from the registry: its values, the default first, whose it is, and what it decides. */
function choiceHelp(name: string): string {
  const owner = RANKERS.find((kind) => kind.options.some((option) => option.name === name));
  const option = owner?.options.find((candidate) => candidate.name === name);
  return `${owner?.name}: ${option?.values.join(' | ')} (${option?.effect})`;
}

/** `similarity (cosine, mean, features)`, or the name alone where there is nothing to choose. */
export function rankerTitle({
  name,
  choices,
}: {
  readonly name: string;
  readonly choices: Readonly<Record<string, string>>;
}): string {
  const chosen = Object.values(choices).join(', ');
  return chosen === '' ? name : `${name} (${chosen})`;
}

export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export function wholeNumber(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number of at most ten digits');
}
