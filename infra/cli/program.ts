/** The `akin` command: its subcommands, and how each ends. */
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { CODE_VERSION } from '#application/code-version.ts';
import { Conflict, Invalid, NotFound } from '#application/errors.ts';
import { Terminal } from './terminal.ts';

/** 2 for what the caller can mend, as shells and compilers have it; 1 for a bug of ours. */
const EXIT = { fine: 0, bug: 1, misuse: 2 } as const;

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandUnknownOpts>;
}

/** What a command needs is loaded for it alone: modules are most of a start. */
const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'expand a real audience from data that comes with akin',
    load: async () => (await import('./commands/demo.ts')).demoCommand(),
  },
  {
    name: 'ingest',
    summary: 'read files of users (NDJSON or CSV, gzipped or not) into a population',
    load: async () => (await import('./commands/ingest.ts')).ingestCommand(),
  },
  {
    name: 'train',
    summary: 'train the attention scorer on what a population knows of its users',
    load: async () => (await import('./commands/train.ts')).trainCommand(),
  },
  {
    name: 'list',
    summary: 'list the populations',
    load: async () => (await import('./commands/populations.ts')).listCommand(),
  },
  {
    name: 'status',
    summary: 'say what a population holds, and with --stack what was asked of it and how that stands',
    load: async () => (await import('./commands/status.ts')).statusCommand(),
  },
  {
    name: 'delete',
    summary: 'delete a population, its index and its audiences',
    load: async () => (await import('./commands/populations.ts')).deleteCommand(),
  },
  {
    name: 'seeds',
    summary: 'say who the seeds are, whether they are alike, and of how many kinds',
    load: async () => (await import('./commands/seeds.ts')).seedsCommand(),
  },
  {
    name: 'expand',
    summary: 'find the people most like the seeds',
    load: async () => (await import('./commands/expand.ts')).expandCommand(),
  },
  {
    name: 'explain',
    summary: 'say why a user has the score and the rank that he or she has',
    load: async () => (await import('./commands/explain.ts')).explainCommand(),
  },
  {
    name: 'audience',
    summary: 'live audiences: seeds that grow, scores at once',
    load: async () => (await import('./commands/audience.ts')).audienceCommand(),
  },
  {
    name: 'evaluate',
    summary: 'measure a ranker on campaigns whose answer is known',
    load: async () => (await import('./commands/evaluate.ts')).evaluateCommand(),
  },
];

/** The command with its subcommands, of which those work that a command line names. */
async function program(named: ReadonlySet<string>) {
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
  for (const { name, summary, load } of COMMANDS) {
    const command = named.has(name) ? await load() : new Command(name);
    akin.addCommand(command.description(summary).exitOverride());
  }
  return akin.exitOverride();
}

/** Runs one command line (without the program's own name) and gives its exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await (await program(new Set(argv))).parseAsync([...argv], { from: 'user' });
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
