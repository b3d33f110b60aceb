/** Where npm put a package, as Node would find it. */
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';

export interface InstalledPackage {
  readonly folder: string;
  readonly version: string;
}

/** The last package of a chain in which each needs the next: the same one that it would load. */
export function installedPackage(...chain: readonly string[]): InstalledPackage {
  const file = chain.reduce(packageFile, import.meta.filename);
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return { folder: dirname(file), version };
}

function packageFile(neededBy: string, name: string): string {
  const file = findPackageJSON(name, neededBy);
  if (file === undefined) throw new Error(`expected the package ${name} for ${neededBy}, got none: run npm ci`);
  return file;
}
