/**
 * Products of a sparse matrix with vectors by WebAssembly: the same bits as plain-sparse.ts, two to three times faster.
 *
 * Shapes: matrix (N×F), numbers by column (F) and by row (N).
 * Trick:  rows come in tiles that stay in the caches nearest to a core, so a sweep, which needs both products, reads the
 *         matrix once from afar.
 * Cost:   an entry some 0.6 ns a product; numbers by column are copied in and out. The memory grows to twice those and a
 *         tile, holds nothing between two calls, and is each thread's own.
 */
import type { SparseMatrix } from '../features/sparse-matrix.ts';
import { addPlainRow, plainRowProduct } from './plain-sparse.ts';
import { SPARSE_MODULE } from './sparse-module.ts';
import { startModule } from './web-assembly.ts';

/** The most rows and, but for a row that is longer, the most entries of a tile. */
const TILE_ROWS = 8_192;
const TILE_ENTRIES = 32_768;
const PAGE = 65_536;
/** As infra/kernels/compile-kernels.ts has it. */
const MOST_PAGES = 4_096;
const DOUBLE = Float64Array.BYTES_PER_ELEMENT;
const WORD = Uint32Array.BYTES_PER_ELEMENT;

/** The share of rows below which each is computed by itself. */
const FEW = 0.4;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
  readonly rowProducts: (columns: number, offsets: number, rows: number, byColumn: number, products: number) => void;
  readonly weightedRowProducts: (
    columns: number,
    amounts: number,
    offsets: number,
    rows: number,
    byColumn: number,
    products: number,
  ) => void;
  readonly addColumnProducts: (columns: number, offsets: number, rows: number, byRow: number, sums: number) => void;
  readonly addWeightedColumnProducts: (
    columns: number,
    amounts: number,
    offsets: number,
    rows: number,
    byRow: number,
    sums: number,
  ) => void;
}

/** Of each row the sum of its entries, each times its column's number, (N). */
export function rowProducts(matrix: SparseMatrix, byColumn: Float64Array): Float64Array {
  const products = new Float64Array(matrix.offsets.length - 1);
  const tiles = Tiles.over(matrix);
  if (!tiles) return products.map((_, row) => plainRowProduct(matrix, byColumn, row));
  tiles.takeColumns(byColumn);
  for (let from = 0; from < products.length; from = tiles.end) {
    tiles.take(from);
    products.set(tiles.multiplyRows(), from);
  }
  return products;
}

/** The same of the given rows alone, (rows). */
export function rowProductsOf(matrix: SparseMatrix, byColumn: Float64Array, rows: Uint32Array): Float64Array {
  const chosen = new Float64Array(rows.length);
  if (rows.length < FEW * (matrix.offsets.length - 1)) {
    for (let n = 0; n < rows.length; n++) chosen[n] = plainRowProduct(matrix, byColumn, rows[n]);
    return chosen;
  }
  const products = rowProducts(matrix, byColumn);
  for (let n = 0; n < rows.length; n++) chosen[n] = products[rows[n]];
  return chosen;
}

/** Of each column the sum of its entries, each times its row's number, (F). */
export function columnProducts(matrix: SparseMatrix, byRow: Float64Array): Float64Array {
  const tiles = Tiles.over(matrix);
  if (!tiles) return plainColumnProducts(matrix, byRow);
  tiles.clearSums();
  for (let from = 0; from < byRow.length; from = tiles.end) {
    tiles.take(from);
    tiles.rows.set(byRow.subarray(from, tiles.end));
    tiles.addRows();
  }
  return tiles.sums();
}

/**
 * Of each column the sum of its entries, each times what `visit` makes, in place, of its row's product; it is given the
 * products of some rows and which the first of them is, (F).
 */
export function sweepRows(
  matrix: SparseMatrix,
  byColumn: Float64Array,
  visit: (products: Float64Array, from: number) => void,
): Float64Array {
  const tiles = Tiles.over(matrix);
  if (!tiles) {
    const products = rowProducts(matrix, byColumn);
    visit(products, 0);
    return plainColumnProducts(matrix, products);
  }
  tiles.takeColumns(byColumn);
  tiles.clearSums();
  for (let from = 0; from + 1 < matrix.offsets.length; from = tiles.end) {
    tiles.take(from);
    visit(tiles.multiplyRows(), from);
    tiles.addRows();
  }
  return tiles.sums();
}

