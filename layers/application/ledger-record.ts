/** Records of the ledger as values of a schema, changed by whoever comes, one after the other. */
import type * as z from 'zod';
import { Conflict } from './errors.ts';
import type { Ledger } from './ports.ts';

/** So many rivals at once are none: each try is milliseconds, and one of the rivals wins each time. */
const MAX_TRIES = 50;

/** The record as it stands; the schema's defaults where there is none. */
export async function recordOf<T>(ledger: Ledger, name: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse((await ledger.read(name))?.content ?? '{}'));
}

/** Changes a record, again from what then stands there if somebody was faster; `change` gives undefined to leave it. */
export async function changeRecord<T>(
  ledger: Ledger,
  name: string,
  schema: z.ZodType<T>,
  change: (record: T) => T | undefined,
  forgottenAt = 0,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const stored = await ledger.read(name);
    const record = schema.parse(JSON.parse(stored?.content ?? '{}'));
    const changed = change(record);
    if (changed === undefined) return record;
    try {
      await ledger.write(name, JSON.stringify(changed), stored?.version ?? 0, forgottenAt);
      return changed;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      // Nobody's mistake: whoever asked tries again.
      if (tries === MAX_TRIES) throw new Error(`${name}: lost ${tries} races for the record`, { cause: error });
    }
  }
}
