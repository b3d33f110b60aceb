import { Command } from '@commander-js/extra-typings';
import { writeFileAtomically } from '#adapters/atomic-file.ts';
import { csvCell } from '#application/audience-files.ts';
import type { LiveAudience, LiveStatus } from '#application/live/live-audience.ts';
import type { LiveScores } from '#application/live/score-users.ts';
import { DeployedStack, STACK_HELP } from '../deployed-stack.ts';
import { idsOf } from '../input.ts';
import { type LiveAudiences, localAudiences } from '../live-audiences.ts';
import { DEFAULT_DATA } from '../ranking-command.ts';
import { counted, printable, Terminal } from '../terminal.ts';

/** akin audience: live audiences, whose seeds grow, and which score any users at once. */
export function audienceCommand() {
  const audience = new Command('audience').addHelpText(
    'after',
    `
Examples:
  akin audience create spring --population shop
  akin audience add spring --population shop --seeds new-customers.csv
  akin audience refresh spring --population shop
  akin audience score spring --population shop --users visitors.txt > scores.csv`,
  );
  const commands = [createCommand(), addCommand(), refreshCommand(), scoreCommand(), showCommand(), forgetCommand()];
  for (const command of commands) audience.addCommand(command.exitOverride());
  return audience;
}

/** What all of them take. */
function commandOf(name: string, summary: string) {
  return new Command(name)
    .description(summary)
    .argument('<audience>', 'the audience')
    .requiredOption('--population <name>', 'the population that its seeds are users of')
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .option('--stack <name>', STACK_HELP)
    .option('--json', 'the result as JSON, for machines', false);
}

interface Flags {
  readonly population: string;
  readonly data: string;
  readonly stack?: string | undefined;
  readonly json: boolean;
}

interface Desk {
  readonly terminal: Terminal;
  readonly audiences: LiveAudiences;
  readonly at: LiveAudience;
}

async function deskFor(audience: string, { population, data, stack, json }: Flags): Promise<Desk> {
  const audiences = stack === undefined ? localAudiences(data) : (await DeployedStack.at(stack)).audiences();
  return { terminal: new Terminal(process.stdout, process.stderr, json), audiences, at: { population, audience } };
}

function createCommand() {
  return commandOf('create', 'begin a live audience; one that is there stays as it is')
    .addHelpText('after', '\nExample:\n  akin audience create spring --population shop')
    .action(async (audience, flags) => {
      const { terminal, audiences, at } = await deskFor(audience, flags);
      const status = await audiences.begin(at);
      if (flags.json) return terminal.json(status);
      terminal.print(`${at.population}/${at.audience} is there; add seeds with: akin audience add`);
    });
}

function addCommand() {
  return commandOf('add', 'add seeds; the next refresh takes them up')
    .requiredOption('--seeds <file>', 'the seeds: one id a line, CSV with an id column, or NDJSON')
    .addHelpText(
      'after',
      '\nExamples:\n  akin audience add spring --population shop --seeds new-customers.csv\n  akin audience add spring --population shop --seeds new.txt --stack akin',
    )
    .action(async (audience, flags) => {
      const { terminal, audiences, at } = await deskFor(audience, flags);
      const added = await audiences.add(at, await idsOf(flags.seeds));
      if (flags.json) return terminal.json({ ...at, added });
      const next = flags.stack === undefined ? 'akin audience refresh takes them up' : 'a refresh takes them up';
      terminal.print(`added ${counted(added, 'seed')} to ${at.population}/${at.audience}; ${next}`);
    });
}

function refreshCommand() {
  return commandOf('refresh', 'take up what was added: here at once, in a stack by waiting for the refresh to come')
    .addHelpText('after', '\nExample:\n  akin audience refresh spring --population shop')
    .action(async (audience, flags) => {
      const { terminal, audiences, at } = await deskFor(audience, flags);
      const status = await audiences.refresh(at, terminal.watch);
      terminal.finishStage();
      show(terminal, flags, status);
    });
}

