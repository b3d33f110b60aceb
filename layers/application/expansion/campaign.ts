/** A campaign as it was dropped: `seeds/<population>/<campaign>.csv`, `.ndjson` or `.txt`, gzipped or not, options beside it. */
import * as z from 'zod';
import type { ExpansionRequest } from '../audience-report.ts';
import { CANDIDATE_MODES } from '../choose-candidates.ts';
import { Invalid } from '../errors.ts';
import { EVIDENCE_LEVELS } from '../evidence.ts';
import type { IdList } from '../id-list.ts';
import { checkPopulationName } from '../population.ts';
import type { StepPorts } from '../ports.ts';
import { MOST_EFFORT, rankingOptionsOf } from '../ranking-options.ts';
import { sourceOf } from '../stored-file.ts';
import { readOptions, writeJson } from '../stored-json.ts';

export const CAMPAIGN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** What the names of seed files end in. */
export const SEED_ENDINGS: readonly string[] = ['.csv', '.ndjson', '.txt'].flatMap((format) => [
  format,
  `${format}.gz`,
]);
const SEED_FILE = /^(.+?)\.(?:csv|ndjson|txt)(?:\.gz)?$/;

export interface Campaign {
  readonly population: string;
  readonly campaign: string;
}

/** Undefined for what is no seed file and need not be one: options, lists of people to leave out, folders, what lies elsewhere. */
export function campaignOf(objectName: string): Campaign | undefined {
  const [folder, population, file = '', ...deeper] = objectName.split('/');
  if (folder !== 'seeds') return undefined;
  const isList = file === 'lists' && deeper.length > 0;
  if (isList || objectName.endsWith('/') || (deeper.length === 0 && file.endsWith('.json'))) return undefined;
  const campaign = deeper.length === 0 ? campaignIn(file) : undefined;
  if (campaign === undefined) {
    throw new Invalid(
      `${objectName}: expected seeds/<population>/<campaign>.csv, .ndjson or .txt (.gz or not), with a campaign of 1 to 63 letters, digits, dots, dashes and underscores`,
    );
  }
  return { population: checkPopulationName(population, `${objectName}: `), campaign };
}

/** The campaign whose seeds a file holds, by its name in the folder; undefined for every other name. */
export function campaignIn(file: string): string | undefined {
  const name = SEED_FILE.exec(file)?.[1];
  return name !== undefined && CAMPAIGN_NAME.test(name) ? name : undefined;
}

/** The name of a file below `seeds/<population>/lists/`. */
export const ListName = z.string().regex(/^[\w-][\w.-]*$/, 'expected the name of a file in lists/, without a path');

/** What may be said of a campaign, each by its name on the command line. */
export const CampaignOptions = z.strictObject({
  size: z
    .union([z.int().positive().transform(String), z.string()], {
      error: 'expected a whole number above 0, a share such as "5%", "all", or a promise such as "lift>=3"',
    })
    .default('1%'),
  ranker: z.string().optional(),
  measure: z.string().optional(),
  aggregate: z.string().optional(),
  space: z.string().optional(),
  filter: z.string().optional(),
  background: z.string().optional(),
  negatives: z.string().optional(),
  scaling: z.string().optional(),
  strength: z.string().optional(),
  rounds: z.string().optional(),
  factors: z.string().optional(),
  embedding: z.string().optional(),
  scorer: z.string().optional(),
  effort: z.int().min(1).max(MOST_EFFORT).optional(),
  evidence: z.enum(EVIDENCE_LEVELS).default('short'),
  baseRate: z.number().positive().max(1).optional(),
  drop: z.array(z.string()).default([]),
  binary: z.boolean().default(false),
  seed: z.int().nonnegative().max(9_999_999_999).default(1),
  candidates: z.enum(CANDIDATE_MODES).default('auto'),
  /** Names of files below `seeds/<population>/lists/`. */
  exclude: z.array(ListName).max(100).default([]),
  exposed: ListName.optional(),
  unlike: ListName.optional(),
});

/** The request that a seed file and its options make. */
export async function requestOf(
  ports: StepPorts,
  objectName: string,
  { population, campaign }: Campaign,
): Promise<ExpansionRequest> {
  const folder = `seeds/${population}/`;
  const { size, candidates, exclude, exposed, unlike, evidence, baseRate, ...ranking } = await readOptions(
    ports.objects,
    `${folder}${campaign}.json`,
    CampaignOptions,
  );
  const seeds = await idsIn(ports, objectName);
  const excluded: IdList[] = [];
  for (const name of exclude) excluded.push(await idsIn(ports, `${folder}lists/${name}`));
  const listIn = async (name: string | undefined) =>
    name === undefined ? undefined : idsIn(ports, `${folder}lists/${name}`);
  return {
    ...rankingOptionsOf(ranking),
    seeds,
    exclude: excluded,
    exposed: await listIn(exposed),
    unlike: await listIn(unlike),
    size,
    candidates,
    evidence,
    baseRate,
  };
}

function idsIn({ inputs, objects }: StepPorts, name: string): Promise<IdList> {
  return inputs.ids(name, sourceOf(objects, name));
}

/** How a campaign stands, under a name that who dropped the seeds can know before. */
export async function tellCampaign(
  { objects }: StepPorts,
  { population, campaign }: Campaign,
  state: 'running' | 'ready' | 'failed',
  details: object,
): Promise<void> {
  await writeJson(objects, `audiences/${population}/${campaign}.json`, { population, campaign, state, ...details });
}
