/**
 * Manifests as files, one a generation: `catalog/<population>/<generation>.json`. The newest is the current one. A
 * generation is published by linking its finished file to its final name, which the system lets only one writer do.
 */
import { type Dirent, linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '#application/manifest.ts';
import type { Catalog } from '#application/ports.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { openManifest, publishConflict, sealedManifest } from './sealed-manifest.ts';
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

  /** A publisher who finds the very same manifest has been there before: its first try did succeed. */
  const checkPublished = (manifest: Manifest): void => {
    const { population, generation } = manifest;
    const current = newest(population);
    if (current === generation && textOf(pathOf(population, generation)) === sealedManifest(manifest)) return;
    throw publishConflict(population, current);
  };

  return {
    async populations() {
      return foldersIn(root)
        .filter((name) => newest(name) > 0)
        .sort(compareTexts);
    },

    async manifest(population) {
      const generation = newest(population);
      if (generation === 0) return undefined;
      const path = pathOf(population, generation);
      return openManifest(textOf(path), path);
    },

    async publish(manifest: Manifest) {
      const { population, generation } = manifest;
      if (newest(population) !== generation - 1) return checkPublished(manifest);
      const path = pathOf(population, generation);
      const finished = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
      try {
        mkdirSync(folderOf(population), { recursive: true });
        writeFileAtomically(finished, [sealedManifest(manifest)]);
        linkSync(finished, path);
      } catch (error) {
        if (systemCodeOf(error) === 'EEXIST') return checkPublished(manifest);
        throw explainedFault(error, path);
      } finally {
        rmSync(finished, { force: true });
      }
      for (let old = generation - 2; old > 0 && namesIn(folderOf(population)).length > 2; old--) {
        rmSync(pathOf(population, old), { force: true });
      }
    },

    async remove(population) {
      try {
        rmSync(folderOf(population), { recursive: true, force: true });
      } catch (error) {
        throw explainedFault(error, folderOf(population));
      }
    },
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw explainedFault(error, path);
  }
}

function namesIn(folder: string): string[] {
  return entriesOf(folder).map(({ name }) => name);
}

function foldersIn(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw explainedFault(error, folder);
  }
}
