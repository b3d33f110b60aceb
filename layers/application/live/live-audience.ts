/**
 * Live audiences: their seeds grow all the time, and any users are scored against them at once. What stands on record of one is
 * small; its seeds and what was learned of them are objects below a folder of its life, which a forgotten audience never has again.
 */
import * as z from 'zod';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { CAMPAIGN_NAME } from '../expansion/campaign.ts';
import { changeRecord, recordOf } from '../ledger-record.ts';
import type { Manifest } from '../manifest.ts';
import { checkPopulationName, manifestOf } from '../population.ts';
import type { Ledger, LivePorts, ObjectStore } from '../ports.ts';

export interface LiveAudience {
  readonly population: string;
  readonly audience: string;
}

/** Who gives the scores of an audience: the attention scorer, or the mean cosine where seeds are too few for it. */
export const ANSWERERS = ['trained attention', 'untrained attention', 'fallback'] as const;
export type Answerer = (typeof ANSWERERS)[number];

/** Moments are milliseconds since 1970. */
const Refresh = z.object({
  /** When it began: all seeds that had come by then are in it. */
  at: z.number(),
  generation: z.int(),
  /** The model file of the index that its points are of: another one in every generation, also of a population that began anew. */
  index: z.string(),
  /** The object that held the seeds; empty where there were none. */
  seeds: z.string(),
  known: z.int(),
  unknown: z.int(),
  /** Of the known, those who lie nowhere. */
  withoutFeatures: z.int(),
  answeredBy: z.enum(ANSWERERS).optional(),
  /** The object that scores are computed from; absent where nobody answers. */
  model: z.string().optional(),
  /** The one of the refresh before. */
  before: z.string().optional(),
});
export type Refresh = z.infer<typeof Refresh>;

const Pending = z.object({
  /** Names the refresh, so that a message that comes twice is known. */
  token: z.string(),
  due: z.number(),
  /** When somebody set to work on it; what comes from then on needs another refresh. */
  takenAt: z.number().optional(),
});
export type Pending = z.infer<typeof Pending>;

const LiveRecord = z.object({
  /** Empty where there is no such audience. */
  life: z.string().default(''),
  /** The life before, whose objects may still be there. */
  past: z.string().default(''),
  pending: Pending.optional(),
  refresh: Refresh.optional(),
});
export type LiveRecord = z.infer<typeof LiveRecord>;

export interface LiveStatus extends LiveAudience {
  readonly answeredBy: Answerer | 'nobody';
  readonly refreshed?: Pick<Refresh, 'at' | 'generation' | 'known' | 'unknown' | 'withoutFeatures'> | undefined;
  /** Whether the population has a newer generation than the one that was refreshed of. */
  readonly isBehind: boolean;
  readonly pending?: Pick<Pending, 'due'> | undefined;
}

/** Begins an audience without seeds; whether this call did. */
export async function beginAudience(ports: LivePorts, at: LiveAudience): Promise<boolean> {
  await manifestOf(ports, at.population);
  const life = crypto.randomUUID();
  const record = await changeLive(ports.ledger, checkedAudience(at), (found) =>
    found.life === '' ? { life, past: found.past } : undefined,
  );
  // Tells whoever forgets the population that there is an audience; also where a call before broke off here.
  await ports.objects.create(`${lifeFolder(at, record.life)}${MARK}`, new Uint8Array());
  return record.life === life;
}

export async function liveStatus(ports: LivePorts, at: LiveAudience): Promise<LiveStatus> {
  const [manifest, { refresh, pending }] = await Promise.all([manifestOf(ports, at.population), liveRecord(ports, at)]);
  const { population, audience } = at;
  return {
    population,
    audience,
    answeredBy: refresh?.answeredBy ?? 'nobody',
    ...(refresh && { refreshed: pick(refresh) }),
    isBehind: refresh !== undefined && !isCurrent(refresh, manifest),
    ...(pending && { pending: { due: pending.due } }),
  };
}

/** Whether it is of the points that the manifest names. */
export function isCurrent({ index }: Refresh, manifest: Manifest): boolean {
  return index === manifest.index?.model.name;
}

