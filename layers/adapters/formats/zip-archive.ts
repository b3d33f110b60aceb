/** A ZIP archive of files as they are, without compression, in memory: what Lambda makes a layer of. The same files give the same bytes. */
import { type ZippableFile, zipSync } from 'fflate';

export interface ArchivedFile {
  readonly name: string;
  readonly bytes: number;
}

/** Nothing is gained by compression: the files are columns of numbers. */
const STORED = 0;
/** The first day that the format knows. */
const DATE = new Date(1980, 0, 1);
/** The system that permissions are those of. */
const UNIX = 3;
/** A file that everybody may read. */
const PERMISSIONS = 0o100644 << 16;

/** `read` is asked for one file at a time, in their order; it must give as many bytes as were told. */
export async function zipArchive<File extends ArchivedFile>(
  files: readonly File[],
  read: (file: File) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const contents: Record<string, ZippableFile> = {};
  for (const file of files) {
    const content = await read(file);
    if (content.length !== file.bytes) {
      throw new RangeError(`${file.name}: expected ${file.bytes} bytes to archive, got ${content.length}`);
    }
    contents[file.name] = content;
  }
  return zipSync(contents, { level: STORED, mtime: DATE, os: UNIX, attrs: PERMISSIONS });
}
