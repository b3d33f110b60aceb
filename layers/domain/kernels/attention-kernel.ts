/**
 * Scores of users against the clusters of an audience by WebAssembly SIMD: the bits of folded-attention.ts, a hundred times
 * faster.
 *
 * Shapes: as there. The folded audience is copied into the kernel's own memory once a call, points a block at a time, of which
 *         the copy takes a twentieth of the time; the memory never grows.
 */
import { COEFFICIENTS, type FoldedAudience, plainFoldedScore } from '../scoring/folded-attention.ts';
import { ATTENTION_MODULE } from './attention-module.ts';
import { copyRows, paddedToFour } from './panels.ts';
import { startedOnce } from './web-assembly.ts';

/** Addresses and lengths in bytes, of rows padded to whole vectors; counts of users are multiples of four. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly passLayer: (
    points: number,
    row: number,
    count: number,
    inner: number,
    layer: number,
    biases: number,
    slope: number,
    width: number,
    products: number,
    users: number,
  ) => void;
  readonly attend: (
    users: number,
    row: number,
    count: number,
    inner: number,
    columns: number,
    across: number,
    width: number,
    start: number,
    lengths: number,
    form: number,
    direction: number,
    globalShare: number,
    mostSquares: number,
    coefficients: number,
    products: number,
    scores: number,
  ) => void;
}

const kernel = startedOnce<Exports>(ATTENTION_MODULE);

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** So many users' points and products stay in the caches nearest to a core. */
const MOST_USERS = 128;

/** Where all lies, in numbers of four bytes. */
interface Places {
  readonly layer: number;
  readonly biases: number;
  readonly columns: number;
  readonly start: number;
  readonly lengths: number;
  readonly form: number;
  readonly direction: number;
  readonly coefficients: number;
  readonly products: number;
  readonly points: number;
  readonly users: number;
  readonly scores: number;
  readonly end: number;
}

function placesFor({ layer, columns, across, lengths, form, direction, dimensions: D }: FoldedAudience): Places {
  let end = 0;
  const take = (length: number) => {
    const at = end;
    end += paddedToFour(length);
    return at;
  };
  const R = direction.length;
  return {
    layer: take(layer?.weights.length ?? 0),
    biases: take(layer?.biases.length ?? 0),
    columns: take(columns.length),
    start: take(across),
    lengths: take(lengths.length),
    form: take(form.length),
    direction: take(R),
    coefficients: take(COEFFICIENTS.length),
    products: take(4 * Math.max(2 * across, R)),
    scores: take(MOST_USERS),
    users: take(MOST_USERS * R),
    points: take(layer ? MOST_USERS * paddedToFour(D) : 0),
    end,
  };
}

/** One score a row of `vectors`, (N); NaN where float32 would lose too much. */
export function foldedScores(folded: FoldedAudience, vectors: Float32Array, rows: Uint32Array): Float32Array {
  const { singles } = kernel();
  const places = placesFor(folded);
  const D = folded.dimensions;
  if (places.end > singles.length) {
    return Float32Array.from(rows, (row) => plainFoldedScore(folded, vectors.subarray(row * D, row * D + D)));
  }
  copyIn(singles, places, folded);
  const scores = new Float32Array(rows.length);
  for (let from = 0; from < rows.length; from += MOST_USERS) {
    const some = rows.subarray(from, from + MOST_USERS);
    gather(singles, folded.layer ? places.points : places.users, vectors, some, D);
    scoreBlock(places, folded, paddedToFour(some.length));
    scores.set(singles.subarray(places.scores, places.scores + some.length), from);
  }
  return scores;
}

function copyIn(singles: Float32Array, places: Places, folded: FoldedAudience): void {
  const { layer, columns, across, lengths, form, direction } = folded;
  if (layer) {
    singles.set(layer.weights, places.layer);
    singles.set(layer.biases, places.biases);
  }
  singles.set(columns, places.columns);
  singles.fill(0, places.start, places.start + across);
  singles.set(lengths, places.lengths);
  singles.set(form, places.form);
  singles.set(direction, places.direction);
  singles.set(COEFFICIENTS, places.coefficients);
}

/** Rows one after the other; neighbors, which most are, in one copy. */
function gather(singles: Float32Array, to: number, vectors: Float32Array, rows: Uint32Array, D: number): void {
  for (let n = 0; n < rows.length; ) {
    let end = n + 1;
    while (end < rows.length && rows[end] === rows[n] + end - n) end++;
    copyRows(singles, to + n * paddedToFour(D), vectors, rows[n], rows[n] + end - n, D);
    n = end;
  }
}

function scoreBlock(places: Places, folded: FoldedAudience, count: number): void {
  const { passLayer, attend } = kernel();
  const { layer, dimensions: D, outputs: R, across, lengths, direction, globalShare, mostSquares } = folded;
  const { products, points, users } = places;
  const width = direction.length * BYTES;
  if (layer) {
    passLayer(
      points * BYTES,
      paddedToFour(D) * BYTES,
      count,
      D * BYTES,
      places.layer * BYTES,
      places.biases * BYTES,
      layer.slope,
      width,
      products * BYTES,
      users * BYTES,
    );
  }
  attend(
    users * BYTES,
    width,
    count,
    R * BYTES,
    places.columns * BYTES,
    across * BYTES,
    lengths.length * BYTES,
    places.start * BYTES,
    places.lengths * BYTES,
    places.form * BYTES,
    places.direction * BYTES,
    globalShare,
    mostSquares,
    places.coefficients * BYTES,
    products * BYTES,
    places.scores * BYTES,
  );
}
