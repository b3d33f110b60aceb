/** The `akin` command: its subcommands, and how each ends. */
import { Command, CommanderError } from '@commander-js/extra-typings';
import { CODE_VERSION } from '#application/audience-files.ts';
import { Conflict, Invalid, NotFound } from '#application/errors.ts';
import { audienceCommand } from './commands/audience.ts';
import { demoCommand } from './commands/demo.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { expandCommand } from './commands/expand.ts';
import { explainCommand } from './commands/explain.ts';
import { ingestCommand } from './commands/ingest.ts';
import { deleteCommand, listCommand } from './commands/populations.ts';
import { seedsCommand } from './commands/seeds.ts';
import { statusCommand } from './commands/status.ts';
import { trainCommand } from './commands/train.ts';
import { Terminal } from './terminal.ts';

/** 2 for what the caller can mend, as shells and compilers have it; 1 for a bug of ours. */
const EXIT = { fine: 0, bug: 1, misuse: 2 } as const;

function program() {
  const akin = new Command('akin')
    .description('From a list of your best customers to the people most like them: ranked, explained, measured.')
    .version(CODE_VERSION)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
A first audience:
  akin ingest users.ndjson.gz --population shop
  akin seeds --population shop --seeds best-customers.csv
  akin expand --population shop --seeds best-customers.csv --size 1000 --out audience.csv
  akin demo`,
    );
  const commands = [
    demoCommand(),
    ingestCommand(),
    trainCommand(),
    listCommand(),
    statusCommand(),
    deleteCommand(),
    seedsCommand(),
    expandCommand(),
    explainCommand(),
    audienceCommand(),
    evaluateCommand(),
  ];
  for (const command of commands) akin.addCommand(command.exitOverride());
  return akin.exitOverride();
}

/** Runs one command line (without the program's own name) and gives its exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...argv], { from: 'user' });
    return EXIT.fine;
  } catch (error) {
    return failWith(error);
  }
}

/** Says what went wrong and gives the exit code. */
export function failWith(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.misuse;
  const terminal = new Terminal(process.stdout, process.stderr);
  if (error instanceof Invalid || error instanceof NotFound || error instanceof Conflict) {
    terminal.fail(error.message);
    return EXIT.misuse;
  }
  const stack = error instanceof Error ? error.stack : undefined;
  terminal.fail("this is a bug of akin's, please report it:", (stack ?? String(error)).split('\n'));
  return EXIT.bug;
}
