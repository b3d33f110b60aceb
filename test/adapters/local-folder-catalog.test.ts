import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFolderCatalog } from '#adapters/local-folder-catalog.ts';
import { Conflict, Invalid } from '#application/errors.ts';
import { catalogContract, manifestAt } from '../contracts/catalog.contract.ts';
import { temporaryFile, temporaryFolder } from './temporary-folder.ts';

catalogContract('local folder', () => localFolderCatalog(join(temporaryFolder(), 'not', 'made', 'yet')));

describe('local folder catalog', () => {
  it('keeps the last two generations and no others', async () => {
    const folder = temporaryFolder();
    const catalog = localFolderCatalog(folder);

    for (let generation = 1; generation <= 5; generation++) await catalog.publish(manifestAt(generation));

    expect(readdirSync(join(folder, 'catalog', 'people')).sort()).toEqual(['00000004.json', '00000005.json']);
  });

  it('leaves nothing behind of a publisher who lost', async () => {
    const folder = temporaryFolder();
    const catalog = localFolderCatalog(folder);
    await catalog.publish(manifestAt(1));

    await expect(catalog.publish({ ...manifestAt(1), features: 99 })).rejects.toThrow(Conflict);

    expect(readdirSync(join(folder, 'catalog', 'people'))).toEqual(['00000001.json']);
  });

  it('has one winner even when a rival publishes after the look and before the swap', async () => {
    const folder = temporaryFolder();
    const catalog = localFolderCatalog(folder);
    const rival = { ...manifestAt(1), features: 99 };
    const rivalry: Promise<void>[] = [];
    const slow = {
      ...manifestAt(1),
      get shards() {
        rivalry.push(catalog.publish(rival));
        return rival.shards;
      },
    };

    await expect(catalog.publish(slow)).rejects.toThrow(
      'another ingest into "people" was faster and made generation 1',
    );

    await Promise.all(rivalry);
    expect(await catalog.manifest('people')).toEqual(rival);
    expect(readdirSync(join(folder, 'catalog', 'people'))).toEqual(['00000001.json']);
  });

  it.each([
    ['', 'expected JSON'],
    ['{"formatVersion":1,', 'expected JSON'],
    ['[]', 'Invalid input: expected object, received array'],
    ['null', 'Invalid input: expected object, received null'],
    ['{"formatVersion":"new"}', 'its formatVersion is wrong: Invalid input: expected number, received string'],
  ])('refuses the damaged manifest %j by its path', async (text, fault) => {
    const folder = temporaryFolder();
    const path = join(folder, 'catalog', 'people', '00000001.json');
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);

    await expect(localFolderCatalog(folder).manifest('people')).rejects.toThrow(
      `${path}: the manifest is damaged: ${fault}`,
    );
  });

  it('refuses a manifest in which any one byte has changed', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'catalog', 'people', '00000001.json');
    await localFolderCatalog(folder).publish(manifestAt(1));
    const sound = readFileSync(path);

    for (let at = 0; at < sound.length; at++) {
      const damaged = Uint8Array.from(sound, (byte, n) => (n === at ? byte ^ 1 : byte));
      writeFileSync(path, damaged);
      const read = await localFolderCatalog(folder)
        .manifest('people')
        .catch((error: unknown) => error);
      // White space between the fields says nothing, and may turn into other white space.
      if (!(read instanceof Invalid)) expect(read).toEqual(manifestAt(1));
    }
  });

  it('refuses a manifest whose shards lie outside of the store', async () => {
    const catalog = localFolderCatalog(temporaryFolder());
    const [shard] = manifestAt(1).shards;
    await catalog.publish({ ...manifestAt(1), shards: [{ ...shard, name: 'index/../../../etc/passwd' }] });

    await expect(catalog.manifest('people')).rejects.toThrow('the manifest is damaged: its shards.0.name is wrong');
  });

  it('is not confused by files that are none of its own', async () => {
    const folder = temporaryFolder();
    const catalog = localFolderCatalog(folder);
    await catalog.publish(manifestAt(1));

    writeFileSync(join(folder, 'catalog', '.DS_Store'), '');
    writeFileSync(join(folder, 'catalog', 'people', '00000009.json.0a1b2c3d.partial'), '');
    writeFileSync(join(folder, 'catalog', 'people', '9.json'), '');
    mkdirSync(join(folder, 'catalog', 'empty'));

    expect(await catalog.populations()).toEqual(['people']);
    expect(await catalog.manifest('people')).toEqual(manifestAt(1));
  });

  it('says in one sentence that its folder is a file', async () => {
    const file = temporaryFile('not a folder');
    const catalog = localFolderCatalog(file);

    await expect(catalog.populations()).rejects.toThrow(
      `expected a folder on the way to ${join(file, 'catalog')}, found a file`,
    );
    await expect(catalog.publish(manifestAt(1))).rejects.toThrow('expected a folder on the way to');
  });
});
