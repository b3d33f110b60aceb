import { join } from 'node:path';
import { writeFileAtomically } from '#adapters/atomic-file.ts';
import { audienceCsv, saveAudience } from '#application/audience-files.ts';
import type { Audience, ExpansionReport, ExpansionRequest } from '#application/audience-report.ts';
import { CANDIDATE_MODES, checkCandidateMode, type RetrievalReport } from '#application/choose-candidates.ts';
import { Invalid } from '#application/errors.ts';
import { checkEvidenceLevel, EVIDENCE_LEVELS } from '#application/evidence.ts';
import { expandAudience } from '#application/expand-audience.ts';
import { openPopulation, type Population } from '#application/population.ts';
import { rankerTitle, rankingOptionsOf } from '#application/ranking-options.ts';
import type { Estimate } from '#domain/evaluation/intervals.ts';
import type { Contribution, NearestKind } from '#domain/ranking/ranker.ts';
import { DeployedStack, STACK_HELP } from '../deployed-stack.ts';
import { allIdsOf, furtherPeople, idsOf, transientPopulation } from '../input.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { collect, EXPOSED_HELP, rankingCommand, shareOf, UNLIKE_HELP } from '../ranking-command.ts';
import { counted, Terminal } from '../terminal.ts';

/** akin expand: seeds become a ranked audience. */
export function expandCommand() {
  return rankingCommand('expand')
    .option('--population <name>', 'the population to search')
    .option('--stack <name>', STACK_HELP)
    .option('--users <file...>', 'or: files of users to search this once; nothing of them is kept')
    .requiredOption('--seeds <file>', 'the seeds: one id a line, CSV with an id column, or NDJSON')
    .requiredOption(
      '--size <n>',
      'how many people: a number, a share such as 5%, all, or by promise: lift>=3, recall>=0.5, precision>=0.1',
    )
    .option('--exclude <file>', 'people who must not be in the audience (repeatable)', collect, [])
    .option('--exposed <file>', EXPOSED_HELP)
    .option('--unlike <file>', UNLIKE_HELP)
    .option('--evidence <level>', `how much of the proof to compute: ${EVIDENCE_LEVELS.join(', ')}`, 'short')
    .option(
      '--base-rate <share>',
      'the share of everybody who would do, as you know it: it makes precision of lift',
      shareOf,
    )
    .option('--candidates <mode>', `whom to rank: ${CANDIDATE_MODES.join(', ')}`, 'auto')
    .option(
      '--out <file>',
      'where to write the audience; else it goes to the standard output if that is not a terminal',
    )
    .addHelpText(
      'after',
      `
Examples:
  akin expand --population shop --seeds best-customers.csv --size 1000 --out audience.csv
  akin expand --users users.ndjson.gz --seeds seeds.txt --size 5% --exclude unsubscribed.csv > audience.csv
  akin expand --population shop --seeds seeds.txt --size 'lift>=3' --evidence full
  akin expand --population shop --seeds seeds.txt --size all --ranker similarity --measure jaccard --json`,
    )
    .action(async (flags) => {
      const terminal = new Terminal(process.stdout, process.stderr, flags.json);
      const seeds = await idsOf(flags.seeds);
      const exclude = await allIdsOf(flags.exclude);
      const candidates = checkCandidateMode(flags.candidates);
      const request: ExpansionRequest = {
        ...rankingOptionsOf(flags),
        ...(await furtherPeople(flags)),
        seeds,
        exclude,
        size: flags.size,
        candidates,
        evidence: checkEvidenceLevel(flags.evidence),
        baseRate: flags.baseRate,
      };
      if (flags.stack !== undefined) return expandInStack(flags.stack, flags, request, terminal);
      const population = await populationOf(flags, terminal);
      const ports = localPorts(flags.data);
      const audience = await expandAudience(ports, localSettings(), population, request, terminal.watch);
      terminal.finishStage();
      for (const warning of audience.report.warnings) terminal.warn(warning);
      const files = await write(flags, population, request, audience);
      await show(terminal, flags, audience, files);
    });
}

/** The stack keeps the audience; this machine gets the list as well. */
async function expandInStack(
  address: string,
  flags: Flags,
  request: ExpansionRequest,
  terminal: Terminal,
): Promise<void> {
  const { population, users, out } = flags;
  if (population === undefined || users !== undefined)
    throw new Invalid('expected --population with --stack, and no --users: a stack expands what it holds');
  const audience = await (await DeployedStack.at(address)).expand(population, request, terminal.watch);
  terminal.finishStage();
  for (const warning of audience.report.warnings) terminal.warn(warning);
  if (out !== undefined) writeFileAtomically(out, audienceCsv(audience.members));
  await show(terminal, flags, audience, out === undefined ? {} : { audience: out });
}

interface Flags {
  readonly population?: string | undefined;
  readonly users?: string[] | undefined;
  readonly data: string;
  readonly out?: string | undefined;
  readonly json: boolean;
  readonly evidence: string;
}

