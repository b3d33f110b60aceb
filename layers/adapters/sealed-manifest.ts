/** The text of a manifest as every catalog keeps it, and what a publisher is told who was not the first. */
import { createHash } from 'node:crypto';
import { Conflict, Invalid } from '#application/errors.ts';
import { type Manifest, parseManifest } from '#application/manifest.ts';

/** The manifest with its own SHA-256 as the last field: every other file is checked by the manifest. */
export function sealedManifest(manifest: Manifest): string {
  const content = { ...manifest };
  return `${JSON.stringify({ ...content, sha256: digestOf(content) }, null, 2)}\n`;
}

/** Refuses a manifest in which anything has changed since it was sealed, be it well-formed. */
export function openManifest(text: string, where: string): Manifest {
  const manifest = parseManifest(text, where);
  const { sha256, ...content } = JSON.parse(text);
  if (sha256 === digestOf(content)) return manifest;
  throw new Invalid(`${where}: the manifest is damaged: it is not what was written`);
}

/** `generation` is the one that stands, 0 where there is none. */
export function publishConflict(population: string, generation: number): Conflict {
  const reason =
    generation === 0
      ? `the population ${JSON.stringify(population)} was deleted meanwhile`
      : `another ingest into ${JSON.stringify(population)} was faster and made generation ${generation}; it stands`;
  return new Conflict(`${reason}, and this one changed nothing: run it again`);
}

function digestOf(manifest: object): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}
