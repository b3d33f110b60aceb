/**
 * The rows of the greatest products with each of several queries, by WebAssembly SIMD: the rows and the bits that
 * exact-search.ts finds one at a time.
 *
 * Shapes: vectors (U×D), queries (Q×D); of each query at most k rows, in the order of the rows.
 * Cost:   U·Q·D multiply–adds in float32, Q to the next multiple of four; vectors are copied into the kernel's own memory a
 *         block at a time, once for so many queries as it holds. Selection takes next to nothing: what is below the k-th best
 *         so far is passed over, four rows at once.
 */
import { copyRows, paddedToFour, panelsOf } from './panels.ts';
import { SCAN_MODULE } from './scan-module.ts';
import { startedOnce } from './web-assembly.ts';

/** Addresses and lengths in bytes. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly scan: (
    rows: number,
    row: number,
    count: number,
    inner: number,
    panels: number,
    width: number,
    start: number,
    firstRow: number,
    thresholds: number,
    counts: number,
    kept: number,
    capacity: number,
    k: number,
    products: number,
    scratch: number,
  ) => void;
  readonly cut: (
    query: number,
    thresholds: number,
    counts: number,
    kept: number,
    capacity: number,
    k: number,
    scratch: number,
  ) => void;
}

const kernel = startedOnce<Exports>(SCAN_MODULE);

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Their panels stay in the nearest cache. */
const MOST_QUERIES = 32;
/** A block of rows stays in the next one. */
const MOST_ROWS = 256;
const MOST_NUMBERS = 65_536;
/** So many more than are wanted are kept before the worst of them are dropped. */
const LEAST_SPARE = 64;

export interface Greatest {
  readonly rows: Uint32Array;
  readonly products: Float32Array;
}

/** Undefined where more is asked for than the kernel's memory holds. */
export function greatestProducts(
  vectors: Float32Array,
  dimensions: number,
  queries: readonly ArrayLike<number>[],
  k: number,
): Greatest[] | undefined {
  const wanted = Math.min(k, vectors.length / dimensions);
  if (wanted === 0) return queries.map(() => ({ rows: new Uint32Array(0), products: new Float32Array(0) }));
  const together = queriesTogether(dimensions, wanted);
  if (together === 0) return undefined;
  const found: Greatest[] = [];
  for (let q = 0; q < queries.length; q += together) {
    found.push(...scanFor(vectors, dimensions, queries.slice(q, q + together), wanted));
  }
  return found;
}

/** Where all lies, in numbers of four bytes. */
interface Places {
  readonly panels: number;
  readonly start: number;
  readonly thresholds: number;
  readonly counts: number;
  readonly products: number;
  readonly scratch: number;
  readonly kept: number;
  readonly rows: number;
  readonly end: number;
  readonly capacity: number;
  readonly blockRows: number;
}

function placesFor(D: number, Q: number, k: number): Places {
  const capacity = paddedToFour(k + Math.max(k, LEAST_SPARE));
  const blockRows = Math.min(MOST_ROWS, Math.floor(MOST_NUMBERS / paddedToFour(D) / 4) * 4);
  const width = paddedToFour(Q);
  const panels = 0;
  const start = panels + D * width;
  const thresholds = start + width;
  const counts = thresholds + width;
  const products = counts + width;
  const scratch = products + 4 * width;
  const kept = scratch + capacity;
  const rows = kept + 2 * capacity * Q;
  const end = rows + blockRows * paddedToFour(D);
  return { panels, start, thresholds, counts, products, scratch, kept, rows, end, capacity, blockRows };
}

function queriesTogether(D: number, k: number): number {
  const { singles } = kernel();
  let together = MOST_QUERIES;
  const fits = ({ end, blockRows }: Places) => end <= singles.length && blockRows > 0;
  while (together > 0 && !fits(placesFor(D, together, k))) together--;
  return together;
}

function scanFor(vectors: Float32Array, D: number, queries: readonly ArrayLike<number>[], k: number): Greatest[] {
  const { singles, words, scan, cut } = kernel();
  const [U, Q] = [vectors.length / D, queries.length];
  const places = placesFor(D, Q, k);
  const { panels, start, thresholds, counts, products, scratch, kept, rows, capacity, blockRows } = places;
  const width = paddedToFour(Q);
  singles.set(panelsOf(queries, 1, D, 1, width), panels);
  singles.fill(0, start, start + width);
  singles.fill(Number.NEGATIVE_INFINITY, thresholds, thresholds + Q);
  singles.fill(Number.POSITIVE_INFINITY, thresholds + Q, thresholds + width);
  words.fill(0, counts, counts + width);
  for (let first = 0; first < U; first += blockRows) {
    const count = Math.min(blockRows, U - first);
    copyRows(singles, rows, vectors, first, first + count, D);
    scan(
      rows * BYTES,
      paddedToFour(D) * BYTES,
      count,
      D * BYTES,
      panels * BYTES,
      width * BYTES,
      start * BYTES,
      first,
      thresholds * BYTES,
      counts * BYTES,
      kept * BYTES,
      capacity,
      k,
      products * BYTES,
      scratch * BYTES,
    );
  }
  return queries.map((_, q) => {
    cut(q, thresholds * BYTES, counts * BYTES, kept * BYTES, capacity, k, scratch * BYTES);
    const at = kept + 2 * capacity * q;
    const count = words[counts + q];
    return { products: singles.slice(at, at + count), rows: words.slice(at + capacity, at + capacity + count) };
  });
}
