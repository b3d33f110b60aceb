/** Users in columns, one added after the other: each name and each feature of a user is kept once. */
import type { User, UserRows } from './shard.ts';
import type { SparseMatrix } from './sparse-matrix.ts';

export class GrowingRows implements UserRows {
  readonly ids: string[] = [];
  readonly features: string[] = [];
  readonly #columnByName = new Map<string, number>();
  #offsets = new Uint32Array(1024);
  #columns = new Uint32Array(4096);
  #weights: Float32Array | undefined;

  get rows(): SparseMatrix {
    const end = this.#offsets[this.ids.length];
    return {
      columnCount: this.features.length,
      offsets: this.#offsets.subarray(0, this.ids.length + 1),
      columns: this.#columns.subarray(0, end),
      weights: this.#weights?.subarray(0, end),
    };
  }

  add({ id, features, weights }: User): void {
    let end = this.#reserve(features.length, weights !== undefined);
    for (let at = 0; at < features.length; at++) {
      const weight = Math.fround(weights?.[at] ?? 1);
      if (weight === 0) continue; // a weight of nothing, once stored as float32, is not to have the feature
      this.#columns[end] = this.#columnOf(features[at]);
      if (this.#weights) this.#weights[end] = weight;
      end++;
    }
    this.ids.push(id);
    this.#offsets[this.ids.length] = end;
  }

  #columnOf(name: string): number {
    const known = this.#columnByName.get(name);
    if (known !== undefined) return known;
    const column = this.features.push(name) - 1;
    this.#columnByName.set(name, column);
    return column;
  }

  /** Room for a row of so many features; where it begins. */
  #reserve(count: number, weighted: boolean): number {
    const row = this.ids.length;
    if (row + 1 === this.#offsets.length) this.#offsets = grown(this.#offsets, new Uint32Array(2 * (row + 1)));
    const end = this.#offsets[row];
    if (end + count > this.#columns.length) {
      const capacity = Math.max(end + count, 2 * this.#columns.length);
      this.#columns = grown(this.#columns, new Uint32Array(capacity));
      if (this.#weights) this.#weights = grown(this.#weights, new Float32Array(capacity));
    }
    if (weighted && !this.#weights) this.#weights = new Float32Array(this.#columns.length).fill(1);
    return end;
  }
}

function grown<T extends Float32Array | Uint32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
