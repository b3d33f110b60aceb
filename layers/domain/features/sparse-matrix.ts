/**
 * Rows of few features out of many (compressed sparse rows): who has what, and how much of it.
 *
 * Shapes: offsets (U+1), columns (nnz) ascending within a row, weights (nnz) all above 0.
 */
import { mix32 } from '../random.ts';

export interface SparseMatrix {
  readonly columnCount: number;
  readonly offsets: Uint32Array;
  readonly columns: Uint32Array;
  /** Absent where every weight is 1. */
  readonly weights?: Float32Array | undefined;
}

export function rowCountOf(matrix: SparseMatrix): number {
  return matrix.offsets.length - 1;
}

/** Builds a matrix from rows given as columns, and weights where not all are 1. A door for tests and small sets. */
export function matrixOf(
  rows: readonly (readonly number[])[],
  columnCount: number,
  weights?: readonly (readonly number[])[],
): SparseMatrix {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((row, u) => {
    offsets[u + 1] = offsets[u] + row.length;
  });
  return {
    columnCount,
    offsets,
    columns: Uint32Array.from(rows.flat()),
    weights: weights && Float32Array.from(weights.flat()),
  };
}

/** Numbers (N×D), row by row, of which each may be anything, as a matrix that has all of its entries. */
export function denseMatrix(values: Float32Array, columnCount: number): SparseMatrix {
  return {
    columnCount,
    offsets: Uint32Array.from({ length: values.length / Math.max(1, columnCount) + 1 }, (_, n) => n * columnCount),
    columns: Uint32Array.from(values, (_, at) => at % columnCount),
    weights: values,
  };
}

/** The Euclidean length of each row, (U). */
export function rowNorms({ offsets, weights }: SparseMatrix): Float64Array {
  const norms = new Float64Array(offsets.length - 1);
  for (let u = 0; u < norms.length; u++) {
    let squares = weights ? 0 : offsets[u + 1] - offsets[u];
    if (weights) for (let at = offsets[u]; at < offsets[u + 1]; at++) squares += weights[at] * weights[at];
    norms[u] = Math.sqrt(squares);
  }
  return norms;
}

/** The sum of each row's weights, (U): the size of the set where there are none. */
export function rowSums({ offsets, weights }: SparseMatrix): Float64Array {
  const sums = new Float64Array(offsets.length - 1);
  for (let u = 0; u < sums.length; u++) {
    if (weights) for (let at = offsets[u]; at < offsets[u + 1]; at++) sums[u] += weights[at];
    else sums[u] = offsets[u + 1] - offsets[u];
  }
  return sums;
}

/** In how many of the given rows each column stands, (F). */
export function columnCounts({ columnCount, offsets, columns }: SparseMatrix, rows: Uint32Array): Uint32Array {
  const counts = new Uint32Array(columnCount);
  for (const u of rows) for (let at = offsets[u]; at < offsets[u + 1]; at++) counts[columns[at]]++;
  return counts;
}

/** The same matrix read by column: row f lists who has feature f, ascending. */
export function transpose({ columnCount, offsets, columns, weights }: SparseMatrix): SparseMatrix {
  const starts = new Uint32Array(columnCount + 1);
  for (const f of columns) starts[f + 1]++;
  for (let f = 0; f < columnCount; f++) starts[f + 1] += starts[f];
  const next = starts.slice();
  const users = new Uint32Array(columns.length);
  const turned = weights && new Float32Array(columns.length);
  for (let u = 0; u + 1 < offsets.length; u++) {
    for (let at = offsets[u]; at < offsets[u + 1]; at++) {
      const to = next[columns[at]]++;
      users[to] = u;
      if (turned && weights) turned[to] = weights[at];
    }
  }
  return { columnCount: offsets.length - 1, offsets: starts, columns: users, weights: turned };
}

/** The given rows, in the given order. */
export function selectRows(
  { columnCount, offsets, columns, weights }: SparseMatrix,
  rows: ArrayLike<number>,
): SparseMatrix {
  const chosen = new Uint32Array(rows.length + 1);
  for (let r = 0; r < rows.length; r++) chosen[r + 1] = chosen[r] + offsets[rows[r] + 1] - offsets[rows[r]];
  const kept = new Uint32Array(chosen[rows.length]);
  const keptWeights = weights && new Float32Array(kept.length);
  // Neighbors are copied at once.
  for (let r = 0, next = 1; r < rows.length; r = next, next++) {
    while (next < rows.length && rows[next] === rows[next - 1] + 1) next++;
    const [start, end] = [offsets[rows[r]], offsets[rows[next - 1] + 1]];
    kept.set(columns.subarray(start, end), chosen[r]);
    if (keptWeights && weights) keptWeights.set(weights.subarray(start, end), chosen[r]);
  }
  return { columnCount, offsets: chosen, columns: kept, weights: keptWeights };
}

