/**
 * Lines of bytes become users in columns, by the kernel: no object a line, a text for each id and for each name of a feature.
 *
 * What the kernel leaves as unusual its caller reads slowly, and adds. Memory: the kernel's (some MiB, and each name once).
 */
import type { User, UserRows } from '#domain/features/shard.ts';
import { giveBack, type Reader, STATUS, takeReader } from '#domain/kernels/reader.ts';

const LINE_FEED = 10;

/** Of a name: the kernel has room for no longer one. */
const MOST_LETTERS = 1024;

/** Reads from one address to another, and says where it stopped. */
export type ReadBytes = (at: number, end: number) => number;

export class RowReader {
  readonly kernel: Reader = takeReader();
  readonly #last: 'whole' | 'open';
  readonly #checkId: (id: string, line: number) => void;
  readonly #features: string[] = [];
  readonly #ids: string[] = [];
  /** Of features that came as texts. */
  readonly #numbers = new Map<string, number>();
  #memory = Buffer.from(this.kernel.memory.buffer);

  /** Whether the last row that was read may go on in what follows; `checkId` is told each id that the kernel read, in their order. */
  constructor(last: 'whole' | 'open' = 'whole', checkId: (id: string, line: number) => void = () => {}) {
    this.#last = last;
    this.#checkId = checkId;
  }

  /** The kernel's memory, which moves when it grows. */
  get memory(): Buffer {
    const { buffer } = this.kernel.memory;
    if (this.#memory.buffer !== buffer) this.#memory = Buffer.from(buffer);
    return this.#memory;
  }

  get isEmpty(): boolean {
    return this.kernel.rowCount.value === 0;
  }

  /** Puts whole lines from a place on into the kernel's input, the last one ended; returns where they end there, or nothing if one line alone is too long. */
  load(bytes: Buffer, from: number): number | undefined {
    const start = this.kernel.INPUT.value;
    const most = this.kernel.MOST_INPUT.value;
    const isAll = bytes.length - from < most;
    const stop = isAll ? bytes.length : bytes.lastIndexOf(LINE_FEED, from + most - 1) + 1;
    if (stop <= from) return undefined;
    const { memory } = this;
    memory.set(bytes.subarray(from, stop), start);
    const end = start + stop - from;
    if (bytes[stop - 1] === LINE_FEED) return end;
    memory[end] = LINE_FEED;
    return end + 1;
  }

  /** The texts of the ids that were read so far, which must be known before other bytes are loaded. */
  readIds(): void {
    const { IDS, rowCount } = this.kernel;
    const { memory } = this;
    const places = new Uint32Array(memory.buffer, IDS.value, 3 * rowCount.value);
    for (let row = this.#ids.length; row < rowCount.value; row++) {
      const [at, length, line] = [places[3 * row], places[3 * row + 1], places[3 * row + 2]];
      const id = memory.toString('utf8', at, at + length);
      this.#checkId(id, line);
      this.#ids.push(id);
    }
  }

  /** Rows, if there must be room for another one. */
  *room(): Generator<UserRows> {
    if (this.kernel.isFull()) yield this.take(this.#last);
  }

  /** One whole row, for which there must be room: after the kernel has stopped there is. */
  add({ id, features, weights }: User): void {
    const { kernel } = this;
    this.readIds();
    kernel.beginRow(0, 0);
    features.forEach((feature, n) => {
      kernel.giveWeighted(this.#numberOf(feature), Math.fround(weights?.[n] ?? 1));
    });
    kernel.endRow();
    this.#ids.push(id);
  }

  /** Whether the row of this user, who has one feature a row, is being read. */
  isOpen(id: string): boolean {
    return id.length <= MOST_LETTERS && this.kernel.isOpen(this.kernel.TEXT.value, this.#put(id)) !== 0;
  }

  open(id: string): void {
    this.kernel.openRow(this.kernel.TEXT.value, this.#put(id));
    this.#ids.push(id);
  }

  /** Whether the row that is being read has the feature. */
  has(feature: string): boolean {
    return this.kernel.isGiven(this.#numberOf(feature)) !== 0;
  }

  /** Gives the open row a feature. */
  push(feature: string, weight: number): void {
    this.kernel.giveOpen(this.#numberOf(feature), Math.fround(weight));
  }

  #numberOf(feature: string): number {
    const known = this.#numbers.get(feature);
    if (known !== undefined) return known;
    const number = this.kernel.numberOfName(this.kernel.TEXT.value, this.#put(feature));
    this.#numbers.set(feature, number);
    return number;
  }

  /** Writes one name where the kernel looks for it; returns its length. */
  #put(name: string): number {
    return this.memory.write(name, this.kernel.TEXT.value);
  }

  /** Reads what is loaded, from a place to its end; gives rows when they are many, and stops at what is unusual. */
  *read(readBytes: ReadBytes, start: number, end: number): Generator<UserRows, number> {
    let at = readBytes(start, end);
    for (; this.kernel.status.value === STATUS.full; at = readBytes(at, end)) yield this.take(this.#last);
    return at;
  }

  /** The rows that wait. */
  take(last: 'whole' | 'open' = 'whole'): UserRows {
    const { kernel } = this;
    this.readIds();
    this.#readNames();
    const { buffer } = kernel.memory;
    const count = kernel.rowCount.value - (last === 'open' ? 1 : 0);
    const offsets = new Uint32Array(buffer, kernel.ROW_STARTS.value, count + 1).slice();
    const columns = new Uint32Array(buffer, kernel.COLUMNS.value, offsets[count]).slice();
    const weights = kernel.isWeighted.value
      ? new Float32Array(buffer, kernel.WEIGHTS.value, columns.length).slice()
      : undefined;
    if (last === 'open') kernel.keepOpenRow();
    else kernel.takeRows();
    const features = this.#features;
    return {
      ids: this.#ids.splice(0, count),
      features,
      rows: { columnCount: features.length, offsets, columns, weights },
    };
  }

  close(): void {
    giveBack(this.kernel);
  }

  #readNames(): void {
    const { kernel, memory } = this;
    for (let number = this.#features.length; number < kernel.featureCount.value; number++) {
      const at = kernel.nameAt(number);
      this.#features.push(memory.toString('utf8', at, at + kernel.nameLength(number)));
    }
  }
}