function scoreCommand() {
  return commandOf('score', 'say how alike users are to the audience, by its last refresh')
    .requiredOption('--users <file>', 'the users: one id a line, CSV with an id column, or NDJSON')
    .option('--out <file>', 'where to write user_id,score; else it goes to the standard output')
    .addHelpText(
      'after',
      '\nExamples:\n  akin audience score spring --population shop --users visitors.txt\n  akin audience score spring --population shop --users visitors.txt --stack akin --json',
    )
    .action(async (audience, flags) => {
      const { terminal, audiences, at } = await deskFor(audience, flags);
      const { ids, source } = await idsOf(flags.users);
      const answer = await audiences.scores(at, ids);
      if (answer.unknown.length > 0) {
        terminal.warn(`${source}: ${answer.unknown.length} of ${ids.length} users are unknown; they have no score`);
      }
      await showScores(terminal, flags, ids, answer);
    });
}

function showCommand() {
  return commandOf('show', 'say how an audience stands')
    .addHelpText('after', '\nExample:\n  akin audience show spring --population shop')
    .action(async (audience, flags) => {
      const { terminal, audiences, at } = await deskFor(audience, flags);
      show(terminal, flags, await audiences.status(at));
    });
}

function forgetCommand() {
  return commandOf('delete', 'forget an audience and its seeds')
    .addHelpText('after', '\nExample:\n  akin audience delete spring --population shop')
    .action(async (audience, flags) => {
      const { terminal, audiences, at } = await deskFor(audience, flags);
      await audiences.forget(at);
      if (flags.json) terminal.json(at);
      else terminal.print(`deleted ${at.population}/${at.audience} and its seeds`);
    });
}

function show(terminal: Terminal, { json, stack }: Flags, status: LiveStatus): void {
  if (json) {
    terminal.json(status);
    return;
  }
  const { population, audience, answeredBy, refreshed, pending, isBehind } = status;
  terminal.title(`${population}/${audience}`);
  terminal.table(
    ['what', 'is'],
    [
      ['answered by', answeredBy],
      ['refreshed', refreshed ? timeOf(refreshed.at) : 'not yet'],
      ...(refreshed
        ? [
            ['generation', `${refreshed.generation}${isBehind ? ', there is a newer one' : ''}`],
            ['seeds known', String(refreshed.known)],
            ['of them without features', String(refreshed.withoutFeatures)],
            ['seeds unknown', String(refreshed.unknown)],
          ]
        : []),
      ['refresh to come', toCome(pending?.due, stack)],
    ],
  );
}

function toCome(due: number | undefined, stack: string | undefined): string {
  if (due === undefined) return 'no';
  return stack === undefined ? 'by akin audience refresh' : timeOf(due);
}

async function showScores(
  terminal: Terminal,
  { json, out }: Flags & { readonly out?: string | undefined },
  ids: readonly string[],
  answer: LiveScores,
): Promise<void> {
  if (json) return terminal.json(answer);
  const byId = new Map(answer.scores.map(({ userId, score }) => [userId, score]));
  if (out !== undefined) writeFileAtomically(out, scoresCsv(ids, byId));
  else if (!terminal.isInteractive) for (const line of scoresCsv(ids, byId)) await terminal.write(line);
  if (out === undefined && !terminal.isInteractive) return;
  const { answeredBy, generation, refreshed } = answer;
  terminal.title(
    `${counted(byId.size, 'user')} by ${answeredBy}, generation ${generation}, as of ${timeOf(refreshed)}`,
  );
  if (out !== undefined) return terminal.print(`scores ${out}`);
  terminal.table(
    ['user', 'score'],
    ids.map((id) => [printable(id), byId.get(id)?.toPrecision(6) ?? 'unknown']),
  );
}

/** A line for each user who was asked for; without a score for one who is unknown. */
function* scoresCsv(ids: readonly string[], byId: ReadonlyMap<string, number>): Generator<string> {
  yield 'user_id,score\n';
  for (const id of ids) yield `${csvCell(id)},${byId.get(id) ?? ''}\n`;
}

function timeOf(moment: number): string {
  return new Date(moment).toISOString();
}
