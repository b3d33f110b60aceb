/**
 * What users share with seeds, as sets of features, folded into one number a user by WebAssembly SIMD: the numbers of
 * similarity.ts, to the bit.
 *
 * Shapes: seeds (S×F) and users (N×F) without weights; seeds in the order of their sizes, of at most 255 features each. Seeds
 *         whose numbers fit are copied into the kernel's own memory once, users a block at a time.
 * Cost:   an increment a pair of a user and a seed for each feature that they share; for a feature that one seed in sixteen or
 *         more has, sixteen additions at once over all seeds. Then one look at every sixteen pairs for the greatest, at every
 *         pair that shares anything for a sum.
 */
import { rowCountOf, type SparseMatrix, transpose } from '../features/sparse-matrix.ts';
import { OVERLAPS_MODULE } from './overlaps-module.ts';
import { startedOnce } from './web-assembly.ts';

/** Addresses in bytes. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly greatest: (
    users: number,
    userCount: number,
    pairs: number,
    rows: number,
    counts: number,
    placeCount: number,
    groupEnds: number,
    groupCount: number,
    found: number,
  ) => void;
  readonly weigh: (
    users: number,
    userCount: number,
    pairs: number,
    rows: number,
    counts: number,
    placeCount: number,
    groupEnds: number,
    groupCount: number,
    weights: number,
    tables: number,
    sums: number,
  ) => void;
}

const kernel = startedOnce<Exports>(OVERLAPS_MODULE);

/** What a count of a byte can tell. */
const MOST_SIZE = 255;
const MOST_PLACES = 65_536;
const MOST_POSTINGS = 2 ** 20;
const MOST_USERS = 64;
const MOST_FEATURES = 65_536;
/** For rows of bytes; the most had features come first. */
const ROWS_BYTES = 1_500_000;
/** A feature of fewer seeds costs less as a list. */
const LEAST_SHARE = 1 / 16;

/** Where all lies, in bytes. */
const COUNTS_AT = 0;
const GROUP_ENDS_AT = COUNTS_AT + MOST_PLACES;
const TABLES_AT = GROUP_ENDS_AT + 4 * 256;
const WEIGHTS_AT = TABLES_AT + 8 * 256 * 256;
const USERS_AT = WEIGHTS_AT + 8 * MOST_PLACES;
const SUMS_AT = USERS_AT + 8 * (MOST_USERS + 1) + 8;
const FOUND_AT = SUMS_AT + 8 * MOST_USERS;
const PAIRS_AT = FOUND_AT + 256 * MOST_USERS;
const LISTED_ROWS_AT = PAIRS_AT + 8 * MOST_FEATURES;
const POSTINGS_AT = LISTED_ROWS_AT + 4 * MOST_FEATURES;
const ROWS_AT = POSTINGS_AT + 2 * MOST_POSTINGS;

export interface Overlaps {
  readonly seeds: SparseMatrix;
  /** What each seed counts, (S). */
  readonly counts: Uint32Array;
  readonly users: SparseMatrix;
  /** Which users are to be looked at, the others have 0. */
  readonly rows: Uint32Array;
  /** The seeds' column of each of the users', −1 for none. */
  readonly places: Int32Array;
  /** What sharing so many features is worth, to a user and a seed of so many; more for more. */
  readonly worth: (shared: number, userSize: number, seedSize: number) => number;
  /** Only the greatest worth counts; or the sum of all of them. */
  readonly isGreatest: boolean;
}

/** One number a user, (N); undefined for weighted or too large sets. */
export function foldOverlaps(overlaps: Overlaps): Float64Array | undefined {
  const { seeds, users } = overlaps;
  const isSmall = (matrix: SparseMatrix, most: number) => !matrix.weights && greatestSize(matrix) <= most;
  if (!(isSmall(seeds, MOST_SIZE) && isSmall(users, MOST_FEATURES))) return undefined;
  const folded = new Float64Array(rowCountOf(users));
  for (let first = 0; first < rowCountOf(seeds); ) {
    const part = partFrom(seeds, first);
    foldPart(folded, overlaps, loadPart(part, overlaps.counts.subarray(first)));
    first += part.places.length;
  }
  return folded;
}

