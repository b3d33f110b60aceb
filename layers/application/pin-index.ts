/**
 * A pinned population has a function of its own that carries the files of its index as a layer. Where they do not fit, and
 * until the layer is there, the function reads them from the store: what it carries spares requests, and changes no result.
 */
import { sha256Of } from './digest.ts';
import { Conflict } from './errors.ts';
import type { FileEntry, Manifest } from './manifest.ts';
import { readFile } from './population.ts';
import type { IndexLayers, Ports } from './ports.ts';
import type { Settings } from './settings.ts';

export interface PinPorts extends Ports {
  readonly layers: IndexLayers;
}

export type PinOutcome = 'pinned' | 'streamed';

/** Who is overtaken begins anew with what stands now; so often in a row means that something else is wrong. */
const TRIES = 5;

/** Lets the function of a pinned population carry the generation that stands, or nothing where there is none that fits. */
export async function pinIndex(ports: PinPorts, settings: Settings, population: string): Promise<PinOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      return await pinCurrent(ports, settings, population);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      if (tries === TRIES) {
        throw new Error(`expected to be overtaken fewer than ${TRIES} times in a row`, { cause: error });
      }
    }
  }
}

async function pinCurrent(ports: PinPorts, settings: Settings, population: string): Promise<PinOutcome> {
  const { layers, catalog } = ports;
  // Before the manifest: whoever releases a newer one meanwhile is not undone.
  const revision = await layers.revision(population);
  const manifest = await catalog.manifest(population);
  const files = manifest ? filesOf(manifest) : [];
  const isRead = manifest !== undefined && manifest.users <= settings.expandUsers;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const layer = isRead && bytes <= layers.roomBytes ? await layerOf(ports, manifest, files) : undefined;
  await layers.release(population, layer, revision);
  await checkStands(ports, population, manifest);
  await layers.prune(population);
  return layer === undefined ? 'streamed' : 'pinned';
}

/** Every file that an expansion in one function may read. */
function filesOf({ shards, index }: Manifest): FileEntry[] {
  const ofShards = shards.flatMap(({ name, bytes, sha256, index: part }) => [
    { name, bytes, sha256 },
    ...(part ? [part.points, part.neighbors] : []),
  ]);
  return [...ofShards, index?.model, index?.scorer].filter((file) => file !== undefined);
}

/** Published once for the same files, however often it is asked for. */
async function layerOf(ports: PinPorts, manifest: Manifest, files: readonly FileEntry[]): Promise<string> {
  const { layers } = ports;
  const { population } = manifest;
  const mark = await sha256Of(JSON.stringify(files.map(({ name, sha256 }) => [name, sha256])));
  const found = await layers.find(population, mark);
  return found ?? layers.publish(population, mark, files, (file) => readStanding(ports, manifest, file));
}

/** A file that is gone with its generation is no damage. */
async function readStanding(ports: PinPorts, manifest: Manifest, file: FileEntry): Promise<Uint8Array> {
  try {
    return await readFile(ports, file, 'file of the index');
  } catch (error) {
    await checkStands(ports, manifest.population, manifest);
    throw error;
  }
}

/** A Conflict where another generation stands, or none any more. */
async function checkStands({ catalog }: PinPorts, population: string, manifest: Manifest | undefined): Promise<void> {
  const standing = await catalog.manifest(population);
  if (standing?.shards[0].name !== manifest?.shards[0].name) {
    throw new Conflict('another generation took the place of the one that was to be pinned');
  }
}
