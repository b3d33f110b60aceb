import { Option } from '@commander-js/extra-typings';
import type { Casting } from '#application/cast.ts';
import { type Explanation, explainMember } from '#application/explain-member.ts';
import { openPopulation } from '#application/population.ts';
import { type RankingOptions, rankingOptionsOf } from '#application/ranking-options.ts';
import { DeployedStack, STACK_HELP } from '../deployed-stack.ts';
import { allIdsOf, furtherPeople, idsOf } from '../input.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { collect, EXPOSED_HELP, rankingCommand, UNLIKE_HELP } from '../ranking-command.ts';
import { printable, Terminal } from '../terminal.ts';
import { kindSentence } from './expand.ts';

/** akin explain: why one user stands where he or she stands. */
export function explainCommand() {
  return rankingCommand('explain')
    .requiredOption('--population <name>', 'the population')
    .requiredOption('--seeds <file>', 'the seeds: one id a line, CSV with an id column, or NDJSON')
    .requiredOption('--user <id>', 'the user to explain')
    .option('--exclude <file>', 'people who were not ranked (repeatable)', collect, [])
    .option('--exposed <file>', EXPOSED_HELP)
    .option('--unlike <file>', UNLIKE_HELP)
    .addOption(new Option('--stack <name>', STACK_HELP).conflicts('data'))
    .addHelpText(
      'after',
      '\nExamples:\n  akin explain --population shop --seeds best-customers.csv --user u42\n  akin explain --population shop --seeds best-customers.csv --user u42 --stack akin',
    )
    .action(async (flags) => {
      const terminal = new Terminal(process.stdout, process.stderr, true);
      const seeds = await idsOf(flags.seeds);
      const exclude = await allIdsOf(flags.exclude);
      const request = { ...rankingOptionsOf(flags), ...(await furtherPeople(flags)), seeds, exclude };
      const explanation =
        flags.stack === undefined
          ? await explainHere(flags, request, terminal)
          : await (await DeployedStack.at(flags.stack)).explain(
              flags.population,
              request,
              flags.user,
              terminal.watch,
              (sentence) => terminal.warn(sentence),
            );
      for (const warning of explanation.warnings) terminal.warn(warning);
      if (flags.json) terminal.json(explanation);
      else show(terminal, explanation);
    });
}

async function explainHere(
  { data, population, user }: { readonly data: string; readonly population: string; readonly user: string },
  request: RankingOptions & Casting,
  terminal: Terminal,
): Promise<Explanation> {
  const ports = localPorts(data);
  return explainMember(ports, localSettings(), await openPopulation(ports, population, terminal.watch), request, user);
}

function show(terminal: Terminal, { userId, role, rank, candidates, score, contributions, kind }: Explanation): void {
  const standing =
    role === 'candidate'
      ? `rank ${rank} of ${candidates}`
      : `a ${role === 'seed' ? 'seed' : 'user left out'}; would be rank ${rank}`;
  terminal.title(`${printable(userId)}: score ${score.toPrecision(6)}, ${standing}`);
  if (kind) {
    terminal.print(`most like ${kindSentence(kind)}`);
    const shares = [kind.global, kind.local].map((part) => part.toPrecision(4));
    terminal.print(`${shares[0]} for likeness to the seeds as a whole, ${shares[1]} for the kinds that are like`);
  }
  terminal.table(
    ['feature', 'adds to the score'],
    contributions.map(({ feature, amount }) => [feature, Number(amount.toPrecision(6))]),
  );
}
