/**
 * Collects users, one by one or rows of them at once, and cuts them into shards by a hash of the id.
 *
 * Memory: of users one by one 4 bytes a feature of a user (8 with weights), and each name and id once; rows stay what they
 *         are, and are kept. Of users with one id the later wins.
 */
import { hashText } from '../random.ts';
import { GrowingRows } from './growing-rows.ts';
import { joinRows, type RowPlaces } from './join-rows.ts';
import type { Shard, User, UserRows } from './shard.ts';

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
  readonly #tables: UserRows[] = [];
  readonly #single = new GrowingRows();
  #places: RowPlaces = { tables: new Uint32Array(1024), rows: new Uint32Array(1024) };
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

  add(user: User): void {
    this.#single.add(user);
    const row = this.#single.ids.length - 1;
    this.addRows(this.#single, row, row + 1);
  }

  /** The rows `start` to `end`, which must stay as they are. */
  addRows(rows: UserRows, start = 0, end = rows.ids.length): void {
    const table = this.#tableOf(rows);
    for (let row = start; row < end; row++) {
      const slot = this.#slotOf(rows.ids[row]);
      this.#places.tables[slot] = table;
      this.#places.rows[slot] = row;
    }
  }

  /** Into how many parts `build` cuts the users. */
  cutFor(maxUsers: number): number {
    if (this.userCount <= maxUsers) return 1;
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
    for (const id of this.#slotById.keys()) parts[count === 1 ? 0 : partOf(id, count)].push(id);
    return parts.map((ids) => this.#shardOf(ids.sort()));
  }

  #shardOf(ids: string[]): Shard {
    const slots = Uint32Array.from(ids, (id) => this.#slotById.get(id) ?? 0);
    const { tables, rows } = this.#places;
    const places = { tables: slots.map((slot) => tables[slot]), rows: slots.map((slot) => rows[slot]) };
    return { ids, ...joinRows(this.#tables, places) };
  }

  /** Most rows come of the table that came last. */
  #tableOf(rows: UserRows): number {
    if (this.#tables.at(-1) === rows) return this.#tables.length - 1;
    const known = rows === this.#single ? this.#tables.indexOf(rows) : -1;
    return known >= 0 ? known : this.#tables.push(rows) - 1;
  }

  #slotOf(id: string): number {
    const known = this.#slotById.get(id);
    if (known !== undefined) {
      this.#duplicateCount++;
      return known;
    }
    const slot = this.#slotById.size;
    this.#slotById.set(id, slot);
    const { tables, rows } = this.#places;
    if (slot === rows.length) this.#places = { tables: doubled(tables), rows: doubled(rows) };
    return slot;
  }
}

function doubled(values: Uint32Array): Uint32Array {
  const twice = new Uint32Array(2 * values.length);
  twice.set(values);
  return twice;
}
