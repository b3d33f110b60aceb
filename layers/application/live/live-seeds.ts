/**
 * The seeds of a live audience: each call leaves an object of its own, and a refresh makes one of all of them. As merging is
 * idempotent, nothing is lost and nothing is counted twice, whoever adds or merges at the same moment or breaks off.
 */
import { type DatedIds, mergeDatedIds } from '#domain/features/dated-ids.ts';
import { sha256Of } from '../digest.ts';
import { inParallel, STORE_REQUESTS } from '../in-parallel.ts';
import type { LivePorts } from '../ports.ts';
import { readUnlessGone } from './live-audience.ts';

export interface GatheredSeeds {
  readonly ids: readonly string[];
  /** The object that holds them all; empty where there are none. */
  readonly name: string;
}

/** Other merges take away what was listed; so many of them at once are none. */
const MAX_TRIES = 50;

/** Leaves seeds for the next refresh, each once; the object that they are in. */
export function leaveSeeds(ports: LivePorts, folder: string, ids: readonly string[], now: number): Promise<string> {
  return write(ports, folder, { ids, moments: new Float64Array(ids.length).fill(now) }, now);
}

/** All seeds that were left, the newest of too many, as one object in the place of all others. */
export async function gatherSeeds(
  ports: LivePorts,
  folder: string,
  limit: number,
  now: number,
): Promise<GatheredSeeds> {
  const { objects } = ports;
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const names = await objects.list(seedsFolder(folder));
    const parts = await readAll(ports, names);
    if (!parts) continue;
    const merged = mergeDatedIds(parts, limit);
    const isOne = names.length === 1 && merged.ids.length === parts[0].ids.length;
    if (names.length === 0 || isOne) return { ids: merged.ids, name: names[0] ?? '' };
    const name = await write(ports, folder, merged, now);
    await objects.remove(names.filter((each) => each !== name));
    return { ids: merged.ids, name };
  }
  throw new Error(`${folder}: lost ${MAX_TRIES} races for the seeds`);
}

async function readAll({ objects, seedFormat }: LivePorts, names: readonly string[]): Promise<DatedIds[] | undefined> {
  const parts: DatedIds[] = [];
  let isWhole = true;
  await inParallel(names, STORE_REQUESTS, async (name, place) => {
    const bytes = await readUnlessGone(objects, name);
    if (bytes) parts[place] = seedFormat.decode(bytes, name);
    else isWhole = false;
  });
  return isWhole ? parts : undefined;
}

/** Under a name that its content decides, so that the same seeds of the same moment are one object. */
async function write(
  { objects, seedFormat }: LivePorts,
  folder: string,
  seeds: DatedIds,
  now: number,
): Promise<string> {
  const bytes = seedFormat.encode(seeds);
  const name = `${seedsFolder(folder)}${String(now).padStart(15, '0')}-${(await sha256Of(bytes)).slice(0, 16)}.arrow`;
  await objects.write(name, bytes);
  return name;
}

function seedsFolder(folder: string): string {
  return `${folder}seeds/`;
}
