/** Values that a warm process keeps by their names, which never change: so many bytes at most, the least recently used go first. */
export class Kept<Value> {
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #kept = new Map<string, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The value of the name, made now where it is not kept; nothing is kept of one that cannot be made. */
  async of<Made extends Value | undefined>(
    name: string,
    make: () => Promise<Made>,
    bytesOf: (value: Value) => number,
  ): Promise<Value | Made> {
    const found = this.#kept.get(name);
    if (found) {
      this.#kept.delete(name);
      this.#kept.set(name, found);
      return found.value;
    }
    const made = await make();
    if (made !== undefined) this.#keep(name, made, bytesOf(made));
    return made;
  }

  #keep(name: string, value: Value, bytes: number): void {
    if (bytes > this.#maxBytes || this.#kept.has(name)) return;
    for (const [oldest, kept] of this.#kept) {
      if (this.#bytes + bytes <= this.#maxBytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= kept.bytes;
    }
    this.#kept.set(name, { value, bytes });
    this.#bytes += bytes;
  }
}
