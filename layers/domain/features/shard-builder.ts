/**
 * Collects users one by one and cuts them into shards by a hash of the id.
 *
 * Memory: 4 bytes a feature of a user (8 with weights), and each name and id once. Of users with one id the later wins.
 */
import { hashText } from '../random.ts';
import type { Shard, User } from './shard.ts';
import { compareTexts } from './text-order.ts';

/**
 * Into how many parts users are cut, by the remainder of the hash of the id: as few as keep every part within `maxUsers`. A
 * power of two, so that parts nest: a part of a coarser cut is made of whole parts of a finer one.
 */
export function partCountFor(hashes: Uint32Array, maxUsers: number): number {
  let count = 1;
  while (count < MAX_PARTS && fullestPart(hashes, count) > maxUsers) count *= 2;
  return count;
}

/** The part of a user in such a cut. */
export function partOf(id: string, cut: number): number {
  return hashText(id) % cut;
}

/** Beyond, a part too full holds ids of nearly the same hash, which no cut sets apart. */
const MAX_PARTS = 2 ** 24;

function fullestPart(hashes: Uint32Array, count: number): number {
  const sizes = new Uint32Array(count);
  for (const hash of hashes) sizes[hash % count]++;
  return sizes.reduce((most, size) => Math.max(most, size), 0);
}

export class ShardBuilder {
  readonly #slotById = new Map<string, number>();
  readonly #columnByName = new Map<string, number>();
  #starts = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  #columns = new Uint32Array(4096);
  #weights: Float32Array | undefined;
  #end = 0;
  #duplicateCount = 0;

  get userCount(): number {
    return this.#slotById.size;
  }

  /** How many users were given again and so replaced. */
  get duplicateCount(): number {
    return this.#duplicateCount;
  }

  has(id: string): boolean {
    return this.#slotById.has(id);
  }

  add({ id, features, weights }: User): void {
    const slot = this.#slotOf(id);
    this.#reserve(features.length, weights !== undefined);
    this.#starts[slot] = this.#end;
    for (let at = 0; at < features.length; at++) {
      const weight = Math.fround(weights?.[at] ?? 1);
      if (weight === 0) continue; // a weight of nothing, once stored as float32, is not to have the feature
      this.#columns[this.#end] = this.#columnOf(features[at]);
      if (this.#weights) this.#weights[this.#end] = weight;
      this.#end++;
    }
    this.#lengths[slot] = this.#end - this.#starts[slot];
  }

  /** Into how many parts `build` cuts the users. */
  cutFor(maxUsers: number): number {
    return partCountFor(
      Uint32Array.from(this.#slotById.keys(), (id) => hashText(id)),
      maxUsers,
    );
  }

  /** Shards of at most `maxUsers` users each, none of them empty; ids decide alone who goes where. */
  build(maxUsers: number): Shard[] {
    const parts = this.buildParts(this.cutFor(maxUsers));
    return this.userCount === 0 ? parts : parts.filter(({ ids }) => ids.length > 0);
  }

  /** As many shards as asked for, some perhaps empty: the user's part is the remainder of the hash of the id. */
  buildParts(count: number): Shard[] {
    const parts = Array.from({ length: count }, (): string[] => []);
    for (const id of this.#slotById.keys()) parts[partOf(id, count)].push(id);
    return parts.map((ids) => this.#shardOf(ids.sort(compareTexts)));
  }

  #shardOf(ids: string[]): Shard {
    const slots = ids.map((id) => this.#slotById.get(id) ?? 0);
    const names = [...this.#columnByName.keys()];
    const used = new Uint8Array(names.length);
    const offsets = new Uint32Array(ids.length + 1);
    slots.forEach((slot, u) => {
      offsets[u + 1] = offsets[u] + this.#lengths[slot];
      const start = this.#starts[slot];
      for (let at = start; at < start + this.#lengths[slot]; at++) used[this.#columns[at]] = 1;
    });
    const byName = names.flatMap((name, column) => (used[column] ? [{ name, column }] : []));
    byName.sort((left, right) => compareTexts(left.name, right.name));
    const target = new Uint32Array(names.length);
    byName.forEach(({ column }, f) => {
      target[column] = f;
    });
    const columns = new Uint32Array(offsets[ids.length]);
    const weights = this.#weights && new Float32Array(columns.length);
    slots.forEach((slot, u) => {
      this.#copyRow(
        slot,
        target,
        columns.subarray(offsets[u], offsets[u + 1]),
        weights?.subarray(offsets[u], offsets[u + 1]),
      );
    });
    const isBinary = weights?.every((weight) => weight === 1) ?? true;
    return {
      ids,
      features: byName.map(({ name }) => name),
      rows: { columnCount: byName.length, offsets, columns, weights: isBinary ? undefined : weights },
    };
  }

  /** Writes one user's columns, renumbered and ascending, and the weights along with them. */
  #copyRow(slot: number, target: Uint32Array, columns: Uint32Array, weights: Float32Array | undefined): void {
    const start = this.#starts[slot];
    for (let at = 0; at < columns.length; at++) columns[at] = target[this.#columns[start + at]];
    if (!weights || !this.#weights) {
      columns.sort();
      return;
    }
    const order = Uint32Array.from(columns, (_, at) => at).sort((left, right) => columns[left] - columns[right]);
    const unsorted = columns.slice();
    order.forEach((from, at) => {
      columns[at] = unsorted[from];
      weights[at] = this.#weights?.[start + from] ?? 1;
    });
  }

  #slotOf(id: string): number {
    const known = this.#slotById.get(id);
    if (known !== undefined) {
      this.#duplicateCount++;
      return known;
    }
    const slot = this.#slotById.size;
    this.#slotById.set(id, slot);
    if (slot === this.#starts.length) {
      this.#starts = grown(this.#starts, new Float64Array(2 * slot));
      this.#lengths = grown(this.#lengths, new Uint32Array(2 * slot));
    }
    return slot;
  }

  #columnOf(name: string): number {
    const known = this.#columnByName.get(name);
    if (known !== undefined) return known;
    const column = this.#columnByName.size;
    this.#columnByName.set(name, column);
    return column;
  }

  #reserve(count: number, weighted: boolean): void {
    const needed = this.#end + count;
    if (needed > this.#columns.length) {
      const capacity = Math.max(needed, 2 * this.#columns.length);
      this.#columns = grown(this.#columns, new Uint32Array(capacity));
      if (this.#weights) this.#weights = grown(this.#weights, new Float32Array(capacity));
    }
    if (weighted && !this.#weights) this.#weights = new Float32Array(this.#columns.length).fill(1);
  }
}

function grown<T extends Float64Array | Float32Array | Uint32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
