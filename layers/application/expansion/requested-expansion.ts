/**
 * Expansions that partners ask for by a call. Each is a campaign like one that was dropped: the call writes options and seeds
 * where a person would, and everything else goes its usual way. So a dropped campaign can be asked about here as well.
 */
import * as z from 'zod';
import { type AudiencePage, audiencePageOf } from '../audience-files.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Of } from '../digest.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { type Explanation, explainMember } from '../explain-member.ts';
import type { IdList } from '../id-list.ts';
import { inParallel, STORE_REQUESTS } from '../in-parallel.ts';
import { changeRecord } from '../ledger-record.ts';
import { forgetAudiencesOf } from '../live/live-audience.ts';
import {
  audiencePrefix,
  checkPopulationName,
  manifestOf,
  openGeneration,
  removeFiles,
  shardPrefix,
} from '../population.ts';
import type { Links, ObjectStore, Ports, StepPorts } from '../ports.ts';
import { chooseRanker, rankingOptionsOf } from '../ranking-options.ts';
import type { Settings } from '../settings.ts';
import { readIfAny, writeJson } from '../stored-json.ts';
import { CAMPAIGN_NAME, type Campaign, CampaignOptions, ListName, requestOf, SEED_ENDINGS } from './campaign.ts';
import { settleClaim } from './claim.ts';
import { jobOf } from './expand-drop.ts';
import { expansionFolder } from './expansion-job.ts';

/** More go by a list that was uploaded. */
export const MOST_INLINE_SEEDS = 10_000;

/** A list of seeds is copied by the function that takes the call, so it must fit into it. */
export const MOST_SEED_BYTES = 64 * 1024 * 1024;

/** What a function may answer with is 6 MB; a longer report is to be downloaded. */
const MOST_REPORT_BYTES = 4 * 1024 * 1024;

export const UserId = z.string().min(1).max(1_024);

export const SeedsGiven = z.union([z.array(UserId).min(1).max(MOST_INLINE_SEEDS), z.strictObject({ list: ListName })], {
  error: `expected 1 to ${MOST_INLINE_SEEDS} ids of 1 to 1024 characters, or {"list": "…"} with the name of a list that was uploaded`,
});
type SeedsGiven = z.infer<typeof SeedsGiven>;

export const ExpansionBody = CampaignOptions.extend({ seeds: SeedsGiven });
export type ExpansionBody = z.infer<typeof ExpansionBody>;

export type ExpansionState = 'waiting' | 'running' | 'ready' | 'failed';

export interface ExpansionStanding {
  readonly id: string;
  readonly population: string;
  readonly state: ExpansionState;
  /** How far a running one has come, where it runs shard by shard. */
  readonly progress?: { readonly stage: 'gather' | 'score'; readonly done: number; readonly total: number };
  readonly reason?: string | undefined;
  /** Of a ready one, how many people it holds. */
  readonly size?: number | undefined;
}

export interface ExpansionStatus extends ExpansionStanding {
  readonly report?: unknown;
}

export function expansionIdOf({ population, campaign }: Campaign): string {
  return `${population}~${campaign}`;
}

function campaignOfId(id: string): Campaign {
  const [population = '', campaign = '', ...others] = id.split('~');
  if (others.length > 0 || !CAMPAIGN_NAME.test(campaign)) throw unknownExpansion(id);
  return { population: checkPopulationName(population), campaign };
}

const Request = z.object({ body: z.string().default('') });

/** What a caller names a request by, so as to be able to make it again. */
export interface RequestKey {
  readonly key: string;
  /** The body as it came, without defaults: a release that has more options must not make it another body. */
  readonly sent: unknown;
}

/**
 * Asks for an expansion; its id. The same key and body ask for the same one, whatever happened before and at the same moment as
 * well; the same key and another body ask for nothing.
 */
export async function requestExpansion(
  ports: StepPorts,
  population: string,
  body: ExpansionBody,
  named: RequestKey | undefined,
): Promise<{ readonly id: string } | 'another body'> {
  await manifestOf(ports, population);
  const { seeds, ...options } = body;
  chooseRanker(rankingOptionsOf(options));
  await checkLists(ports.objects, population, body);
  const name = await sha256Of(named === undefined ? crypto.randomUUID() : JSON.stringify([population, named.key]));
  const campaign = { population, campaign: name.slice(0, 24) };
  const id = expansionIdOf(campaign);
  if (named !== undefined && !(await isSameBody(ports, id, named.sent))) return 'another body';
  const folder = `seeds/${population}/`;
  if ((await seedFileOf(ports.objects, campaign)) === undefined) {
    await writeJson(ports.objects, `${folder}${campaign.campaign}.json`, options);
    // Last, because its event begins the work; and by one call alone, because each writing of it would be another expansion.
    await ports.objects.create(
      `${folder}${campaign.campaign}.ndjson`,
      await seedBytes(ports.objects, population, seeds),
    );
  }
  return { id };
}