async function populationOf({ population, users, data }: Flags, terminal: Terminal): Promise<Population> {
  if (population !== undefined && users === undefined)
    return openPopulation(localPorts(data), population, terminal.watch);
  if (users === undefined || population !== undefined)
    throw new Invalid('expected either --population or --users, got both or neither');
  const transient = await transientPopulation(users, terminal.watch);
  if (transient.duplicates > 0)
    terminal.warn(`${counted(transient.duplicates, 'user')} given more than once; the later one counts`);
  return transient.population;
}

/** What was written, as paths. An expansion of a kept population is kept with it. */
async function write(
  { population, data, out }: Flags,
  opened: Population,
  request: ExpansionRequest,
  audience: Audience,
): Promise<Readonly<Record<string, string>>> {
  if (out !== undefined) writeFileAtomically(out, audienceCsv(audience.members));
  if (population === undefined) return out === undefined ? {} : { audience: out };
  const names = await saveAudience(localPorts(data).objects, localSettings(), opened, request, audience);
  const kept = Object.fromEntries(Object.entries(names).map(([what, name]) => [what, join(data, name)]));
  return out === undefined ? kept : { ...kept, audience: out };
}

async function show(
  terminal: Terminal,
  { json, out, evidence }: Flags,
  { members, report }: Audience,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  if (json) {
    const listed = out === undefined ? { audience: members } : {};
    return terminal.json({ ...report, files, ...listed });
  }
  if (out === undefined && !terminal.isInteractive) {
    for (const line of audienceCsv(members)) await terminal.write(line);
    return;
  }
  showSummary(terminal, report, evidence === 'full');
  for (const [what, path] of Object.entries(files)) terminal.print(`${what.padEnd(9)} ${path}`);
  if (Object.keys(files).length === 0) terminal.print('to keep the list: --out FILE');
}

function showSummary(terminal: Terminal, report: ExpansionReport, isFull: boolean): void {
  const { seeds, ranker, size, candidates, firstMembers } = report;
  terminal.title(`${size} of ${candidates} people most like ${seeds.matched} seeds, by ${rankerTitle(ranker)}`);
  terminal.table(
    ['rank', 'user', 'score', 'what speaks most for him or her'],
    firstMembers.map(({ rank, userId, score, contributions, kind }) => [
      rank,
      userId,
      Number(score.toPrecision(4)),
      kind ? kindSentence(kind) : telling(contributions),
    ]),
  );
  const found = retrievalSentence(report.retrieval);
  if (found) terminal.print(found);
  showEvidence(terminal, report, isFull);
}

function telling(contributions: readonly Contribution[]): string {
  return contributions
    .slice(0, 3)
    .map(({ feature, amount }) => `${feature} ${amount.toPrecision(2)}`)
    .join(', ');
}

/** Whom among the seeds somebody is most like, by what those have that other seeds have not. */
export function kindSentence({ cluster, features }: NearestKind): string {
  return features.length === 0 ? `the seeds of ${cluster}` : `the seeds of ${cluster}, with ${features.join(', ')}`;
}

/** The proof: the ranking at the audience's size, beside what anybody could have had for less; in full, beside all others. */
export function showEvidence(terminal: Terminal, { evidence, ranker, size }: ExpansionReport, isFull = false): void {
  if (!evidence) return;
  const { auc, recall, lift, precision, heldOutSeeds, beside, tried, winner, why, verdict } = evidence;
  const title = rankerTitle(ranker);
  const others = isFull ? tried.filter(({ name }) => name !== winner) : [];
  terminal.print();
  terminal.title(`What ${counted(heldOutSeeds, 'seed')} tell that were held out in turn (90 % intervals)`);
  terminal.table(
    ['ranking', 'AUC', `recall@${size}`, `lift@${size}`],
    [
      [winner === title ? title : `${title}: ${winner}`, range(auc, 3), range(recall, 3), range(lift, 2)],
      ...[...others, ...beside.toReversed()].map(({ name, ...figures }) => [
        name,
        figures.auc.toFixed(3),
        figures.recall.toFixed(3),
        figures.lift.toFixed(2),
      ]),
    ],
  );
  terminal.print(verdict.reason);
  terminal.print(why);
  if (precision) terminal.print(`precision at the given base rate: ${range(precision, 3)}`);
}

/** A figure and its interval. */
export function range({ value, low, high }: Estimate, digits: number): string {
  return `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}

/** How the candidates were found, and how many of the best among them; nothing where everybody was looked at. */
export function retrievalSentence({
  used,
  scored,
  scoredShare,
  fromBuckets,
  fromNeighbors,
  recall,
}: RetrievalReport): string | undefined {
  if (used === 'all' || !recall) return undefined;
  const percent = (share: number | undefined) => `${((share ?? 0) * 100).toFixed(1)} %`;
  const sources = [
    ...(fromBuckets === undefined ? [] : [`${fromBuckets} from buckets (recall ${percent(recall.buckets)})`]),
    ...(fromNeighbors === undefined ? [] : [`${fromNeighbors} from neighbors (recall ${percent(recall.neighbors)})`]),
  ];
  return `${scored} candidates (${percent(scoredShare)} of all) by ${used}: ${sources.join(', ')}; ${percent(recall.chosen)} of the best are among them`;
}
