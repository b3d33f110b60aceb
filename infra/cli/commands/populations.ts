import { Command } from '@commander-js/extra-typings';
import { forgetAudiencesOf } from '#application/live/live-audience.ts';
import { deletePopulation, listPopulations, type PopulationSummary } from '#application/population.ts';
import { DeployedStack, STACK_HELP } from '../deployed-stack.ts';
import { localLivePorts, localPorts } from '../local-ports.ts';
import { DEFAULT_DATA } from '../ranking-command.ts';
import { counted, Terminal } from '../terminal.ts';

/** akin list: the populations there are. */
export function listCommand() {
  return new Command('list')
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .option('--stack <name>', STACK_HELP)
    .option('--json', 'the result as JSON, for machines', false)
    .addHelpText('after', '\nExample:\n  akin list')
    .action(async ({ data, stack, json }) => {
      const terminal = new Terminal(process.stdout, process.stderr, json);
      const populations =
        stack === undefined
          ? await listPopulations(localPorts(data))
          : await (await DeployedStack.at(stack)).populations();
      if (json) return terminal.json(populations);
      if (populations.length === 0) return terminal.print(`no populations in ${stack ?? data}`);
      showPopulations(terminal, populations);
    });
}

export function showPopulations(terminal: Terminal, populations: readonly PopulationSummary[]): void {
  terminal.table(
    ['population', 'generation', 'users', 'features', 'shards', 'bytes', 'index bytes'],
    populations.map((row) => [
      row.population,
      row.generation,
      row.users,
      row.features,
      row.shards,
      row.bytes,
      row.indexBytes,
    ]),
  );
}

/** akin delete: a population and its audiences, gone. */
export function deleteCommand() {
  return new Command('delete')
    .requiredOption('--population <name>', 'the population')
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .option('--stack <name>', STACK_HELP)
    .option('--json', 'the result as JSON, for machines', false)
    .addHelpText('after', '\nExample:\n  akin delete --population shop')
    .action(async ({ population, data, stack, json }) => {
      const terminal = new Terminal(process.stdout, process.stderr, json);
      const gone = stack === undefined ? await deletedHere(data, population) : await deletedFrom(stack, population);
      if (json) terminal.json(gone);
      else terminal.print(`deleted ${gone.population} (${counted(gone.users, 'user')}), its index and its audiences`);
    });
}

async function deletedHere(data: string, population: string): Promise<PopulationSummary> {
  const gone = await deletePopulation(localPorts(data), population);
  await forgetAudiencesOf(localLivePorts(data), population);
  return gone;
}

async function deletedFrom(address: string, population: string): Promise<PopulationSummary> {
  const stack = await DeployedStack.at(address);
  const gone = await stack.population(population);
  await stack.deletePopulation(population);
  return gone;
}