/** Remembered for good: what was asked for by a key must never be taken for something else. */
async function isSameBody({ ledger }: StepPorts, id: string, sent: unknown): Promise<boolean> {
  const hash = await sha256Of(canonicalJson(sent));
  const record = await changeRecord(ledger, `requests/${id}`, Request, (request) =>
    request.body === '' ? { body: hash } : undefined,
  );
  return record.body === hash;
}

/** Seeds that were given by a call, read as a dropped file of them would be; a list of at most so many bytes. */
export async function requestedSeeds(
  { objects, inputs }: StepPorts,
  population: string,
  seeds: SeedsGiven,
  mostBytes: number,
): Promise<IdList> {
  await checkLists(objects, population, { seeds, exclude: [] });
  const bytes = await seedBytes(objects, population, seeds, mostBytes);
  const name = 'list' in seeds ? `${listsFolder(population)}${seeds.list}` : 'body: seeds';
  return inputs.ids(name, async () => ReadableStream.from([bytes]));
}

async function checkLists(
  objects: ObjectStore,
  population: string,
  { seeds, exclude, exposed, unlike }: Pick<ExpansionBody, 'seeds' | 'exclude' | 'exposed' | 'unlike'>,
): Promise<void> {
  const wanted = [
    ...('list' in seeds ? [seeds.list] : []),
    ...exclude,
    ...[exposed, unlike].filter((name) => name !== undefined),
  ];
  if (wanted.length === 0) return;
  const prefix = listsFolder(population);
  const known = new Set(await objects.list(prefix));
  const missing = wanted.find((name) => !known.has(`${prefix}${name}`));
  if (missing !== undefined) throw unknownList(missing);
}

async function seedBytes(
  objects: ObjectStore,
  population: string,
  seeds: SeedsGiven,
  most = MOST_SEED_BYTES,
): Promise<Uint8Array> {
  if (!('list' in seeds)) return new TextEncoder().encode(seeds.map((id) => `${JSON.stringify({ id })}\n`).join(''));
  const name = await uploadedList(objects, population, seeds.list, most);
  const bytes = await objects.read(name);
  if (bytes) return bytes;
  throw new NotFound(`${name}: expected the list that was uploaded, but it is gone`);
}

/** The name of a list of seeds that was uploaded, if a call may read it. */
export async function uploadedList(
  objects: ObjectStore,
  population: string,
  list: string,
  most = MOST_SEED_BYTES,
): Promise<string> {
  const name = `${listsFolder(population)}${list}`;
  const entry = (await objects.entries(name)).find((each) => each.name === name);
  if (!entry) throw unknownList(list);
  if (entry.bytes <= most) return name;
  throw new Invalid(`${name}: expected seeds of at most ${most} bytes, got ${entry.bytes}; gzip them`);
}

function listsFolder(population: string): string {
  return `seeds/${population}/lists/`;
}

function unknownList(list: string): NotFound {
  return new NotFound(`expected a list that was uploaded, got ${JSON.stringify(list)}; ask for an upload first`);
}

/** The seed file, whatever its format: one where nobody dropped several. */
async function seedFilesOf(objects: ObjectStore, { population, campaign }: Campaign): Promise<string[]> {
  const start = `seeds/${population}/${campaign}`;
  const wanted = new Set(SEED_ENDINGS.map((ending) => `${start}${ending}`));
  return (await objects.list(`${start}.`)).filter((name) => wanted.has(name));
}

async function seedFileOf(objects: ObjectStore, campaign: Campaign): Promise<string | undefined> {
  return (await seedFilesOf(objects, campaign))[0];
}

const Told = z.object({
  state: z.enum(['running', 'ready', 'failed']),
  reason: z.string().optional(),
  job: z.string().optional(),
  shards: z.number().optional(),
  size: z.number().optional(),
  audience: z.string().optional(),
  report: z.string().optional(),
  manifest: z.string().optional(),
});
type Told = z.infer<typeof Told>;

