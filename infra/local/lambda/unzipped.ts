/** The files of a ZIP archive, read by its directory and checked by their checksums; compressed ones are refused by name. */
import { crc32 } from 'node:zlib';
import { AwsFault, notKnown } from '../aws-service.ts';

const END = 0x06054b50;
const END_BYTES = 22;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;

export function unzipped(archive: Uint8Array): ReadonlyMap<string, Buffer> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = bytes.length - END_BYTES;
  if (end < 0 || bytes.readUInt32LE(end) !== END) throw notAnArchive('it has no directory at its end');
  const files = new Map<string, Buffer>();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (at + ENTRY_BYTES > end || bytes.readUInt32LE(at) !== ENTRY) throw notAnArchive('its directory is damaged');
    const nameBytes = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
    files.set(name, contentOf(bytes, at, name));
    at += ENTRY_BYTES + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

function contentOf(bytes: Buffer, entry: number, name: string): Buffer {
  if (bytes.readUInt16LE(entry + 10) !== 0) throw notKnown(`the compressed file ${name} in an archive`);
  const header = bytes.readUInt32LE(entry + 42);
  const start = header + LOCAL_HEADER_BYTES + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  const content = bytes.subarray(start, start + bytes.readUInt32LE(entry + 24));
  if (crc32(content) !== bytes.readUInt32LE(entry + 16)) throw notAnArchive(`the checksum of ${name} is another`);
  return content;
}

function notAnArchive(why: string): AwsFault {
  return new AwsFault(400, 'InvalidParameterValueException', `expected a ZIP archive, but ${why}`);
}
