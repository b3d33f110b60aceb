/** Users in, a new generation of the population out: whole or not at all, whoever else ingests meanwhile. */

import { type Shard, type User, userAt } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import { sha256Of } from './digest.ts';
import { Conflict, Invalid } from './errors.ts';
import { FORMAT_VERSION, type Manifest, type ShardEntry } from './manifest.ts';
import { checkPopulationName, openPopulation, shardPrefix } from './population.ts';
import type { Ports, Watch } from './ports.ts';
import type { Settings } from './settings.ts';

/** `upsert`: users of the same id are replaced, the others stay. `replace`: the new users are the population. */
export type IngestMode = 'upsert' | 'replace';

export interface IngestReport {
  readonly population: string;
  readonly generation: number;
  readonly users: number;
  readonly features: number;
  readonly shards: number;
  readonly bytes: number;
  readonly added: number;
  readonly replaced: number;
  readonly removed: number;
  /** Users given more than once in these files; the later line counts. */
  readonly duplicates: number;
  readonly usersWithoutFeatures: number;
}

export async function ingestUsers(
  ports: Ports,
  settings: Settings,
  population: string,
  mode: IngestMode,
  users: AsyncIterable<User>,
  watch: Watch,
): Promise<IngestReport> {
  checkPopulationName(population);
  const current = await ports.catalog.manifest(population);
  const builder = new ShardBuilder();
  for await (const user of users) builder.add(user);
  if (builder.userCount === 0) throw new Invalid('expected at least one user, got none');
  const duplicates = builder.duplicateCount;
  const givenCount = builder.userCount;
  const old = current ? (await openPopulation(ports, population, watch)).shards : [];
  const replaced = mergeInto(builder, old, mode);
  const oldCount = old.reduce((sum, shard) => sum + rowCountOf(shard.rows), 0);
  watch('build the index', 0, 1);
  const shards = builder.build(settings.maxShardUsers);
  watch('build the index', 1, 1);
  const manifest = await publish(ports, population, (current?.generation ?? 0) + 1, shards, watch);
  return {
    population,
    generation: manifest.generation,
    users: manifest.users,
    features: manifest.features,
    shards: shards.length,
    bytes: manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0),
    added: givenCount - replaced,
    replaced,
    removed: mode === 'replace' ? oldCount - replaced : 0,
    duplicates,
    usersWithoutFeatures: shards.reduce((sum, shard) => sum + emptyRowCount(shard), 0),
  };
}

/** Lets the old users stay where they may, and counts those who were given anew. */
function mergeInto(builder: ShardBuilder, old: readonly Shard[], mode: IngestMode): number {
  let replaced = 0;
  for (const shard of old) {
    shard.ids.forEach((id, row) => {
      if (builder.has(id)) replaced++;
      else if (mode === 'upsert') builder.add(userAt(shard, row));
    });
  }
  return replaced;
}

/** Writes the shards, then swaps the manifest: until then nobody sees them, and a failure sweeps them up. */
async function publish(
  ports: Ports,
  population: string,
  generation: number,
  shards: readonly Shard[],
  watch: Watch,
): Promise<Manifest> {
  const written = await writeShards(ports, `${shardPrefix(population)}${generationText(generation)}`, shards, watch);
  const features = new Set(shards.flatMap((shard) => shard.features)).size;
  const users = shards.reduce((sum, shard) => sum + rowCountOf(shard.rows), 0);
  const manifest = { formatVersion: FORMAT_VERSION, population, generation, users, features, shards: written };
  try {
    await ports.catalog.publish(manifest);
  } catch (error) {
    // After any other failure the swap may have happened all the same, and its shards must stay.
    if (error instanceof Conflict) await ports.objects.remove(written.map(({ name }) => name));
    throw error;
  }
  await sweep(ports, manifest);
  watch('write the index', 1, 1);
  return manifest;
}

/** Names hold a mark of this writer: two ingests at once never touch each other's shards. */
async function writeShards(
  { objects, shardFormat }: Ports,
  prefix: string,
  shards: readonly Shard[],
  watch: Watch,
): Promise<ShardEntry[]> {
  const writer = crypto.randomUUID().slice(0, 8);
  const written: ShardEntry[] = [];
  try {
    for (const [s, shard] of shards.entries()) {
      watch('write the index', s, shards.length);
      const bytes = shardFormat.encode(shard);
      const name = `${prefix}-${writer}-${s}.arrow`;
      written.push({ name, users: rowCountOf(shard.rows), bytes: bytes.length, sha256: await sha256Of(bytes) });
      await objects.write(name, bytes);
    }
  } catch (error) {
    await objects.remove(written.map(({ name }) => name));
    throw error;
  }
  return written;
}

/**
 * Removes shards of the generations before the last: a reader that opened the last one may still be at work. Shards of
 * later generations are somebody's who has not published yet.
 */
async function sweep({ objects }: Ports, manifest: Manifest): Promise<void> {
  const prefix = shardPrefix(manifest.population);
  const oldest = `${prefix}${generationText(Math.max(1, manifest.generation - 1))}`;
  const live = new Set(manifest.shards.map(({ name }) => name));
  const names = await objects.list(prefix);
  await objects.remove(names.filter((name) => name < oldest && !live.has(name)));
}

/** Eight digits, so that names sort by generation. */
function generationText(generation: number): string {
  return String(generation).padStart(8, '0');
}

function emptyRowCount({ rows: { offsets } }: Shard): number {
  let count = 0;
  for (let u = 0; u + 1 < offsets.length; u++) if (offsets[u] === offsets[u + 1]) count++;
  return count;
}
