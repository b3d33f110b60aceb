/**
 * The manifest of a population: its live shards, and the generation that they make. It is replaced as a whole or not at all.
 */
import { z } from 'zod';
import { Invalid } from './errors.ts';

/** Raised when an older akin could no longer read what a newer one wrote. */
export const FORMAT_VERSION = 1;

const ShardEntry = z.object({
  /** The object's name in the store. */
  name: z.string(),
  users: z.int().nonnegative(),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const ManifestSchema = z.object({
  formatVersion: z.int().positive(),
  population: z.string(),
  generation: z.int().positive(),
  users: z.int().nonnegative(),
  features: z.int().nonnegative(),
  shards: z.array(ShardEntry).min(1),
});

export type Manifest = z.infer<typeof ManifestSchema>;
export type ShardEntry = z.infer<typeof ShardEntry>;

/** A manifest as it was stored; `where` names it in the one sentence that a damaged or too new one gets. */
export function parseManifest(text: string, where: string): Manifest {
  const stored = jsonOf(text, where);
  const version = z.object({ formatVersion: z.number() }).safeParse(stored);
  if (version.success && version.data.formatVersion > FORMAT_VERSION) {
    throw new Invalid(
      `${where}: expected format version ${FORMAT_VERSION} or older, got ${version.data.formatVersion}; a newer akin wrote it, so update this one`,
    );
  }
  const manifest = ManifestSchema.safeParse(stored);
  if (!manifest.success) throw new Invalid(`${where}: the manifest is damaged: ${z.prettifyError(manifest.error)}`);
  return manifest.data;
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Invalid(`${where}: the manifest is damaged: expected JSON`, { cause });
  }
}
