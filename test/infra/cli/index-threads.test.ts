import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Invalid } from '#application/errors.ts';
import type { IndexTask } from '#application/ports.ts';
import { indexThreads } from '#infra/cli/index-threads.ts';
import { emptySite, groupedPeople, ingested, SETTINGS, type Site } from '../../application/people.ts';

const SLOW = 60_000;
const people = groupedPeople(300);

const SETTINGS_OF_MANY = { ...SETTINGS, maxShardUsers: 80, scanUsers: 0 };

/** A folder of populations, and ports to it with so many threads. */
function siteWith(count: number): Site {
  const { folder, ports } = emptySite();
  return { folder, ports: { ...ports, threads: count > 1 ? indexThreads(folder, ports.objects, count) : undefined } };
}

/** Every file of the index by its name without the writer's mark. */
function filesOf({ folder }: Site): Map<string, Buffer> {
  const index = join(folder, 'index', 'people');
  return new Map(readdirSync(index).map((name) => [name.replace(/-[0-9a-f]{8}/, ''), readFileSync(join(index, name))]));
}

describe('threads that index shards', () => {
  it('write the bytes that one thread writes', { timeout: SLOW }, async () => {
    const sites = [siteWith(1), siteWith(3)];
    for (const site of sites) await ingested(site, people, { settings: SETTINGS_OF_MANY });

    const [alone, together] = sites.map(filesOf);
    expect([...together.keys()]).toEqual([...alone.keys()]);
    expect(alone.size).toBeGreaterThan(4 * 4);
    for (const [name, bytes] of alone) expect(together.get(name)?.equals(bytes), name).toBe(true);
  });

  it('say of a damaged shard what is wrong, and write nothing once they are ended', { timeout: SLOW }, async () => {
    const { folder, ports } = siteWith(1);
    await ingested({ folder, ports }, people, { settings: SETTINGS_OF_MANY });
    const manifest = await ports.catalog.manifest('people');
    if (!manifest?.index) throw new Error('expected a population with an index, got none');
    const [{ name, bytes, sha256, users }, other] = manifest.shards;
    const rows = { name, bytes, sha256, users };
    const written: string[] = [];
    const objects = {
      ...ports.objects,
      async write(file: string) {
        written.push(file);
      },
    };
    const threads = indexThreads(folder, objects, 2);
    const task: IndexTask = { base: 'index/people/again-0', rows, index: manifest.index, withGraph: false };
    writeFileSync(join(folder, name), 'no shard');

    await expect(threads.index(task)).rejects.toThrow(Invalid);
    await expect(threads.index(task)).rejects.toThrow(`${name}: the shard is damaged`);
    expect(written).toEqual([]);
    const whole = { name: other.name, bytes: other.bytes, sha256: other.sha256, users: other.users };
    await threads.index({ ...task, rows: whole });
    expect(written).toEqual(['index/people/again-0.points.arrow', 'index/people/again-0.pages']);

    const ended = expect(threads.index({ ...task, rows: whole })).rejects.toThrow('but it ended');
    await threads.end();
    await ended;
    expect(written).toHaveLength(2);
  });
});
