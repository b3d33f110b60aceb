/**
 * The manifest of a population: its live shards, and the generation that they make. It is replaced as a whole or not at all.
 */
import * as z from 'zod';
import { Invalid } from './errors.ts';
import { PopulationContents } from './population-contents.ts';

/** Raised when an older akin could no longer read what a newer one wrote. */
export const FORMAT_VERSION = 1;

const ObjectName = z.string().regex(/^index\/\w[\w.-]*\/\w[\w.-]*$/);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const FileEntry = z.object({ name: ObjectName, bytes: z.int().positive(), sha256: Sha256 });

/** What retrieval reads: points and signatures, band pages under this name, and an HNSW graph where one was built. */
const ShardIndex = z.object({
  points: FileEntry,
  pages: ObjectName,
  pageBytes: z.int().nonnegative(),
  prefixBits: z.int().min(0).max(24),
  neighbors: FileEntry.optional(),
});
export type ShardIndex = z.infer<typeof ShardIndex>;

export const ShardEntry = z.object({
  /** The object's name in the store. */
  name: ObjectName,
  users: z.int().nonnegative(),
  bytes: z.int().positive(),
  sha256: Sha256,
  /** Which part of the cut its users are. Absent from manifests that an older akin wrote. */
  part: z.int().nonnegative().optional(),
  index: ShardIndex.optional(),
});

/** How signatures are cut into bands, the model that made the points, and what was learned of them. */
export const ManifestIndex = z.object({
  hashes: z.int().positive(),
  bands: z.int().positive(),
  rows: z.int().positive(),
  model: FileEntry,
  /** What a training of the attention scorer on these points came to, where there was one. */
  scorer: FileEntry.optional(),
});

const ManifestSchema = z.object({
  formatVersion: z.int().positive(),
  population: z.string(),
  generation: z.int().positive(),
  users: z.int().nonnegative(),
  features: z.int().nonnegative(),
  /** Into how many parts the users are cut by the hash of their ids, shards of nobody left out; absent where no part is told. */
  cut: z.int().positive().optional(),
  shards: z.array(ShardEntry).min(1),
  index: ManifestIndex.optional(),
  /** Absent from generations that were written before it was counted. */
  contents: PopulationContents.optional(),
});

export type Manifest = z.infer<typeof ManifestSchema>;
export type ManifestIndex = z.infer<typeof ManifestIndex>;
export type ShardEntry = z.infer<typeof ShardEntry>;
export type FileEntry = z.infer<typeof FileEntry>;

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
  if (manifest.success) return manifest.data;
  const [issue] = manifest.error.issues;
  const part = issue.path.length === 0 ? '' : `its ${issue.path.join('.')} is wrong: `;
  throw new Invalid(`${where}: the manifest is damaged: ${part}${issue.message}`);
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Invalid(`${where}: the manifest is damaged: expected JSON`, { cause });
  }
}
