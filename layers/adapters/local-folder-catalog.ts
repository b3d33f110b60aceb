/**
 * Manifests as files, one a generation: `catalog/<population>/<generation>.json`. The newest is the current one. A
 * generation is published by linking its finished file to its final name, which the system lets only one writer do.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Conflict } from '#application/errors.ts';
import { type Manifest, parseManifest } from '#application/manifest.ts';
import type { Catalog } from '#application/ports.ts';
import { compareTexts } from '#domain/features/shard.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { explainedFault, systemCodeOf } from './system-faults.ts';

const GENERATION_FILE = /^(\d{8})\.json$/;

export function localFolderCatalog(folder: string): Catalog {
  const root = join(folder, 'catalog');
  const folderOf = (population: string) => join(root, population);
  const pathOf = (population: string, generation: number) =>
    join(folderOf(population), `${String(generation).padStart(8, '0')}.json`);

  /** 0 where there is none. */
  const newest = (population: string): number =>
    namesIn(folderOf(population)).reduce((top, name) => Math.max(top, Number(GENERATION_FILE.exec(name)?.[1] ?? 0)), 0);

  const conflict = (population: string, generation: number) =>
    new Conflict(
      `another ingest into ${JSON.stringify(population)} was faster and made generation ${generation}; it stands, and this one changed nothing: run it again`,
    );

  return {
    async populations() {
      return namesIn(root)
        .filter((name) => newest(name) > 0)
        .sort(compareTexts);
    },

    async manifest(population) {
      const generation = newest(population);
      if (generation === 0) return undefined;
      const path = pathOf(population, generation);
      return parseManifest(readFileSync(path, 'utf8'), path);
    },

    async publish(manifest: Manifest) {
      const { population, generation } = manifest;
      if (newest(population) !== generation - 1) throw conflict(population, generation);
      const path = pathOf(population, generation);
      const finished = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
      try {
        mkdirSync(folderOf(population), { recursive: true });
        writeFileAtomically(finished, [`${JSON.stringify(manifest, null, 2)}\n`]);
        linkSync(finished, path);
      } catch (error) {
        if (systemCodeOf(error) === 'EEXIST') throw conflict(population, generation);
        throw explainedFault(error, path);
      } finally {
        rmSync(finished, { force: true });
      }
      for (let old = generation - 2; old > 0 && namesIn(folderOf(population)).length > 2; old--) {
        rmSync(pathOf(population, old), { force: true });
      }
    },

    async remove(population) {
      rmSync(folderOf(population), { recursive: true, force: true });
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw explainedFault(error, folder);
  }
}
