/**
 * The product of two dense matrices by WebAssembly SIMD: the same bits as plain-product.ts, some ten times (float64) to
 * thirty times (float32) faster.
 *
 * Shapes: as there. Tiles of A, B and C are copied into the kernel's own memory, which never grows; a factor that the kernel
 *         could not read in rows is turned on the way.
 * Cost:   M·K·N multiply–adds, and a copy of each tile: A once a tile of columns, B once, C twice a tile of the inner index.
 */
import type { Numbers } from './numbers.ts';
import type { ProductShape } from './plain-product.ts';
import { type AddTile, simd } from './simd.ts';

/** B's tile and four rows of A then stay in the caches nearest to a core. */
const MOST_INNER = 256;
const MOST_COLUMNS = 128;
const MOST_ROWS = 256;
const LONGEST = Float64Array.BYTES_PER_ELEMENT;
const A_AT = 0;
const B_AT = A_AT + MOST_ROWS * MOST_INNER * LONGEST;
const C_AT = B_AT + MOST_INNER * MOST_COLUMNS * LONGEST;

/** By the precision of C. */
interface Kernel {
  readonly addTile: AddTile;
  readonly memory: Numbers;
}

export function addByKernel(c: Numbers, a: Numbers, b: Numbers, shape: ProductShape): void {
  const { add32, add64, singles, doubles } = simd();
  const kernel = c instanceof Float32Array ? { addTile: add32, memory: singles } : { addTile: add64, memory: doubles };
  addTiles(kernel, c, a, b, shape);
}

function addTiles(kernel: Kernel, c: Numbers, a: Numbers, b: Numbers, shape: ProductShape): void {
  for (let n = 0; n < shape.N; n += MOST_COLUMNS) {
    for (let k = 0; k < shape.K; k += MOST_INNER) addTilesOf(kernel, c, a, b, shape, k, n);
  }
}

/** What one tile of B, from its row k0 and column n0, adds to C. */
function addTilesOf(
  { addTile, memory }: Kernel,
  c: Numbers,
  a: Numbers,
  b: Numbers,
  { M, K, N, aRow, aInner, bInner, bColumn }: ProductShape,
  k0: number,
  n0: number,
): void {
  const bytes = memory.BYTES_PER_ELEMENT;
  const inner = Math.min(MOST_INNER, K - k0);
  const columns = Math.min(MOST_COLUMNS, N - n0);
  const inside = (address: number, row: number): Lines => ({ values: memory, at: address / bytes, row, column: 1 });
  copyTile(
    inside(B_AT, columns),
    { values: b, at: k0 * bInner + n0 * bColumn, row: bInner, column: bColumn },
    inner,
    columns,
  );
  for (let m = 0; m < M; m += MOST_ROWS) {
    const rows = Math.min(MOST_ROWS, M - m);
    const [tile, outside] = [inside(C_AT, columns), { values: c, at: m * N + n0, row: N, column: 1 }];
    const at = m * aRow + k0 * aInner;
    // What lies in columns is copied as it lies: the kernel takes its steps in either direction.
    if (aInner === 1) copyTile(inside(A_AT, inner), { values: a, at, row: aRow, column: 1 }, rows, inner);
    else copyTile(inside(A_AT, rows), { values: a, at, row: aInner, column: aRow }, inner, rows);
    const [row, step] = aInner === 1 ? [inner * bytes, bytes] : [bytes, rows * bytes];
    copyTile(tile, outside, rows, columns);
    addTile(A_AT, row, step, B_AT, C_AT, rows, inner, columns);
    copyTile(outside, tile, rows, columns);
  }
}

/** Where a tile lies: from a place on, with steps from a row to the next and from a column to the next. */
interface Lines {
  readonly values: Numbers;
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

/** Copies (rows×columns) to where columns are neighbors. */
function copyTile(to: Lines, from: Lines, rows: number, columns: number): void {
  if (from.column === 1 && from.row === columns && to.row === columns) {
    to.values.set(from.values.subarray(from.at, from.at + rows * columns), to.at);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const [here, there] = [to.at + row * to.row, from.at + row * from.row];
    for (let column = 0; column < columns; column++)
      to.values[here + column] = from.values[there + column * from.column];
  }
}
