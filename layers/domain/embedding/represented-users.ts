/**
 * Users as points by a trained representation.
 *
 * Shapes: rows (N×F') of a shard's own columns; points (N×D), unit vectors; the zero vector for who has no feature that the
 *         representation knows.
 */
import { placesOf } from '../features/feature-vector.ts';
import type { Shard } from '../features/shard.ts';
import { renumberColumns, rowCountOf, type SparseMatrix, selectRows } from '../features/sparse-matrix.ts';
import { representUsers, type UserRepresentation } from './user-representation.ts';

/** So many users at once, which bounds the memory. */
const BLOCK_USERS = 1_024;

/** The given rows of a shard, in their order. */
export function representedUsers(
  { features, rows: all }: Pick<Shard, 'features' | 'rows'>,
  rows: Uint32Array,
  model: UserRepresentation,
): Float32Array {
  const D = model.shape.dimensions;
  const places = placesOf(features, model.features);
  const points = new Float32Array(rows.length * D);
  for (let start = 0; start < rows.length; start += BLOCK_USERS) {
    const some = selectRows(all, rows.subarray(start, start + BLOCK_USERS));
    const known = renumberColumns(some, places, model.features.length);
    const block = representUsers(model, known, (length) => new Float32Array(length)).points;
    for (let n = 0; n < rowCountOf(known); n++) {
      const length = lengthOf(known, block, n, D);
      if (length > 0) for (let d = 0; d < D; d++) points[(start + n) * D + d] = block[n * D + d] / length;
    }
  }
  return points;
}

/** 0 for who has no feature: a network gives a point to nobody as well. */
function lengthOf({ offsets }: SparseMatrix, points: ArrayLike<number>, row: number, D: number): number {
  if (offsets[row] === offsets[row + 1]) return 0;
  let squares = 0;
  for (let at = row * D; at < row * D + D; at++) squares += points[at] * points[at];
  return Math.sqrt(squares);
}
