/**
 * The kernel that reads rows of users out of bytes (reader-module.as), which has a memory of its own.
 *
 * It is given lines, the last one ended, that begin at `INPUT`; what it cannot read it leaves, and says so by its status. Rows wait
 * in its memory until they are taken; the numbers of features stay.
 */
import { READER_MODULE } from './reader-module.ts';
import { startModule } from './web-assembly.ts';

/** How reading ended. */
export const STATUS = { done: 0, full: 1, unusual: 2, unusualRow: 3, unfinished: 4 } as const;

/** What a row of CSV is. */
export const LAYOUT = { wide: 0, listed: 1, paired: 2 } as const;

interface Global {
  readonly value: number;
}

/** Addresses and lengths in bytes; a name is a text of at most 1,024 bytes. */
export interface Reader {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Where one name is put together, of up to 3,072 bytes. */
  readonly TEXT: Global;
  /** (rows + 1) places in COLUMNS. */
  readonly ROW_STARTS: Global;
  /** (rows × 3): where the id begins, its length, and the line. */
  readonly IDS: Global;
  readonly COLUMNS: Global;
  readonly WEIGHTS: Global;
  readonly INPUT: Global;
  readonly MOST_INPUT: Global;
  readonly status: Global;
  /** Lines that were passed. */
  readonly line: { value: number };
  /** The line on which the last record of CSV ended. */
  readonly recordLine: { value: number };
  readonly rowCount: Global;
  readonly columnCount: Global;
  /** Whether some weight is not 1. */
  readonly isWeighted: Global;
  readonly featureCount: Global;
  /** Features of the row that is being read, those of no weight included. */
  readonly openCount: Global;
  /** Where the cells of the last record lie, and what stands before the values of each column: addresses and lengths. */
  readonly cells: Global;
  readonly prefixes: Global;
  /** Forgets everything. */
  readonly reset: () => void;
  readonly allocate: (bytes: number) => number;
  readonly nameAt: (number: number) => number;
  readonly nameLength: (number: number) => number;
  /** Each reads from one address to another, and says where it stopped. */
  readonly readNdjson: (at: number, end: number) => number;
  readonly readCsv: (at: number, end: number) => number;
  /** Cells of no use are −1. */
  readonly beginCsv: (
    layout: number,
    delimiter: number,
    cells: number,
    id: number,
    feature: number,
    weight: number,
  ) => void;
  readonly beginRow: (id: number, length: number) => void;
  /** The number of a name, a new one if it has none. */
  readonly numberOfName: (at: number, length: number) => number;
  /** Gives the row a feature by its number. */
  readonly giveWeighted: (number: number, weight: number) => number;
  readonly endRow: () => void;
  /** Whether rows must be taken before another one is begun. */
  readonly isFull: () => number;
  readonly takeRows: () => void;
  /** Of one feature a row: whether the rows of this user are being read, and the beginning of another's. */
  readonly isOpen: (id: number, length: number) => number;
  readonly openRow: (id: number, length: number) => void;
  readonly giveOpen: (number: number, weight: number) => number;
  readonly isGiven: (number: number) => number;
  readonly keepOpenRow: () => void;
}

/** One that has grown beyond is not kept. */
const MOST_KEPT_BYTES = 2 ** 22;

let idle: Reader | undefined;

/** A reader that knows nothing; give it back when all is read. */
export function takeReader(): Reader {
  const reader = idle ?? startModule<Reader>(READER_MODULE);
  idle = undefined;
  reader.reset();
  return reader;
}

export function giveBack(reader: Reader): void {
  if (reader.memory.buffer.byteLength <= MOST_KEPT_BYTES) idle = reader;
}
