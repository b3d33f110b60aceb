/** Records in this process's memory: for one process, which is its own only rival. */
import type { Ledger, LedgerRecord } from '#application/ports.ts';
import { ledgerConflict } from './ledger-conflict.ts';

export function memoryLedger(now: () => number = Date.now): Ledger {
  const records = new Map<string, LedgerRecord & { readonly forgottenAt: number }>();
  const recordOf = (name: string) => {
    const record = records.get(name);
    return record && (record.forgottenAt === 0 || record.forgottenAt > now()) ? record : undefined;
  };
  return {
    async read(name) {
      const record = recordOf(name);
      return record && { content: record.content, version: record.version };
    },

    async write(name, content, version, forgottenAt = 0) {
      const found = recordOf(name)?.version ?? 0;
      if (found !== version) throw ledgerConflict(name, found);
      records.set(name, { content, version: version + 1, forgottenAt });
    },
  };
}
