/**
 * Manifests as files, one a generation: `catalog/<population>/<generation>.json`. The newest is the current one. A
 * generation is published by linking its finished file to its final name, which the system lets only one writer do.
 */
import { createHash } from 'node:crypto';
import { type Dirent, linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Conflict, Invalid } from '#application/errors.ts';
import { type Manifest, parseManifest } from '#application/manifest.ts';
import type { Catalog } from '#application/ports.ts';
import { compareTexts } from '#domain/features/text-order.ts';
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

  const conflict = (population: string) => {
    const generation = newest(population);
    const reason =
      generation === 0
        ? `the population ${JSON.stringify(population)} was deleted meanwhile`
        : `another ingest into ${JSON.stringify(population)} was faster and made generation ${generation}; it stands`;
    return new Conflict(`${reason}, and this one changed nothing: run it again`);
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
      const text = textOf(path);
      const manifest = parseManifest(text, path);
      checkSeal(text, path);
      return manifest;
    },

    async publish(manifest: Manifest) {
      const { population, generation } = manifest;
      if (newest(population) !== generation - 1) throw conflict(population);
      const path = pathOf(population, generation);
      const finished = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
      try {
        mkdirSync(folderOf(population), { recursive: true });
        writeFileAtomically(finished, [sealed(manifest)]);
        linkSync(finished, path);
      } catch (error) {
        if (systemCodeOf(error) === 'EEXIST') throw conflict(population);
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

/** The manifest with its own SHA-256 as the last field: every other file is checked by the manifest. */
function sealed(manifest: Manifest): string {
  const content = { ...manifest };
  return `${JSON.stringify({ ...content, sha256: digestOf(content) }, null, 2)}\n`;
}

/** Refuses a manifest in which anything has changed since it was written, be it well-formed. */
function checkSeal(text: string, path: string): void {
  const { sha256, ...manifest } = JSON.parse(text);
  if (sha256 === digestOf(manifest)) return;
  throw new Invalid(`${path}: the manifest is damaged: it is not what was written`);
}

function digestOf(manifest: object): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
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
