/** The part of a text that was not read yet, because a record has no end in it. */

/** So much more must have come before the text is looked at again, at most; while it is shorter than that, as much again. */
const MOST_AWAITED_BYTES = 2 ** 20;

export class WaitingText {
  #parts: Buffer[] = [];
  #bytes = 0;
  #wanted = 0;

  /** Everything that waits; nothing while it is too little to look at. */
  with(bytes: Buffer): Buffer | undefined {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    return this.#bytes < this.#wanted ? undefined : this.all();
  }

  all(): Buffer {
    return this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
  }

  keep(rest: Buffer): void {
    this.#parts = rest.length > 0 ? [rest] : [];
    this.#bytes = rest.length;
    this.#wanted = rest.length + Math.min(rest.length, MOST_AWAITED_BYTES);
  }
}
