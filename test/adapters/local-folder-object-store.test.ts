import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFolderObjectStore } from '#adapters/local-folder-object-store.ts';
import { Invalid } from '#application/errors.ts';
import { objectStoreContract } from '../contracts/object-store.contract.ts';
import { allOf } from './all-of.ts';
import { temporaryFile, temporaryFolder } from './temporary-folder.ts';

objectStoreContract('local folder', () => localFolderObjectStore(join(temporaryFolder(), 'not', 'made', 'yet')));

describe('local folder object store', () => {
  it('keeps objects as files of the same name, for other tools to read', async () => {
    const folder = temporaryFolder();

    await localFolderObjectStore(folder).write('index/people/1.arrow', Uint8Array.of(1));

    expect(existsSync(join(folder, 'index', 'people', '1.arrow'))).toBe(true);
  });

  it('does not list a file that somebody is still writing', async () => {
    const folder = temporaryFolder();
    const store = localFolderObjectStore(folder);
    await store.write('a/1', Uint8Array.of(1));

    writeFileSync(join(folder, 'a', '2.0a1b2c3d.partial'), 'half');

    expect(await store.list('a/')).toEqual(['a/1']);
  });

  it('tells a new file from an old one of the same size, be they of the same tick of the clock', async () => {
    const folder = temporaryFolder();
    const store = localFolderObjectStore(folder);
    const tagAfter = async (byte: number) => {
      await store.write('a', Uint8Array.of(byte));
      utimesSync(join(folder, 'a'), 1_000_000, 1_000_000);
      return (await store.entries('a')).map(({ tag }) => tag).join();
    };

    expect(await tagAfter(1)).not.toBe(await tagAfter(2));
  });

  it('leaves nothing behind when it cannot write', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'a', 'taken'), { recursive: true });

    const write = localFolderObjectStore(folder).write('a/taken', Uint8Array.of(1));

    await expect(write).rejects.toThrow(`expected a file at ${join(folder, 'a', 'taken')}, found a folder`);
    expect(readdirSync(join(folder, 'a'))).toEqual(['taken']);
  });

  it('says in one sentence that its folder is a file', async () => {
    const file = temporaryFile('not a folder');
    const store = localFolderObjectStore(file);
    const name = join(file, 'a', 'b');

    for (const attempt of [
      () => store.read('a/b'),
      () => store.stream('a/b'),
      () => store.entries('a/'),
      () => store.remove(['a/b']),
    ]) {
      await expect(attempt()).rejects.toThrow(Invalid);
      await expect(attempt()).rejects.toThrow(/^expected a folder on the way to .*, found a file$/);
    }
    await expect(store.write('a/b', Uint8Array.of(1))).rejects.toThrow(
      `expected a folder on the way to ${name}, found a file`,
    );
  });

  it('says in one sentence what else the system refuses', async () => {
    const folder = temporaryFolder();
    symlinkSync('loop', join(folder, 'loop'));

    await expect(localFolderObjectStore(folder).read('loop')).rejects.toThrow(
      `expected the system to let ${join(folder, 'loop')} be used, got ELOOP: too many symbolic links encountered`,
    );
  });

  it('says in one sentence, when it is read, that a stream is of a folder', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'a'));
    const stream = await localFolderObjectStore(folder).stream('a');

    await expect(stream && allOf(stream)).rejects.toThrow(`expected a file at ${join(folder, 'a')}, found a folder`);
  });
});
