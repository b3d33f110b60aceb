/**
 * What a Linux addon asks of the machine that loads it, read from its bytes, so that no tool of another processor is needed.
 *
 * Reference: System V ABI, chapters 4 and 5 (ELF header, sections, dynamic section); Linux Standard Base 5.0, 10.7 (symbol versions).
 */

export interface ElfFile {
  /** `e_machine`: 62 is x86_64, 183 is arm64. */
  readonly machine: number;
  readonly isStripped: boolean;
  /** Libraries that the loader has to find. */
  readonly libraries: readonly string[];
  /** Versions that those libraries have to know, as in `GLIBC_2.29`. */
  readonly versions: readonly string[];
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  /** The section of its texts. */
  readonly link: number;
  /** For version needs: how many libraries. */
  readonly info: number;
}

const MAGIC = '7f454c460201'; // ELF, 64 bits, little-endian
const SYMBOL_TABLE = 2;
const DYNAMIC = 6;
const VERSION_NEEDS = 0x6ffffffe;
const DYNAMIC_ENTRY_BYTES = 16;
const NEEDED = 1n;

export function readElf(bytes: Buffer): ElfFile {
  const magic = bytes.toString('hex', 0, MAGIC.length / 2);
  if (magic !== MAGIC) throw new Error(`expected a little-endian ELF file of 64 bits (${MAGIC}), got ${magic}`);
  const sections = sectionsOf(bytes);
  return {
    machine: bytes.readUInt16LE(18),
    isStripped: !sections.some(({ type }) => type === SYMBOL_TABLE),
    libraries: sections
      .filter(({ type }) => type === DYNAMIC)
      .flatMap((section) => librariesOf(bytes, section, sections)),
    versions: sections
      .filter(({ type }) => type === VERSION_NEEDS)
      .flatMap((section) => versionsOf(bytes, section, sections)),
  };
}

/** The newest version of each kind, as in GLIBC: 2.29, which is what a machine must have at least. */
export function newestOf(versions: readonly string[]): Record<string, string> {
  const newest = new Map<string, string>();
  for (const text of versions.toSorted()) {
    const cut = text.lastIndexOf('_');
    const [kind, version] = [text.slice(0, cut), text.slice(cut + 1)];
    const known = newest.get(kind);
    if (known === undefined || isNewer(version, known)) newest.set(kind, version);
  }
  return Object.fromEntries(newest);
}

/** By number, part by part: 3.4.9 is older than 3.4.29. */
function isNewer(left: string, right: string): boolean {
  const [l, r] = [left, right].map((version) => version.split('.').map(Number));
  for (let n = 0; n < Math.max(l.length, r.length); n++) {
    const difference = (l[n] ?? 0) - (r[n] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function sectionsOf(bytes: Buffer): Section[] {
  const start = Number(bytes.readBigUInt64LE(40));
  const [entryBytes, count] = [bytes.readUInt16LE(58), bytes.readUInt16LE(60)];
  return Array.from({ length: count }, (_, n) => {
    const at = start + n * entryBytes;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
      info: bytes.readUInt32LE(at + 44),
    };
  });
}

function librariesOf(bytes: Buffer, section: Section, sections: readonly Section[]): string[] {
  const texts = sections[section.link].offset;
  const libraries: string[] = [];
  for (let at = section.offset; at < section.offset + section.size; at += DYNAMIC_ENTRY_BYTES) {
    const [tag, value] = [bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8)];
    if (tag === NEEDED) libraries.push(textAt(bytes, texts + Number(value)));
  }
  return libraries;
}

/** A list of libraries, each with a list of versions; each entry says how many bytes on the next one begins. */
function versionsOf(bytes: Buffer, section: Section, sections: readonly Section[]): string[] {
  const texts = sections[section.link].offset;
  const versions: string[] = [];
  let library = section.offset;
  for (let l = 0; l < section.info; l++) {
    const versionCount = bytes.readUInt16LE(library + 2);
    let version = library + bytes.readUInt32LE(library + 8);
    for (let v = 0; v < versionCount; v++) {
      versions.push(textAt(bytes, texts + bytes.readUInt32LE(version + 8)));
      version += bytes.readUInt32LE(version + 12);
    }
    library += bytes.readUInt32LE(library + 12);
  }
  return versions;
}

function textAt(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}
