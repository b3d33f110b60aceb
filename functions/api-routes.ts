/** The API on one page: what may be called, with what, and what is answered. Validation and the OpenAPI document are made of it. */
import * as z from 'zod';
import { ExpansionBody } from '#application/expansion/requested-expansion.ts';
import { SeedsBody } from '#application/live/add-seeds.ts';
import { ANSWERERS } from '#application/live/live-audience.ts';
import { ScoresBody } from '#application/live/score-users.ts';
import { PopulationContents } from '#application/population-contents.ts';
import { SeedReportBody } from '#application/requested-seed-report.ts';
import { PartsQuery, TransferEnd } from '#application/upload/requested-transfer.ts';
import { CloseBody, UploadBody } from '#application/upload/requested-upload.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the stage, which is `/v1`. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The answer that is no problem: its status and what it holds. */
  readonly status: number;
  readonly answer: z.ZodType;
  /** The file of functions/ that answers it with the memory of a worker; api.ts where none is named. */
  readonly worker?: Worker;
}

/** Calls that rank or score. */
export const WORKERS = ['explain', 'live-audience'] as const;
export type Worker = (typeof WORKERS)[number];

const MOST_MEMBERS = 5_000;
/** Of uploads or of expansions. */
export const MOST_LISTED = 100;

const Population = z.object({
  population: z.string(),
  generation: z.int(),
  users: z.int(),
  features: z.int(),
  shards: z.int(),
  bytes: z.int(),
  indexBytes: z.int(),
});

/** A generation that an older release wrote has its summary alone. */
const PopulationStatus = Population.extend({
  featuresPerUser: z.number().optional(),
  ...PopulationContents.omit({ entries: true }).partial().shape,
});

const Upload = z.looseObject({
  population: z.string(),
  batch: z.string(),
  state: z.string(),
  reason: z.string().optional().meta({ description: 'why it failed' }),
  users: z.int().optional(),
  generation: z.int().optional(),
});

const Expansion = z.object({
  id: z.string(),
  population: z.string(),
  state: z.enum(['waiting', 'running', 'ready', 'failed']),
  progress: z.object({ stage: z.enum(['gather', 'score']), done: z.int(), total: z.int() }).optional(),
  reason: z.string().optional().meta({ description: 'why it failed' }),
  report: z.record(z.string(), z.unknown()).optional(),
  size: z.int().optional().meta({ description: 'how many people a ready one holds' }),
});

const Listing = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MOST_LISTED).default(20).meta({ description: 'the newest so many' }),
});

const Moment = z.number().meta({ description: 'milliseconds since 1970' });

const Coherence = z.object({
  amongSeeds: z.number(),
  toRandomUsers: z.number(),
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  isCoherent: z.boolean(),
});

const DefiningFeature = z.object({
  feature: z.string(),
  informationValue: z.number(),
  share: z.number(),
  otherShare: z.number(),
});

const SeedReport = z.object({
  population: z.string(),
  generation: z.int(),
  users: z.int(),
  dropped: z.array(z.string()),
  binary: z.boolean(),
  seed: z.int(),
  seeds: z.object({
    given: z.int(),
    duplicates: z.int(),
    matched: z.int(),
    unmatched: z.int(),
    withoutFeatures: z.int(),
    excludedToo: z.int(),
  }),
  unmatched: z.object({
    spelling: z.object({ count: z.int(), first: z.array(z.object({ given: z.string(), user: z.string() })) }),
    unknown: z.object({ count: z.int(), first: z.array(z.string()) }),
  }),
  compared: z.object({ seeds: z.int(), randomUsers: z.int() }),
  coherence: Coherence.optional(),
  clustersToldFrom: z.enum(['other seeds', 'random users']),
  clusters: z.array(z.object({ size: z.int(), features: z.array(DefiningFeature) })),
  outliers: z.object({
    count: z.int(),
    first: z.array(z.object({ userId: z.string(), similarity: z.number() })),
  }),
  warnings: z.array(z.string()),
});

const Contribution = z.object({ feature: z.string(), amount: z.number() });