/** The matrix with its columns renumbered to `target[f]`, which must rise with f; those below 0 are left out. */
export function renumberColumns(
  { offsets, columns, weights }: SparseMatrix,
  target: Int32Array,
  columnCount: number,
): SparseMatrix {
  const kept = new Uint32Array(columns.length);
  const keptWeights = weights && new Float32Array(columns.length);
  const starts = new Uint32Array(offsets.length);
  let end = 0;
  for (let u = 0; u + 1 < offsets.length; u++) {
    for (let at = offsets[u]; at < offsets[u + 1]; at++) {
      const f = target[columns[at]];
      if (f < 0) continue;
      kept[end] = f;
      if (keptWeights && weights) keptWeights[end] = weights[at];
      end++;
    }
    starts[u + 1] = end;
  }
  return { columnCount, offsets: starts, columns: kept.slice(0, end), weights: keptWeights?.slice(0, end) };
}

/** Matrices of the same columns, one under the other. */
export function stackRows(parts: readonly SparseMatrix[], columnCount: number): SparseMatrix {
  const rowCount = parts.reduce((sum, part) => sum + rowCountOf(part), 0);
  const length = parts.reduce((sum, part) => sum + part.columns.length, 0);
  const offsets = new Uint32Array(rowCount + 1);
  const columns = new Uint32Array(length);
  const weights = parts.some((part) => part.weights) ? new Float32Array(length).fill(1) : undefined;
  let row = 0;
  let end = 0;
  for (const part of parts) {
    columns.set(part.columns, end);
    if (part.weights) weights?.set(part.weights, end);
    for (let r = 1; r < part.offsets.length; r++) offsets[++row] = end + part.offsets[r];
    end += part.columns.length;
  }
  return { columnCount, offsets, columns, weights };
}

/** For each row the first row with the very same features and weights, (U). Populations repeat themselves a lot. */
export function firstEqualRows(matrix: SparseMatrix): Uint32Array {
  const firsts = new Uint32Array(rowCountOf(matrix));
  const hashes = new Uint32Array(firsts.length);
  const { weights } = matrix;
  const weightBits = weights && new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
  // A table of rows by their hash, each at the first free slot from there on; 0 is free.
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * firsts.length + 1)));
  for (let u = 0; u < firsts.length; u++) {
    hashes[u] = mix32(hashOfRow(matrix, weightBits, u));
    let slot = hashes[u] & (slots.length - 1);
    for (; slots[slot] > 0; slot = (slot + 1) & (slots.length - 1)) {
      const row = slots[slot] - 1;
      if (hashes[row] === hashes[u] && rowsAreEqual(matrix, row, u)) break;
    }
    if (slots[slot] === 0) slots[slot] = u + 1;
    firsts[u] = slots[slot] - 1;
  }
  return firsts;
}

/** Each different row once, in the order of their first appearance, and which of them each row is, (U). */
export interface DistinctRows {
  readonly matrix: SparseMatrix;
  readonly groups: Uint32Array;
  /** A row of each group, rising. */
  readonly firsts: Uint32Array;
}

export function distinctRows(matrix: SparseMatrix): DistinctRows {
  const firstOf = firstEqualRows(matrix);
  const firsts = firstOf.filter((first, row) => first === row);
  const groups = new Uint32Array(firstOf.length);
  firsts.forEach((row, group) => {
    groups[row] = group;
  });
  firstOf.forEach((first, row) => {
    groups[row] = groups[first];
  });
  return { matrix: selectRows(matrix, firsts), groups, firsts };
}

/** With the weights' bits in it: a table of numbers gives every user the same columns. */
function hashOfRow({ offsets, columns }: SparseMatrix, weightBits: Uint32Array | undefined, row: number): number {
  let hash = 0x811c9dc5;
  for (let at = offsets[row]; at < offsets[row + 1]; at++) {
    hash = Math.imul(hash ^ columns[at], 0x01000193) ^ (hash >>> 15);
    if (weightBits) hash = mix32(hash ^ weightBits[at]);
  }
  return hash;
}

function rowsAreEqual({ offsets, columns, weights }: SparseMatrix, left: number, right: number): boolean {
  const [from, to, length] = [offsets[left], offsets[right], offsets[left + 1] - offsets[left]];
  if (offsets[right + 1] - to !== length) return false;
  for (let at = 0; at < length; at++) {
    if (columns[from + at] !== columns[to + at]) return false;
    if (weights && weights[from + at] !== weights[to + at]) return false;
  }
  return true;
}