function sizeOf({ offsets }: SparseMatrix, row: number): number {
  return offsets[row + 1] - offsets[row];
}

function greatestSize(matrix: SparseMatrix): number {
  let most = 0;
  for (let row = 0; row < rowCountOf(matrix); row++) most = Math.max(most, sizeOf(matrix, row));
  return most;
}

/** Seeds whose numbers fit into the kernel's memory, with the place of each. */
interface Part {
  readonly rows: SparseMatrix;
  readonly places: Uint32Array;
  /** The sizes of its groups, and where their places end. */
  readonly groupSizes: readonly number[];
  readonly groupEnds: readonly number[];
}

function partFrom(seeds: SparseMatrix, first: number): Part {
  const groupSizes: number[] = [];
  const groupEnds: number[] = [];
  const places: number[] = [];
  let [next, row] = [0, first];
  for (; row < rowCountOf(seeds) && seeds.offsets[row + 1] - seeds.offsets[first] <= MOST_POSTINGS; row++) {
    const size = sizeOf(seeds, row);
    const isNew = groupSizes.at(-1) !== size;
    const place = isNew ? (groupEnds.at(-1) ?? 0) : next;
    if (place >= MOST_PLACES) break;
    if (isNew) groupSizes.push(size);
    places.push(place);
    next = place + 1;
    groupEnds[groupSizes.length - 1] = Math.ceil(next / 16) * 16;
  }
  const offsets = seeds.offsets.subarray(first, row + 1).map((at) => at - seeds.offsets[first]);
  const columns = seeds.columns.subarray(seeds.offsets[first], seeds.offsets[row]);
  return {
    rows: { columnCount: seeds.columnCount, offsets, columns },
    places: Uint32Array.from(places),
    groupSizes,
    groupEnds,
  };
}

/** Where the kernel finds who has a feature: in a row of bytes, or in a list from one address to another. */
interface LoadedPart extends Part {
  /** To a multiple of 64. */
  readonly placeCount: number;
  /** By feature; 0 for none. */
  readonly rowsAt: Uint32Array;
  readonly listsAt: Uint32Array;
}

function loadPart(part: Part, counts: Uint32Array): LoadedPart {
  const { words, doubles, bytes } = kernel();
  const placeCount = Math.ceil((part.groupEnds.at(-1) ?? 0) / 64) * 64;
  words.set(part.groupEnds, GROUP_ENDS_AT / 4);
  bytes.fill(0, COUNTS_AT, COUNTS_AT + placeCount);
  part.places.forEach((place, s) => {
    doubles[WEIGHTS_AT / 8 + place] = counts[s];
  });
  return { ...part, placeCount, ...loadFeatures(part, placeCount) };
}

function loadFeatures({ rows, places }: Part, placeCount: number) {
  const { halves, bytes } = kernel();
  const { offsets, columns } = transpose(rows);
  const rowsAt = new Uint32Array(rows.columnCount);
  const listsAt = offsets.map((at) => POSTINGS_AT + 2 * at);
  columns.forEach((seed, at) => {
    halves[POSTINGS_AT / 2 + at] = places[seed];
  });
  const most = Math.floor(ROWS_BYTES / placeCount);
  mostHad(offsets, placeCount * LEAST_SHARE, most).forEach((feature, n) => {
    const row = ROWS_AT + n * placeCount;
    rowsAt[feature] = row;
    bytes.fill(0, row, row + placeCount);
    for (let at = offsets[feature]; at < offsets[feature + 1]; at++) bytes[row + places[columns[at]]] = 1;
  });
  return { rowsAt, listsAt };
}

/** The features that at least so many seeds have, the most had first, at most so many. */
function mostHad(offsets: Uint32Array, least: number, most: number): number[] {
  const countOf = (feature: number) => offsets[feature + 1] - offsets[feature];
  const had = [...offsets.subarray(1).keys()].filter((feature) => countOf(feature) >= least);
  return had.sort((left, right) => countOf(right) - countOf(left) || left - right).slice(0, most);
}