function pick({ at, generation, known, unknown, withoutFeatures }: Refresh) {
  return { at, generation, known, unknown, withoutFeatures };
}

/** Forgets an audience: first its record, so that nobody finds it any more. Where it broke off, it goes on when it is asked again. */
export async function forgetAudience(
  { ledger, objects }: Pick<LivePorts, 'ledger' | 'objects'>,
  at: LiveAudience,
): Promise<void> {
  let isThere = false;
  const { past } = await changeLive(ledger, checkedAudience(at), ({ life }) => {
    isThere = life !== '';
    return isThere ? { life: '', past: life } : undefined;
  });
  const left = past === '' ? [] : await objects.list(lifeFolder(at, past));
  if (!isThere && left.length === 0) throw unknownAudience(at);
  await objects.remove(left);
}

/** Forgets the audiences of a population that is no more. */
export async function forgetAudiencesOf(
  { ledger, objects }: Pick<LivePorts, 'ledger' | 'objects'>,
  population: string,
): Promise<void> {
  const folder = livePrefix(checkPopulationName(population));
  const names = await objects.list(folder);
  for (const audience of new Set(names.map((name) => name.slice(folder.length).split('/')[0]))) {
    await changeLive(ledger, { population, audience }, ({ life }) =>
      life === '' ? undefined : { life: '', past: life },
    );
  }
  await objects.remove(names);
}

/** The record of an audience that there is. */
export async function liveRecord({ ledger }: { readonly ledger: Ledger }, at: LiveAudience): Promise<LiveRecord> {
  const record = await recordOf(ledger, recordName(checkedAudience(at)), LiveRecord);
  if (record.life !== '') return record;
  throw unknownAudience(at);
}

/** Changes the record of an audience, whoever else does; `change` gives undefined to leave it. */
export function changeLive(
  ledger: Ledger,
  at: LiveAudience,
  change: (record: LiveRecord) => LiveRecord | undefined,
): Promise<LiveRecord> {
  return changeRecord(ledger, recordName(at), LiveRecord, change);
}

/** Below here lie all live audiences of a population. */
export function livePrefix(population: string): string {
  return `live/${population}/`;
}

const MARK = 'audience';

export function lifeFolder({ population, audience }: LiveAudience, life: string): string {
  return `${livePrefix(population)}${audience}/${life}/`;
}

/**
 * The bytes of an object that was there when its name was learned; undefined where somebody has taken it away since. A store may
 * say of such a one that it is forbidden.
 */
export async function readUnlessGone(objects: ObjectStore, name: string): Promise<Uint8Array | undefined> {
  try {
    return await objects.read(name);
  } catch (error) {
    if ((await objects.list(name)).includes(name)) throw error;
    return undefined;
  }
}

/** As a person reads it in a sentence. */
export function shownAudience({ population, audience }: LiveAudience): string {
  return `${population}/${audience}`;
}

export function nobodyAnswers(at: LiveAudience, { refresh, pending }: LiveRecord): Conflict {
  const where = shownAudience(at);
  if (refresh && refresh.known + refresh.unknown > 0) {
    return new Conflict(
      `${where}: expected seeds that are users of the population and have features, got ${refresh.known + refresh.unknown} of whom ${refresh.unknown} are unknown and ${refresh.withoutFeatures} have no features`,
    );
  }
  const why = pending ? 'one whose first refresh is still to come' : 'one without seeds';
  return new Conflict(`${where}: expected an audience that has taken up seeds, got ${why}`);
}

function recordName({ population, audience }: LiveAudience): string {
  return `live/${population}/${audience}`;
}

function checkedAudience(at: LiveAudience): LiveAudience {
  checkPopulationName(at.population);
  if (CAMPAIGN_NAME.test(at.audience)) return at;
  throw new Invalid(
    `expected an audience name of 1 to 63 letters, digits, dots, dashes and underscores that starts with a letter or digit, got ${JSON.stringify(at.audience)}`,
  );
}

export function unknownAudience(at: LiveAudience): NotFound {
  return new NotFound(`expected a live audience that was begun, got ${JSON.stringify(shownAudience(at))}`);
}