function plainColumnProducts(matrix: SparseMatrix, byRow: Float64Array): Float64Array {
  const sums = new Float64Array(matrix.columnCount);
  byRow.forEach((value, row) => {
    addPlainRow(sums, matrix, row, value);
  });
  return sums;
}

let started: Exports | undefined;

/** A matrix as the kernels see it: some rows at a time. */
class Tiles {
  readonly #kernels: Exports;
  readonly #matrix: SparseMatrix;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;
  readonly #singles: Float32Array;
  /** Where things lie, in bytes; numbers by column begin at 0. */
  readonly #at: Layout;
  #from = 0;
  #end = 0;

  /** Undefined where the memory cannot hold what is needed. */
  static over(matrix: SparseMatrix): Tiles | undefined {
    const at = layoutFor(matrix);
    const pages = Math.ceil(at.end / PAGE);
    if (pages > MOST_PAGES) return undefined;
    started ??= startModule<Exports>(SPARSE_MODULE);
    const missing = pages - started.memory.buffer.byteLength / PAGE;
    if (missing > 0) started.memory.grow(missing);
    return new Tiles(started, matrix, at);
  }

  private constructor(kernels: Exports, matrix: SparseMatrix, at: Layout) {
    const { buffer } = kernels.memory;
    this.#kernels = kernels;
    this.#matrix = matrix;
    this.#at = at;
    this.#doubles = new Float64Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#singles = new Float32Array(buffer);
  }

  /** The row after the last of the tile. */
  get end(): number {
    return this.#end;
  }

  /** A number for each row of the tile. */
  get rows(): Float64Array {
    const start = this.#at.rows / DOUBLE;
    return this.#doubles.subarray(start, start + this.#end - this.#from);
  }

  takeColumns(byColumn: Float64Array): void {
    this.#doubles.set(byColumn, 0);
  }

  clearSums(): void {
    const start = this.#at.sums / DOUBLE;
    this.#doubles.fill(0, start, start + this.#matrix.columnCount);
  }

  sums(): Float64Array {
    const start = this.#at.sums / DOUBLE;
    return this.#doubles.slice(start, start + this.#matrix.columnCount);
  }

  /** Lays out the rows from one on: as many as fit. */
  take(from: number): void {
    const { offsets, columns, weights } = this.#matrix;
    const last = Math.min(from + TILE_ROWS, offsets.length - 1);
    let end = from + 1;
    while (end < last && offsets[end + 1] - offsets[from] <= TILE_ENTRIES) end++;
    this.#from = from;
    this.#end = end;
    this.#words.set(offsets.subarray(from, end + 1), this.#at.offsets / WORD);
    this.#words.set(columns.subarray(offsets[from], offsets[end]), this.#at.columns / WORD);
    if (weights) this.#singles.set(weights.subarray(offsets[from], offsets[end]), this.#at.amounts / WORD);
  }

  /** The products of the tile's rows, where they lie. */
  multiplyRows(): Float64Array {
    const { columns, amounts, offsets, rows } = this.#at;
    const count = this.#end - this.#from;
    if (this.#matrix.weights) this.#kernels.weightedRowProducts(columns, amounts, offsets, count, 0, rows);
    else this.#kernels.rowProducts(columns, offsets, count, 0, rows);
    return this.rows;
  }

  addRows(): void {
    const { columns, amounts, offsets, rows, sums } = this.#at;
    const count = this.#end - this.#from;
    if (this.#matrix.weights) this.#kernels.addWeightedColumnProducts(columns, amounts, offsets, count, rows, sums);
    else this.#kernels.addColumnProducts(columns, offsets, count, rows, sums);
  }
}

interface Layout {
  readonly sums: number;
  readonly rows: number;
  readonly offsets: number;
  readonly columns: number;
  readonly amounts: number;
  readonly end: number;
}

function layoutFor({ columnCount, offsets }: SparseMatrix): Layout {
  let entries = TILE_ENTRIES;
  for (let row = 0; row + 1 < offsets.length; row++) entries = Math.max(entries, offsets[row + 1] - offsets[row]);
  const sums = columnCount * DOUBLE;
  const rows = sums + columnCount * DOUBLE;
  const starts = rows + TILE_ROWS * DOUBLE;
  const columns = starts + (TILE_ROWS + 1) * WORD;
  const amounts = columns + entries * WORD;
  return { sums, rows, offsets: starts, columns, amounts, end: amounts + entries * WORD };
}