function foldPart(folded: Float64Array, overlaps: Overlaps, part: LoadedPart): void {
  const { users, rows, isGreatest } = overlaps;
  // A table of what counts are worth is for users of one size.
  const order = isGreatest ? rows : rows.toSorted((left, right) => sizeOf(users, left) - sizeOf(users, right));
  let tabled = -1;
  for (let first = 0; first < order.length; ) {
    const end = endOfBlock(users, order, first, isGreatest);
    const block = order.subarray(first, end);
    listFeatures(users, overlaps.places, block, part);
    if (isGreatest) takeGreatest(folded, overlaps, part, block);
    else {
      const size = sizeOf(users, block[0]);
      if (size !== tabled) tabulate(overlaps, part, size);
      tabled = size;
      addWeighed(folded, part, block);
    }
    first = end;
  }
}

/** Users of one size, or of any, whose features fit. */
function endOfBlock(users: SparseMatrix, order: Uint32Array, first: number, isAnySize: boolean): number {
  let end = first;
  for (let features = 0; end < order.length && end - first < MOST_USERS; end++) {
    features += sizeOf(users, order[end]);
    if (features > MOST_FEATURES || !(isAnySize || sizeOf(users, order[end]) === sizeOf(users, order[first]))) break;
  }
  return end;
}

function listFeatures(
  users: SparseMatrix,
  places: Int32Array,
  block: Uint32Array,
  { rowsAt, listsAt }: LoadedPart,
): void {
  const { words } = kernel();
  let [pair, row, user] = [PAIRS_AT / 4, LISTED_ROWS_AT / 4, USERS_AT / 4];
  words[user++] = 0;
  words[user++] = 0;
  for (let n = 0; n < block.length; n++) {
    for (let at = users.offsets[block[n]]; at < users.offsets[block[n] + 1]; at++) {
      const place = places[users.columns[at]];
      if (place < 0) continue;
      if (rowsAt[place] > 0) words[row++] = rowsAt[place];
      else if (listsAt[place] < listsAt[place + 1]) {
        words[pair++] = listsAt[place];
        words[pair++] = listsAt[place + 1];
      }
    }
    words[user++] = 4 * pair - PAIRS_AT;
    words[user++] = 4 * row - LISTED_ROWS_AT;
  }
}

function takeGreatest(
  folded: Float64Array,
  { users, worth }: Overlaps,
  { groupSizes, placeCount }: LoadedPart,
  block: Uint32Array,
): void {
  const { bytes, greatest } = kernel();
  const G = groupSizes.length;
  greatest(USERS_AT, block.length, PAIRS_AT, LISTED_ROWS_AT, COUNTS_AT, placeCount, GROUP_ENDS_AT, G, FOUND_AT);
  for (let n = 0; n < block.length; n++) {
    const size = sizeOf(users, block[n]);
    let most = folded[block[n]];
    for (let g = 0; g < G; g++) {
      const shared = bytes[FOUND_AT + n * G + g];
      if (shared > 0) most = Math.max(most, worth(shared, size, groupSizes[g]));
    }
    folded[block[n]] = most;
  }
}

function tabulate({ worth }: Overlaps, { groupSizes }: LoadedPart, userSize: number): void {
  const { doubles } = kernel();
  groupSizes.forEach((seedSize, g) => {
    for (let shared = 1; shared <= Math.min(userSize, seedSize); shared++)
      doubles[TABLES_AT / 8 + 256 * g + shared] = worth(shared, userSize, seedSize);
  });
}

function addWeighed(folded: Float64Array, { groupSizes, placeCount }: LoadedPart, block: Uint32Array): void {
  const { doubles, weigh } = kernel();
  const sums = doubles.subarray(SUMS_AT / 8, SUMS_AT / 8 + block.length);
  for (let n = 0; n < block.length; n++) sums[n] = folded[block[n]];
  weigh(
    USERS_AT,
    block.length,
    PAIRS_AT,
    LISTED_ROWS_AT,
    COUNTS_AT,
    placeCount,
    GROUP_ENDS_AT,
    groupSizes.length,
    WEIGHTS_AT,
    TABLES_AT,
    SUMS_AT,
  );
  for (let n = 0; n < block.length; n++) folded[block[n]] = sums[n];
}
