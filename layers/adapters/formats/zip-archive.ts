/**
 * A ZIP archive of files as they are, without compression, made in memory at its exact size: what Lambda makes a layer of.
 * The same files give the same bytes.
 *
 * Reference: APPNOTE.TXT, the .ZIP file format specification, version 6.3.10.
 */
import { crc32 } from 'node:zlib';

export interface ArchivedFile {
  readonly name: string;
  readonly bytes: number;
}

const LOCAL_HEADER_BYTES = 30;
const ENTRY_BYTES = 46;
const END_BYTES = 22;

const LOCAL_HEADER = 0x04034b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;

/** Version 1.0: nothing of what came later is used. */
const VERSION = 10;
/** The system that permissions are those of. */
const UNIX = 3 << 8;
/** A file that everybody may read. */
const PERMISSIONS = 0o100644;
/** The first day that the format knows, 1980-01-01. */
const DATE = 0x21;
const UTF8_NAMES = 1 << 11;

/** Larger ones need ZIP64, which no layer comes near. */
const MOST_BYTES = 2 ** 32 - 1;
const MOST_FILES = 2 ** 16 - 1;

/** `read` is asked for one file at a time, in their order; it must give as many bytes as were told. */
export async function zipArchive<File extends ArchivedFile>(
  files: readonly File[],
  read: (file: File) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const archive = Buffer.alloc(archiveBytes(files));
  const entries: Buffer[] = [];
  let at = 0;
  for (const file of files) {
    const content = await read(file);
    if (content.length !== file.bytes) {
      throw new RangeError(`${file.name}: expected ${file.bytes} bytes to archive, got ${content.length}`);
    }
    const name = Buffer.from(file.name);
    const fields = fieldsOf(content, name);
    entries.push(Buffer.concat([entryOf(fields, at), name]));
    at += localHeaderOf(fields).copy(archive, at);
    at += name.copy(archive, at);
    archive.set(content, at);
    at += content.length;
  }
  const directory = Buffer.concat(entries);
  directory.copy(archive, at);
  endOf(files.length, directory.length, at).copy(archive, at + directory.length);
  return archive;
}

function archiveBytes(files: readonly ArchivedFile[]): number {
  const bytes = files.reduce(
    (sum, file) => sum + LOCAL_HEADER_BYTES + ENTRY_BYTES + 2 * Buffer.byteLength(file.name) + file.bytes,
    END_BYTES,
  );
  if (files.length <= MOST_FILES && bytes <= MOST_BYTES) return bytes;
  throw new RangeError(
    `expected at most ${MOST_FILES} files and ${MOST_BYTES} bytes in an archive, got ${files.length} and ${bytes}`,
  );
}

/** What stands alike before a file and in the directory: flags, method (stored), time, date, checksum, sizes, lengths of name and extras. */
function fieldsOf(content: Uint8Array, name: Buffer): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(UTF8_NAMES, 0);
  fields.writeUInt16LE(DATE, 6);
  fields.writeUInt32LE(crc32(content), 8);
  fields.writeUInt32LE(content.length, 12);
  fields.writeUInt32LE(content.length, 16);
  fields.writeUInt16LE(name.length, 20);
  return fields;
}

function localHeaderOf(fields: Buffer): Buffer {
  const header = Buffer.alloc(LOCAL_HEADER_BYTES);
  header.writeUInt32LE(LOCAL_HEADER, 0);
  header.writeUInt16LE(VERSION, 4);
  fields.copy(header, 6);
  return header;
}

function entryOf(fields: Buffer, at: number): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES);
  entry.writeUInt32LE(ENTRY, 0);
  entry.writeUInt16LE(UNIX | VERSION, 4);
  entry.writeUInt16LE(VERSION, 6);
  fields.copy(entry, 8);
  entry.writeUInt32LE(PERMISSIONS * 2 ** 16, 38);
  entry.writeUInt32LE(at, 42);
  return entry;
}

function endOf(files: number, directoryBytes: number, at: number): Buffer {
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(files, 8);
  end.writeUInt16LE(files, 10);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(at, 16);
  return end;
}
