import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFolderLedger } from '#adapters/local-folder-ledger.ts';
import { Invalid } from '#application/errors.ts';
import { ledgerContract } from '../contracts/ledger.contract.ts';
import { temporaryFile, temporaryFolder } from './temporary-folder.ts';

ledgerContract('local folder', (now) => localFolderLedger(join(temporaryFolder(), 'not', 'made', 'yet'), now));

describe('local folder ledger', () => {
  it('is the same for two who open it, and keeps few of its changes', async () => {
    const folder = temporaryFolder();
    const [one, other] = [localFolderLedger(folder), localFolderLedger(folder)];

    for (let version = 0; version < 40; version++)
      await (version % 2 === 0 ? one : other).write('a', `${version}`, version);

    expect(await one.read('a')).toEqual({ content: '39', version: 40 });
    const [record] = readdirSync(join(folder, 'ledger'));
    expect(readdirSync(join(folder, 'ledger', record)).length).toBeLessThan(15);
  });

  it('says in one sentence that its folder is a file', async () => {
    const ledger = localFolderLedger(temporaryFile('not a folder'));

    for (const attempt of [() => ledger.read('a'), () => ledger.write('a', '', 0)]) {
      await expect(attempt()).rejects.toThrow(Invalid);
      await expect(attempt()).rejects.toThrow('expected a folder on the way to');
    }
  });
});