async function toldOf({ objects }: Ports, { population, campaign }: Campaign): Promise<Told | undefined> {
  const bytes = await readIfAny(objects, stateName({ population, campaign }));
  return bytes && Told.parse(jsonIn(bytes));
}

function stateName({ population, campaign }: Campaign): string {
  return `audiences/${population}/${campaign}.json`;
}

function jsonIn(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** How an expansion stands, with its report once it is ready. */
export async function expansionStatus(ports: Ports, id: string): Promise<ExpansionStatus> {
  const campaign = campaignOfId(id);
  const told = await toldOf(ports, campaign);
  const standing = await standingBy(ports, campaign, told);
  if (!standing) throw unknownExpansion(id);
  const bytes = told?.report === undefined ? undefined : await ports.objects.read(told.report);
  const isShort = bytes !== undefined && bytes.length <= MOST_REPORT_BYTES;
  return { ...standing, report: isShort ? jsonIn(bytes) : undefined };
}

/** The same without the report; undefined where there is no such expansion. */
export async function standingOf(ports: Ports, campaign: Campaign): Promise<ExpansionStanding | undefined> {
  return standingBy(ports, campaign, await toldOf(ports, campaign));
}

async function standingBy(
  ports: Ports,
  campaign: Campaign,
  told: Told | undefined,
): Promise<ExpansionStanding | undefined> {
  const { population } = campaign;
  const id = expansionIdOf(campaign);
  if (!told) {
    const isAsked = (await seedFileOf(ports.objects, campaign)) !== undefined;
    return isAsked ? { id, population, state: 'waiting' } : undefined;
  }
  const { state, reason, size } = told;
  if (state === 'running') return { id, population, state, progress: await progressOf(ports, campaign, told) };
  return { id, population, state, reason, size };
}

function unknownExpansion(id: string): NotFound {
  return new NotFound(`expected an expansion that was asked for, got ${JSON.stringify(id)}`);
}

async function progressOf({ objects }: Ports, { population, campaign }: Campaign, { job = '', shards = 0 }: Told) {
  const folder = expansionFolder({ population, campaign, job });
  const scored = await objects.list(`${folder}ranking/`);
  if (scored.length > 0) return { stage: 'score', done: scored.length, total: shards } as const;
  const gathered = await objects.list(`${folder}evidence/`);
  return { stage: 'gather', done: gathered.length, total: shards } as const;
}

/** The files of an expansion that is ready. */
async function readyFiles(ports: Ports, id: string) {
  const told = await toldOf(ports, campaignOfId(id));
  const { state, audience, report, manifest } = told ?? {};
  if (state === 'ready' && audience !== undefined && report !== undefined && manifest !== undefined)
    return { audience, report, manifest };
  const { state: now, reason } = await expansionStatus(ports, id);
  const why = reason === undefined ? '' : `: ${reason}`;
  throw new Conflict(`expected an expansion that is ready, got ${id}, which is ${now}${why}`);
}

/** Members in the order of their ranks, from where the page before ended. */
export async function membersOf(
  ports: Ports,
  id: string,
  cursor: string | undefined,
  limit: number,
): Promise<AudiencePage> {
  const { audience } = await readyFiles(ports, id);
  return audiencePageOf(ports.objects, audience, cursor, limit);
}

/** Addresses from which anybody may read the files for some minutes. */
export async function downloadOf(ports: Ports, links: Links, id: string) {
  const { audience, report, manifest } = await readyFiles(ports, id);
  const [csv, json, inputs] = await Promise.all([audience, report, manifest].map((name) => links.toRead(name)));
  return { expires: links.readSeconds, audience: csv, report: json, manifest: inputs };
}

const Generation = z.object({ generation: z.number() });

/** Why one user stands where he or she stands, ranked anew by the same request. */
export async function reasonsOf(
  ports: StepPorts,
  settings: Settings,
  id: string,
  userId: string,
): Promise<Explanation> {
  const campaign = campaignOfId(id);
  const manifest = await manifestOf(ports, campaign.population);
  // Before anything of the expansion, so that nobody waits for one of which no reasons are given.
  if (manifest.users > settings.expandUsers) {
    throw new Conflict(
      `expected a population of at most ${settings.expandUsers} users to rank one anew, got ${manifest.users}; the report has the reasons of the first members`,
    );
  }
  const { report } = await readyFiles(ports, id);
  const seeds = await seedFileOf(ports.objects, campaign);
  if (seeds === undefined) throw new NotFound(`expected the seeds of ${id}, but they are gone`);
  const bytes = await ports.objects.read(report);
  const { generation } = Generation.parse(bytes && jsonIn(bytes));
  if (generation !== manifest.generation) {
    throw new Conflict(
      `expected the population as it was expanded, generation ${generation}, got ${manifest.generation}; ask for the expansion again`,
    );
  }
  const objects = ports.nearby(ports.objects);
  const population = await openGeneration({ ...ports, objects }, manifest, () => {});
  return explainMember({ ...ports, objects }, settings, population, await requestOf(ports, seeds, campaign), userId);
}

/** Takes away what the expansion was asked with and what came of it; one that is at work stops without a word. */
export async function forgetExpansion(ports: StepPorts, id: string, now: number): Promise<void> {
  const campaign = campaignOfId(id);
  const { objects } = ports;
  const seeds = await seedFilesOf(objects, campaign);
  const told = await toldOf(ports, campaign);
  if (seeds.length === 0 && !told) throw unknownExpansion(id);
  for (const file of seeds) {
    const job = await jobOf(ports, file, campaign);
    if (!job) continue;
    await settleClaim(ports.ledger, job, 'failed', now, 'it was cancelled');
    // Its steps find nothing to go on with.
    await objects.remove(await objects.list(expansionFolder(job)));
  }
  await otherDate(objects, seeds, now);
  const options = `seeds/${campaign.population}/${campaign.campaign}.json`;
  const files = told && (await isShared(ports, campaign, told)) ? [] : [told?.audience, told?.report, told?.manifest];
  await objects.remove(files.filter((name) => name !== undefined));
  // Last, because it tells whoever asks again which files there are to be forgotten.
  await objects.remove([...seeds, options, stateName(campaign)]);
}

/** S3 dates objects to the second, by a clock that may differ from ours by as much. */
const DATE_STEP_MS = 1_000;

/**
 * What identifies a job is its seed file as it lies there: asked for again within the second that the store dates it to, the
 * same file would be the job that was forgotten, and nobody would do it. So it is forgotten when that second is over.
 */
async function otherDate(objects: ObjectStore, seeds: readonly string[], now: number): Promise<void> {
  for (const file of seeds) {
    const [entry] = await objects.entries(file);
    const isDatedToSecond = entry && entry.modified % DATE_STEP_MS === 0;
    const left = isDatedToSecond ? entry.modified + 2 * DATE_STEP_MS - now : 0;
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(left, 2 * DATE_STEP_MS)));
  }
}

