import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { Invalid, NotFound } from '#application/errors.ts';
import { type PopulationStatus, type PopulationSummary, statusOf } from '#application/population.ts';
import { MOST_LISTED } from '#functions/api-routes.ts';
import { DeployedStack, STACK_HELP } from '../deployed-stack.ts';
import { localPorts } from '../local-ports.ts';
import { DEFAULT_DATA } from '../ranking-command.ts';
import { counted, Terminal } from '../terminal.ts';
import { showPopulations } from './populations.ts';

const LISTED = 20;
const SHOWN_FIELDS = 20;

type Upload = Awaited<ReturnType<DeployedStack['uploads']>>[number];
type Expansion = Awaited<ReturnType<DeployedStack['expansions']>>[number];

/** akin status: what a population holds, and what a stack has done and is doing. */
export function statusCommand() {
  return new Command('status')
    .option('--population <name>', 'the population; with --stack it may be left out: all of them')
    .option('--limit <n>', `with --stack: the newest so many uploads and expansions (${LISTED} unless said)`, limitOf)
    .option('--data <folder>', 'where populations are kept', DEFAULT_DATA)
    .addOption(new Option('--stack <name>', STACK_HELP).conflicts('data'))
    .option('--json', 'the result as JSON, for machines', false)
    .addHelpText(
      'after',
      '\nExamples:\n  akin status --population shop\n  akin status --stack akin\n  akin status --population shop --stack akin --limit 5',
    )
    .action(async ({ population, limit, data, stack, json }) => {
      const terminal = new Terminal(process.stdout, process.stderr, true);
      if (stack !== undefined) {
        const there = await DeployedStack.at(stack);
        if (population === undefined) return tellAll(terminal, there, limit ?? LISTED, json);
        return tellOne(terminal, there, population, limit ?? LISTED, json);
      }
      if (population === undefined) throw new Invalid('expected --population, or --stack, got neither');
      if (limit !== undefined)
        throw new Invalid('expected --limit with --stack: a folder keeps no list of what was asked');
      const status = await statusOf(localPorts(data), population, terminal.watch);
      if (json) terminal.json(status);
      else showStatus(terminal, status);
    });
}

function limitOf(text: string): number {
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MOST_LISTED) return limit;
  throw new InvalidArgumentError(`expected a whole number from 1 to ${MOST_LISTED}`);
}

async function tellAll(terminal: Terminal, stack: DeployedStack, limit: number, json: boolean): Promise<void> {
  const populations = await stack.populations();
  const uploads: Upload[] = [];
  const expansions: Expansion[] = [];
  for (const { population } of populations) {
    uploads.push(...((await ifThere(stack.uploads(population, limit))) ?? []));
    expansions.push(...((await ifThere(stack.expansions(population, limit))) ?? []));
  }
  uploads.sort((left, right) => (right.toldAt ?? 0) - (left.toldAt ?? 0));
  expansions.sort((left, right) => right.askedAt - left.askedAt);
  const work = { uploads: uploads.slice(0, limit), expansions: expansions.slice(0, limit) };
  if (json) return terminal.json({ populations, ...work });
  if (populations.length === 0) terminal.print('no populations');
  else showPopulations(terminal, populations);
  showWork(terminal, work);
}

/** Of a population that is uploaded for the first time, or was deleted, there is still what was asked of it. */
async function tellOne(
  terminal: Terminal,
  stack: DeployedStack,
  population: string,
  limit: number,
  json: boolean,
): Promise<void> {
  const asked = stack.status(population);
  const [status, uploads, expansions] = await Promise.all([
    ifThere(asked),
    ifThere(stack.uploads(population, limit)),
    ifThere(stack.expansions(population, limit)),
  ]);
  if (!status && !uploads && !expansions) await asked;
  const work = { uploads: uploads ?? [], expansions: expansions ?? [] };
  if (json) return terminal.json({ population, ...status, ...work });
  if (status) showStatus(terminal, status);
  else terminal.title(`${population}: holds nobody`);
  showWork(terminal, work);
}

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

function showStatus(terminal: Terminal, status: PopulationSummary | PopulationStatus): void {
  const counts = 'fields' in status ? status : undefined;
  if (!counts) terminal.warn('an older akin wrote this generation: to be told more, upload to the population again');
  terminal.title(`${status.population}, generation ${status.generation}`);
  terminal.table(
    ['what', 'how many'],
    [
      ['users', status.users],
      ...(counts ? [['users without features', counts.usersWithoutFeatures] as const] : []),
      ['features', status.features],
      ...(counts ? [['features a user', Number(counts.featuresPerUser.toFixed(2))] as const] : []),
      ['shards', status.shards],
      ['bytes', status.bytes],
      ['index bytes', status.indexBytes],
    ],
  );
  if (!counts) return;
  terminal.print(counts.weighted ? 'features have weights' : 'features have no weights');
  terminal.table(
    ['field', 'features'],
    counts.fields.slice(0, SHOWN_FIELDS).map(({ field, features }) => [field, features]),
  );
}

function showWork(
  terminal: Terminal,
  { uploads, expansions }: { readonly uploads: readonly Upload[]; readonly expansions: readonly Expansion[] },
): void {
  terminal.print();
  if (uploads.length === 0) terminal.print('no uploads');
  else
    terminal.table(
      ['upload', 'state', 'told', 'what of it'],
      uploads.map((upload) => [
        `${upload.population}/${upload.batch}`,
        upload.state,
        upload.toldAt === undefined ? '' : moment(upload.toldAt),
        outcomeOf(upload),
      ]),
    );
  terminal.print();
  if (expansions.length === 0) terminal.print('no expansions');
  else
    terminal.table(
      ['expansion', 'state', 'asked', 'what of it'],
      expansions.map(({ id, state, askedAt, reason, size, progress }) => [
        id,
        state,
        moment(askedAt),
        reason ??
          (size === undefined ? undefined : `${size} people`) ??
          (progress ? `${progress.stage} ${progress.done} of ${progress.total}` : ''),
      ]),
    );
}

function outcomeOf({ reason, users, generation }: Upload): string {
  const counts = [
    ...(users === undefined ? [] : [counted(users, 'user')]),
    ...(generation === undefined ? [] : [`generation ${generation}`]),
  ];
  return reason ?? counts.join(', ');
}

/** `2026-11-25T15:00:00Z`. */
function moment(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '');
}
