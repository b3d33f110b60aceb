import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { zipArchive } from '#adapters/formats/zip-archive.ts';
import { unzipped } from '#infra/local/lambda/unzipped.ts';

type Contents = Readonly<Record<string, Uint8Array>>;

function archiveOf(contents: Contents): Promise<Uint8Array> {
  const files = Object.entries(contents).map(([name, content]) => ({ name, bytes: content.length }));
  return zipArchive(files, async ({ name }) => contents[name]);
}

describe('a ZIP archive', () => {
  test.prop([
    fc.dictionary(fc.stringMatching(/^[a-zé😀][\w.-]{0,30}(\/[a-z]{1,5})?$/u), fc.uint8Array({ maxLength: 300 })),
  ])('gives its files back to a reader that shares no code with it and checks every checksum', async (contents) => {
    const archive = await archiveOf(contents);

    expect([...unzipped(archive)]).toEqual(Object.entries(contents).map(([name, bytes]) => [name, Buffer.from(bytes)]));
  });

  it('is the same for the same files', async () => {
    const contents = { 'index/shop/a.arrow': Uint8Array.of(1, 2, 3) };

    expect(await archiveOf(contents)).toEqual(await archiveOf(contents));
  });

  it('lets everybody read its files, as Lambda asks', async () => {
    const archive = Buffer.from(await archiveOf({ 'index/shop/a.arrow': Buffer.from('rows') }));
    const entry = archive.indexOf('PK\u0001\u0002');

    // By whom it was made (3: Unix), and the mode in the upper half of the attributes.
    expect([archive[entry + 5], archive.readUInt16LE(entry + 40)]).toEqual([3, 0o100644]);
  });

  it('refuses a file of another size than was told', async () => {
    await expect(zipArchive([{ name: 'a', bytes: 4 }], async () => Uint8Array.of(1))).rejects.toThrow(
      'a: expected 4 bytes to archive, got 1',
    );
  });
});
