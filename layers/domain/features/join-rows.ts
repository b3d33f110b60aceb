/**
 * Rows out of several tables as the rows of one shard: features by name, columns ascending within a row.
 *
 * Shapes: places (U) the table and the row of each user; F features that they have. Tables read from one file share one list
 *         of names, which is gone through once.
 * Cost:   O(nnz + F·log F). Rows are sorted by counting, some at a time: each entry goes to its column, and from there, column by
 *         column, back to its row.
 */
import type { UserRows } from './shard.ts';
import type { SparseMatrix } from './sparse-matrix.ts';

export interface RowPlaces {
  /** (U) */
  readonly tables: Uint32Array;
  /** (U) */
  readonly rows: Uint32Array;
}

/** So many entries are sorted at a time, or as many as there are features: they should stay in the caches. */
const ENTRIES_AT_A_TIME = 2 ** 17;

/** A table, and what its columns are called in the shard. */
interface Source {
  readonly rows: SparseMatrix;
  readonly target: Uint32Array;
}

export function joinRows(tables: readonly UserRows[], places: RowPlaces): Pick<UserRows, 'features' | 'rows'> {
  const matrices = tables.map(({ rows }) => rows);
  const targets = new Map<readonly string[], Uint32Array>();
  for (const { features } of tables) targets.set(features, new Uint32Array(features.length));
  const sources = tables.map(({ features }, t) => ({
    rows: matrices[t],
    target: targets.get(features) ?? new Uint32Array(0),
  }));
  const offsets = markUsed(sources, places);
  const features = nameColumns(targets);
  const rows = collected(sources, places, offsets, features.length);
  sortRows(rows);
  return { features, rows };
}

/** Sets the target of each column that some row has to 1, and says where the rows will begin. */
function markUsed(sources: readonly Source[], places: RowPlaces): Uint32Array {
  const offsets = new Uint32Array(places.rows.length + 1);
  for (let u = 0; u < places.rows.length; u++) {
    const { rows, target } = sources[places.tables[u]];
    const [start, end] = [rows.offsets[places.rows[u]], rows.offsets[places.rows[u] + 1]];
    for (let at = start; at < end; at++) target[rows.columns[at]] = 1;
    offsets[u + 1] = offsets[u] + end - start;
  }
  return offsets;
}

/** The names of all columns that are used, in their order; each target becomes a place among them. */
function nameColumns(targets: ReadonlyMap<readonly string[], Uint32Array>): string[] {
  const used = new Set<string>();
  for (const [names, target] of targets) for (let f = 0; f < target.length; f++) if (target[f]) used.add(names[f]);
  const features = [...used].sort();
  const place = new Map(features.map((name, f) => [name, f]));
  for (const [names, target] of targets) {
    for (let f = 0; f < target.length; f++) if (target[f]) target[f] = place.get(names[f]) ?? 0;
  }
  return features;
}

/** The rows with their columns by name, as yet in the order in which they were read. */
function collected(
  sources: readonly Source[],
  places: RowPlaces,
  offsets: Uint32Array,
  columnCount: number,
): SparseMatrix {
  const columns = new Uint32Array(offsets[places.rows.length]);
  let weights: Float32Array | undefined;
  for (let u = 0; u < places.rows.length; u++) {
    const { rows, target } = sources[places.tables[u]];
    const [start, to] = [rows.offsets[places.rows[u]], offsets[u]];
    const length = offsets[u + 1] - to;
    for (let n = 0; n < length; n++) columns[to + n] = target[rows.columns[start + n]];
    for (let n = 0; rows.weights && n < length; n++) {
      const weight = rows.weights[start + n];
      if (weight !== 1) weights ??= new Float32Array(columns.length).fill(1);
      if (weights) weights[to + n] = weight;
    }
  }
  return { columnCount, offsets, columns, weights };
}

function sortRows(matrix: SparseMatrix): void {
  const { columnCount, offsets, columns, weights } = matrix;
  const most = Math.min(columns.length, Math.max(ENTRIES_AT_A_TIME, columnCount));
  const desk: Desk = {
    ends: new Uint32Array(columnCount + 1),
    rows: new Uint32Array(most),
    weights: weights && new Float32Array(most),
  };
  const U = offsets.length - 1;
  for (let start = 0; start < U; ) {
    let end = start + 1;
    while (end < U && offsets[end + 1] - offsets[start] <= most) end++;
    sortSome(matrix, start, end, desk);
    start = end;
  }
}

/** Where entries lie sorted by column: where those of each column end, of each its row and its weight. */
interface Desk {
  readonly ends: Uint32Array;
  readonly rows: Uint32Array;
  readonly weights: Float32Array | undefined;
}

/** Sorts the columns within each of the rows `start` to `end`, weights along with them. */
function sortSome({ offsets, columns, weights }: SparseMatrix, start: number, end: number, desk: Desk): void {
  const ends = desk.ends.fill(0);
  for (let at = offsets[start]; at < offsets[end]; at++) ends[columns[at] + 1]++;
  for (let f = 1; f < ends.length; f++) ends[f] += ends[f - 1];
  for (let u = start; u < end; u++) {
    for (let at = offsets[u]; at < offsets[u + 1]; at++) {
      const place = ends[columns[at]]++;
      desk.rows[place] = u - start;
      if (weights && desk.weights) desk.weights[place] = weights[at];
    }
  }
  const next = offsets.slice(start, end);
  const length = offsets[end] - offsets[start];
  for (let f = 0, place = 0; place < length; f++) {
    for (; place < ends[f]; place++) {
      const at = next[desk.rows[place]]++;
      columns[at] = f;
      if (weights && desk.weights) weights[at] = desk.weights[place];
    }
  }
}