const LiveAudience = z.object({
  population: z.string(),
  audience: z.string(),
  answeredBy: z.enum([...ANSWERERS, 'nobody']).meta({ description: 'who gives the scores: fallback below 100 seeds' }),
  refreshed: z
    .object({
      at: Moment,
      generation: z.int(),
      known: z.int().meta({ description: 'seeds that are users of the generation' }),
      unknown: z.int(),
      withoutFeatures: z.int().meta({ description: 'of the known' }),
    })
    .optional(),
  isBehind: z.boolean().meta({ description: 'whether the population has a newer generation' }),
  pending: z.object({ due: Moment }).optional().meta({ description: 'a refresh that is to come' }),
});

const Nothing = z.undefined();

const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'expected 1 to 255 visible ASCII characters')
  .optional()
  .meta({ description: 'The same key and body ask for the same expansion, however often.' });

/** `wait=20`: answered with the result if there is one by then. */
const Prefer = z
  .string()
  .max(200)
  .optional()
  .meta({ description: '`wait=20` waits up to so many seconds (20 at most) for the result.' });

export const ROUTES = {
  populations: {
    method: 'GET',
    path: '/populations',
    summary: 'The populations that there are',
    status: 200,
    answer: z.object({ populations: z.array(Population) }),
  },
  population: {
    method: 'GET',
    path: '/populations/{population}',
    summary: 'What a population holds',
    status: 200,
    answer: PopulationStatus,
  },
  deletePopulation: {
    method: 'DELETE',
    path: '/populations/{population}',
    summary: 'Forgets a population and its audiences',
    status: 204,
    answer: Nothing,
  },
  openUpload: {
    method: 'POST',
    path: '/populations/{population}/uploads',
    summary: 'Addresses to PUT files of users, or a list of ids, to',
    body: UploadBody,
    status: 201,
    answer: z.object({
      expires: z.int().meta({ description: 'seconds' }),
      files: z.array(
        z.object({
          name: z.string(),
          url: z.string().optional().meta({ description: 'one PUT of the whole file' }),
          transfer: z
            .object({ id: z.string(), partBytes: z.int(), parts: z.int() })
            .optional()
            .meta({ description: 'instead: the file is to be sent in parts, all but the last of so many bytes' }),
        }),
      ),
    }),
  },
  parts: {
    method: 'GET',
    path: '/populations/{population}/uploads/{batch}/files/{file}/parts',
    summary: 'Addresses to PUT the parts of a large file to',
    query: PartsQuery,
    status: 200,
    answer: z.object({
      expires: z.int().meta({ description: 'seconds' }),
      parts: z.array(z.object({ part: z.int(), url: z.string() })),
    }),
  },
  endTransfer: {
    method: 'PUT',
    path: '/populations/{population}/uploads/{batch}/files/{file}',
    summary: 'Makes the parts that were sent one file',
    body: TransferEnd,
    status: 200,
    answer: z.object({ name: z.string() }),
  },
  uploads: {
    method: 'GET',
    path: '/populations/{population}/uploads',
    summary: 'The uploads that were closed, newest first, and how each stands',
    query: Listing,
    status: 200,
    answer: z.object({
      uploads: z.array(Upload.extend({ toldAt: Moment.optional() })),
    }),
  },
  closeUpload: {
    method: 'PUT',
    path: '/populations/{population}/uploads/{batch}',
    summary: 'Says that a batch is complete: it becomes the next generation',
    body: CloseBody,
    status: 202,
    answer: Upload,
  },
  upload: {
    method: 'GET',
    path: '/populations/{population}/uploads/{batch}',
    summary: 'How an upload stands',
    status: 200,
    answer: Upload,
  },
  requestSeedReport: {
    method: 'POST',
    path: '/populations/{population}/seed-reports',
    summary: 'What seeds are worth, before anything is fitted to them',
    body: SeedReportBody,
    status: 200,
    answer: SeedReport,
    worker: 'explain',
  },
  expansions: {
    method: 'GET',
    path: '/populations/{population}/expansions',
    summary: 'The expansions that were asked for, newest first, and how each stands',
    query: Listing,
    status: 200,
    answer: z.object({
      expansions: z.array(Expansion.omit({ report: true }).extend({ askedAt: Moment })),
    }),
  },
  requestExpansion: {
    method: 'POST',
    path: '/populations/{population}/expansions',
    summary: 'Asks for the people most like the seeds',
    headers: z.object({ 'idempotency-key': IdempotencyKey, prefer: Prefer }),
    body: ExpansionBody,
    status: 202,
    answer: Expansion,
  },
  expansion: {
    method: 'GET',
    path: '/expansions/{id}',
    summary: 'How an expansion stands, with its report once it is ready',
    headers: z.object({ prefer: Prefer }),
    status: 200,
    answer: Expansion,
  },
  deleteExpansion: {
    method: 'DELETE',
    path: '/expansions/{id}',
    summary: 'Cancels an expansion, or forgets it',
    status: 204,
    answer: Nothing,
  },
  members: {
    method: 'GET',
    path: '/expansions/{id}/members',
    summary: 'The audience, best first, page by page',
    query: z.strictObject({
      cursor: z.string().max(40).optional().meta({ description: '`next` of the page before' }),
      limit: z.coerce.number().int().min(1).max(MOST_MEMBERS).default(1_000),
    }),
    status: 200,
    answer: z.object({
      members: z.array(z.object({ rank: z.int(), userId: z.string(), score: z.number() })),
      next: z.string().optional(),
    }),
  },
  member: {
    method: 'GET',
    path: '/expansions/{id}/members/{user}',
    summary: 'Why somebody stands where he or she stands',
    status: 200,
    answer: z.object({
      userId: z.string(),
      role: z.enum(['candidate', 'seed', 'excluded']),
      score: z.number(),
      rank: z.int(),
      candidates: z.int(),
      ranker: z.object({ name: z.string(), choices: z.record(z.string(), z.string()) }),
      contributions: z.array(Contribution),
      kind: z
        .object({ cluster: z.string(), features: z.array(z.string()), global: z.number(), local: z.number() })
        .optional()
        .meta({ description: 'the kind of seeds that the user is most like, where the ranker knows of kinds' }),
      warnings: z.array(z.string()),
    }),
    worker: 'explain',
  },
  download: {
    method: 'GET',
    path: '/expansions/{id}/download',
    summary: 'Addresses of the files of an audience',
    status: 200,
    answer: z.object({
      expires: z.int().meta({ description: 'seconds' }),
      audience: z.string(),
      report: z.string(),
      manifest: z.string(),
    }),
  },
  beginAudience: {
    method: 'PUT',
    path: '/populations/{population}/audiences/{audience}',
    summary: 'Begins a live audience, whose seeds grow; 200 where it is there',
    status: 201,
    answer: LiveAudience,
  },
  audience: {
    method: 'GET',
    path: '/populations/{population}/audiences/{audience}',
    summary: 'How a live audience stands',
    status: 200,
    answer: LiveAudience,
  },
  forgetAudience: {
    method: 'DELETE',
    path: '/populations/{population}/audiences/{audience}',
    summary: 'Forgets a live audience and its seeds',
    status: 204,
    answer: Nothing,
  },
  addSeeds: {
    method: 'POST',
    path: '/populations/{population}/audiences/{audience}/seeds',
    summary: 'Adds seeds to a live audience; its next refresh takes them up',
    body: SeedsBody,
    status: 202,
    answer: z.object({ added: z.int().meta({ description: 'ids, each once' }), due: Moment }),
    worker: 'live-audience',
  },
  scoreUsers: {
    method: 'POST',
    path: '/populations/{population}/audiences/{audience}/scores',
    summary: 'How alike users are to a live audience, now',
    body: ScoresBody,
    status: 200,
    answer: z.object({
      answeredBy: z.enum(ANSWERERS),
      generation: z.int(),
      refreshed: Moment,
      scores: z.array(z.object({ userId: z.string(), score: z.number() })),
      unknown: z.array(z.string()).meta({ description: 'who is no user of the generation' }),
    }),
    worker: 'live-audience',
  },
  openApi: {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document',
    status: 200,
    answer: z.record(z.string(), z.unknown()),
  },
} as const satisfies Readonly<Record<string, Route>>;

export type RouteName = keyof typeof ROUTES;

export function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
}
