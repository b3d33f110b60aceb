/**
 * Band pages as one file a shard, `<shard>.pages`: a directory of the pages, then their bytes. Format 1: version (1 byte) ·
 * SHA-256 of the directory (32 bytes) · number of parts (4 bytes) · for each part its band, prefix, part, offset and
 * length (4 bytes each), all little endian.
 */
import { createHash } from 'node:crypto';
import { Invalid } from '#application/errors.ts';
import type { BucketStore, ObjectStore, PageKey } from '#application/ports.ts';
import type { BandPage } from '#domain/retrieval/band-page.ts';

const VERSION = 1;
const DIGEST_AT = 1;
const DIRECTORY_AT = DIGEST_AT + 32;
const ENTRY_NUMBERS = 5;

export function localFolderBucketStore(objects: ObjectStore): BucketStore {
  return {
    async write(shard, pages) {
      await objects.write(fileOf(shard), encodePages(pages));
    },

    async read(shard, keys) {
      const bytes = await objects.read(fileOf(shard));
      if (!bytes) throw damaged(shard, 'it is not there');
      return pagesAt(bytes, keys, shard);
    },

    async remove(shards) {
      await objects.remove(shards.map(fileOf));
    },
  };
}

function fileOf(shard: string): string {
  return `${shard}.pages`;
}

function damaged(shard: string, what: string): Invalid {
  return new Invalid(
    `${fileOf(shard)}: expected the band pages of a shard, but ${what}; delete the population and ingest it again`,
  );
}

function encodePages(pages: readonly BandPage[]): Uint8Array {
  const directory = new DataView(new ArrayBuffer(4 + 4 * ENTRY_NUMBERS * pages.length));
  directory.setUint32(0, pages.length, true);
  let offset = DIRECTORY_AT + directory.byteLength;
  const bytes = new Uint8Array(offset + pages.reduce((sum, page) => sum + page.bytes.length, 0));
  pages.forEach(({ band, prefix, part, bytes: page }, p) => {
    [band, prefix, part, offset, page.length].forEach((number, n) => {
      directory.setUint32(4 + 4 * (ENTRY_NUMBERS * p + n), number, true);
    });
    bytes.set(page, offset);
    offset += page.length;
  });
  const content = new Uint8Array(directory.buffer);
  bytes[0] = VERSION;
  bytes.set(createHash('sha256').update(content).digest(), DIGEST_AT);
  bytes.set(content, DIRECTORY_AT);
  return bytes;
}

/** The wanted pages, in the order of the keys; the directory is checked as a whole, each page by its reader. */
function pagesAt(bytes: Uint8Array, keys: readonly PageKey[], shard: string): BandPage[] {
  if (bytes.length < DIRECTORY_AT + 4) throw damaged(shard, 'the file is cut short');
  if (bytes[0] !== VERSION) throw damaged(shard, `its version is ${bytes[0]}, not ${VERSION}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(DIRECTORY_AT, true);
  const end = DIRECTORY_AT + 4 + 4 * ENTRY_NUMBERS * count;
  if (end > bytes.length) throw damaged(shard, 'the file is cut short');
  const digest = createHash('sha256').update(bytes.subarray(DIRECTORY_AT, end)).digest();
  if (!digest.equals(bytes.subarray(DIGEST_AT, DIRECTORY_AT))) throw damaged(shard, 'its directory is damaged');
  const parts = new Map<string, BandPage[]>();
  for (let p = 0; p < count; p++) {
    const at = DIRECTORY_AT + 4 + 4 * ENTRY_NUMBERS * p;
    const [band, prefix, part, offset, length] = Array.from({ length: ENTRY_NUMBERS }, (_, n) =>
      view.getUint32(at + 4 * n, true),
    );
    if (offset + length > bytes.length) throw damaged(shard, 'the file is cut short');
    const key = `${band} ${prefix}`;
    const page = { band, prefix, part, bytes: bytes.subarray(offset, offset + length) };
    const known = parts.get(key);
    if (known) known.push(page);
    else parts.set(key, [page]);
  }
  return keys.flatMap(({ band, prefix }) => parts.get(`${band} ${prefix}`) ?? []);
}
