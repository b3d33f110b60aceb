/**
 * Rows out of several tables as the rows of one shard: features by name, columns ascending within a row.
 *
 * Shapes: places (U) the table and the row of each user; F features that they have. Tables read from one file share one list
 *         of names, which is gone through once.
 * Cost:   O(nnz + F·log F).
 */
import { orderRowsInPlace } from '../kernels/row-order-kernel.ts';
import type { UserRows } from './shard.ts';
import type { SparseMatrix } from './sparse-matrix.ts';

export interface RowPlaces {
  /** (U) */
  readonly tables: Uint32Array;
  /** (U) */
  readonly rows: Uint32Array;
}

/** A table, and what its columns are called in the shard. */
interface Source {
  readonly rows: SparseMatrix;
  readonly target: Uint32Array;
}

export function joinRows(tables: readonly UserRows[], places: RowPlaces): Pick<UserRows, 'features' | 'rows'> {
  const matrices = tables.map(({ rows }) => rows);
  const targets = new Map<readonly string[], Uint32Array>();
  for (const { features } of tables)
    if (!targets.has(features)) targets.set(features, new Uint32Array(features.length));
  const sources = tables.map(({ features }, t) => ({
    rows: matrices[t],
    target: targets.get(features) ?? new Uint32Array(0),
  }));
  const offsets = markUsed(sources, places);
  const features = nameColumns(targets);
  const rows = collected(sources, places, offsets, features.length);
  orderRowsInPlace(rows);
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
  const used = [...targets].map(([names, target]) => names.filter((_, f) => target[f]));
  const features = (used.length === 1 ? used[0] : [...new Set(used.flat())]).sort();
  const place = new Map<string, number>();
  for (const [f, name] of features.entries()) place.set(name, f);
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
