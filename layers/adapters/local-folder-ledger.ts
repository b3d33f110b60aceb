/**
 * Records as files, one a change: `ledger/<hash of the name>/<number>.json`. The highest number is the record. A change is made
 * by linking its finished file to the next number, which the system lets only one writer do.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Ledger } from '#application/ports.ts';
import { createFileAtomically } from './atomic-file.ts';
import { ledgerConflict } from './ledger-conflict.ts';
import { explainedFault, systemCodeOf } from './system-faults.ts';

const Change = z.object({ name: z.string(), content: z.string(), version: z.int(), forgottenAt: z.number() });
type Change = z.infer<typeof Change>;

const CHANGE_FILE = /^(\d{12})\.json$/;

/** More than one: of a number that is gone, a writer who was overtaken would take himself for the first. */
const KEPT_CHANGES = 10;

export function localFolderLedger(folder: string, now: () => number = Date.now): Ledger {
  const folderOf = (name: string) =>
    join(folder, 'ledger', createHash('sha256').update(name).digest('hex').slice(0, 32));
  const pathOf = (name: string, place: number) => join(folderOf(name), `${String(place).padStart(12, '0')}.json`);

  /** The numbers of the changes that are there, rising. */
  const placesOf = (name: string): number[] =>
    namesIn(folderOf(name))
      .flatMap((file) => CHANGE_FILE.exec(file)?.[1] ?? [])
      .map(Number)
      .sort((left, right) => left - right);

  const recordOf = (name: string): Change | undefined => {
    const place = placesOf(name).at(-1);
    if (place === undefined) return undefined;
    const text = textOf(pathOf(name, place));
    if (text === undefined) return recordOf(name); // it was swept up by later changes
    const change = Change.parse(JSON.parse(text));
    return change.forgottenAt === 0 || change.forgottenAt > now() ? change : undefined;
  };

  return {
    async read(name) {
      const record = recordOf(name);
      return record && { content: record.content, version: record.version };
    },

    async write(name, content, version, forgottenAt = 0) {
      const places = placesOf(name);
      const found = recordOf(name)?.version ?? 0;
      const change: Change = { name, content, version: version + 1, forgottenAt };
      const bytes = new TextEncoder().encode(JSON.stringify(change));
      const isFirst = found === version && createFileAtomically(pathOf(name, (places.at(-1) ?? 0) + 1), bytes);
      if (!isFirst) throw ledgerConflict(name, recordOf(name)?.version ?? 0);
      for (const place of places.slice(0, -KEPT_CHANGES)) rmSync(pathOf(name, place), { force: true });
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

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw explainedFault(error, path);
  }
}
