import { execFileSync, spawnSync } from 'node:child_process';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { zipArchive } from '#adapters/formats/zip-archive.ts';
import { unzipped } from '#infra/local/lambda/unzipped.ts';
import { temporaryFile } from '../temporary-folder.ts';

const isUnpackable = spawnSync('unzip', ['-v']).status === 0;

type Contents = Readonly<Record<string, Uint8Array>>;

function archiveOf(contents: Contents): Promise<Uint8Array> {
  const files = Object.entries(contents).map(([name, content]) => ({ name, bytes: content.length }));
  return zipArchive(files, async ({ name }) => contents[name]);
}

describe('a ZIP archive', () => {
  test.prop([fc.dictionary(fc.stringMatching(/^[a-zé😀][\w.-]{0,30}$/u), fc.uint8Array({ maxLength: 300 }))])(
    'gives back its files, in their order',
    async (contents) => {
      const archive = await archiveOf(contents);

      expect([...unzipped(archive)]).toEqual(
        Object.entries(contents).map(([name, bytes]) => [name, Buffer.from(bytes)]),
      );
    },
  );

  it('is the same for the same files', async () => {
    const contents = { 'index/shop/a.arrow': Uint8Array.of(1, 2, 3) };

    expect(await archiveOf(contents)).toEqual(await archiveOf(contents));
  });

  it.skipIf(!isUnpackable)('is unpacked by unzip, checksums included (skipped where there is no unzip)', async () => {
    const contents = { 'index/shop/a.arrow': Buffer.from('rows'), 'index/shop/empty': new Uint8Array(0) };
    const path = temporaryFile(await archiveOf(contents), 'layer.zip');

    expect(execFileSync('unzip', ['-t', path]).toString()).toContain('No errors detected');
    expect(execFileSync('unzip', ['-p', path, 'index/shop/a.arrow']).toString()).toBe('rows');
    expect(execFileSync('unzip', ['-Z', path]).toString()).toContain(
      '-rw-r--r--  1.0 unx        4 b- stor 80-Jan-01 00:00',
    );
  });

  it('refuses a file of another size than was told', async () => {
    await expect(zipArchive([{ name: 'a', bytes: 4 }], async () => Uint8Array.of(1))).rejects.toThrow(
      'a: expected 4 bytes to archive, got 1',
    );
  });

  it('refuses what the format has no room for, before anything is read', async () => {
    const huge = [{ name: 'a', bytes: 2 ** 32 }];
    const many = Array.from({ length: 65_536 }, (_, n) => ({ name: String(n), bytes: 0 }));

    await expect(zipArchive(huge, () => Promise.reject(new Error('read')))).rejects.toThrow('at most 65535 files');
    await expect(zipArchive(many, () => Promise.reject(new Error('read')))).rejects.toThrow('got 65536 and');
  });
});
