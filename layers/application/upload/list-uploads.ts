/** The uploads into one population that the line remembers, each with what akin last said of it. */
import * as z from 'zod';
import { inParallel, STORE_REQUESTS } from '../in-parallel.ts';
import { checkPopulationName, manifestOf } from '../population.ts';
import type { StepPorts } from '../ports.ts';
import { type Batch, batchFolder, STATUS_FILE } from './batch.ts';
import { batchesInLine } from './upload-line.ts';

export interface UploadStanding extends Batch {
  /** `gone`: its folder was emptied since; `unreadable`: what stands there is not akin's. */
  readonly state: string;
  /** When this was said, in milliseconds since 1970; absent where it is gone. */
  readonly toldAt?: number;
  readonly [detail: string]: unknown;
}

/** At most `limit`, the newest upload first; a batch that was uploaded again stands where its last upload does. */
export async function listUploads(ports: StepPorts, population: string, limit: number): Promise<UploadStanding[]> {
  checkPopulationName(population);
  const batches = await batchesInLine(ports.ledger, population);
  if (batches.length === 0) await manifestOf(ports, population); // a name that nobody knows is refused
  const uploads: UploadStanding[] = [];
  await inParallel(batches.slice(0, limit), STORE_REQUESTS, async (batch, place) => {
    uploads[place] = await standingOf(ports, { population, batch });
  });
  return uploads;
}

async function standingOf({ objects }: StepPorts, batch: Batch): Promise<UploadStanding> {
  const name = `${batchFolder(batch)}${STATUS_FILE}`;
  const entry = (await objects.entries(name)).find((each) => each.name === name);
  const bytes = entry && (await objects.read(name));
  if (!bytes) return { ...batch, state: 'gone' };
  return { ...(toldIn(bytes) ?? { state: 'unreadable' }), ...batch, toldAt: entry.modified };
}

const Told = z.looseObject({
  state: z.string(),
  reason: z.string().optional(),
  users: z.int().optional(),
  generation: z.int().optional(),
});

/** Whoever may drop files may write there as well, and is to spoil no list of all. */
function toldIn(bytes: Uint8Array): z.infer<typeof Told> | undefined {
  try {
    return Told.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined;
  }
}
