import { explainMember } from '#application/explain-member.ts';
import { openPopulation } from '#application/population.ts';
import { rankingOptionsOf } from '#application/ranking-options.ts';
import { allIdsOf, furtherPeople, idsOf } from '../input.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { collect, EXPOSED_HELP, rankingCommand, UNLIKE_HELP } from '../ranking-command.ts';
import { printable, Terminal } from '../terminal.ts';
import { kindSentence } from './expand.ts';

/** akin explain: why one user stands where he or she stands. */
export function explainCommand() {
  return rankingCommand('explain', 'say why a user has the score and the rank that he or she has')
    .requiredOption('--population <name>', 'the population')
    .requiredOption('--seeds <file>', 'the seeds: one id a line, CSV with an id column, or NDJSON')
    .requiredOption('--user <id>', 'the user to explain')
    .option('--exclude <file>', 'people who were not ranked (repeatable)', collect, [])
    .option('--exposed <file>', EXPOSED_HELP)
    .option('--unlike <file>', UNLIKE_HELP)
    .addHelpText('after', '\nExample:\n  akin explain --population shop --seeds best-customers.csv --user u42')
    .action(async (flags) => {
      const terminal = new Terminal(process.stdout, process.stderr, true);
      const seeds = await idsOf(flags.seeds);
      const exclude = await allIdsOf(flags.exclude);
      const population = await openPopulation(localPorts(flags.data), flags.population, terminal.watch);
      const request = { ...rankingOptionsOf(flags), ...(await furtherPeople(flags)), seeds, exclude };
      const ports = localPorts(flags.data);
      const explanation = await explainMember(ports, localSettings(), population, request, flags.user);
      for (const warning of explanation.warnings) terminal.warn(warning);
      if (flags.json) return terminal.json(explanation);
      const { userId, role, rank, candidates, score, contributions, kind } = explanation;
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
    });
}
