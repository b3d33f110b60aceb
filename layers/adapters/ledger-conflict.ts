/** What a writer is told who was not the first, in the same words by every ledger. */
import { Conflict } from '#application/errors.ts';

/** `found` is the version that stands, 0 where there is no record. */
export function ledgerConflict(name: string, found: number): Conflict {
  const reason =
    found === 0
      ? `the record ${JSON.stringify(name)} is not there any more`
      : `another writer of ${JSON.stringify(name)} was faster and made version ${found}; it stands`;
  return new Conflict(`${reason}, and this one changed nothing`);
}
