/** Values that a warm process keeps by their names, which never change: so many bytes at most, the least recently used go first. */
export class Kept<Value> {
  readonly #maxBytes: number;
  readonly #bytesOf: (value: Value) => number;
  /** The least recently used first. */
  readonly #kept = new Map<string, Value>();
  #bytes = 0;

  constructor(maxBytes: number, bytesOf: (value: Value) => number) {
    this.#maxBytes = maxBytes;
    this.#bytesOf = bytesOf;
  }

  /** The value of the name, made now where it is not kept; nothing is kept of one that cannot be made. */
  async of<Made extends Value | undefined>(name: string, make: () => Promise<Made>): Promise<Value | Made> {
    const found = this.#kept.get(name);
    if (found !== undefined) {
      this.#kept.delete(name);
      this.#kept.set(name, found);
      return found;
    }
    const made = await make();
    if (made !== undefined) this.#keep(name, made);
    return made;
  }

  #keep(name: string, value: Value): void {
    const bytes = this.#bytesOf(value);
    if (bytes > this.#maxBytes || this.#kept.has(name)) return;
    for (const [oldest, other] of this.#kept) {
      if (this.#bytes + bytes <= this.#maxBytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= this.#bytesOf(other);
    }
    this.#kept.set(name, value);
    this.#bytes += bytes;
  }
}