/** The same request makes the same files, whoever asks: another campaign may have them as well. */
async function isShared(ports: Ports, { population, campaign }: Campaign, { audience }: Told): Promise<boolean> {
  if (audience === undefined) return false;
  const prefix = `audiences/${population}/`;
  const names = (await ports.objects.list(prefix)).filter((name) => /^[^/]+\.json$/.test(name.slice(prefix.length)));
  const others = names.filter((name) => name !== stateName({ population, campaign }));
  let isFound = false;
  await inParallel(others, STORE_REQUESTS, async (name) => {
    const bytes = await ports.objects.read(name);
    if (bytes && Told.safeParse(jsonIn(bytes)).data?.audience === audience) isFound = true;
  });
  return isFound;
}

/** Forgets a population with all that was asked of it. Where it broke off, it goes on when it is asked again. */
export async function forgetPopulation(
  ports: Ports & Pick<StepPorts, 'announcements' | 'ledger'>,
  population: string,
): Promise<void> {
  checkPopulationName(population);
  const { objects, catalog, announcements } = ports;
  const left = await Promise.all(
    ['seeds', 'audiences', 'index', 'live'].map((folder) => objects.list(`${folder}/${population}/`)),
  );
  const isThere = (await catalog.manifest(population)) !== undefined;
  if (!isThere && left.every((names) => names.length === 0)) await manifestOf(ports, population); // which is not there
  await objects.remove(left[0]);
  if (isThere) await catalog.remove(population);
  // Before the files are gone, so that it is told again where it breaks off here.
  await announcements.announce('population forgotten', { population });
  await forgetAudiencesOf(ports, population);
  for (const prefix of [shardPrefix(population), audiencePrefix(population)]) {
    await removeFiles(ports, await objects.list(prefix));
  }
}
