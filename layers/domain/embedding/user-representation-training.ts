/**
 * Trains a user representation to tell which of a user's features is hidden.
 *
 * Reference: Liu et al. 2019 (RALM) §4.2: at most 50 positives a user, ten negatives each, Adam .001, batches of 256.
 *            A negative is never a feature of that user.
 * Shapes:    users (U×F), items X (F×D), a batch of B users each without one feature.
 * Cost:      an epoch is a pass and its way back for each positive.
 */
import type { Shard } from '../features/shard.ts';
import { columnCounts, rowCountOf, type SparseMatrix } from '../features/sparse-matrix.ts';
import { Adam } from '../kernels/adam.ts';
import type { Allocate, Numbers } from '../kernels/numbers.ts';
import { type Random, seededRandom, shuffled } from '../random.ts';
import { addSampledSoftmax, logUniformRank } from './sampled-softmax.ts';
import {
  initialRepresentation,
  type RepresentationShape,
  type RepresentationWeights,
  representUsers,
  type UserRepresentation,
} from './user-representation.ts';
import { addRepresentationGradient, emptyGradient } from './user-representation-gradient.ts';

export interface RepresentationTraining {
  readonly epochs: number;
  readonly positivesPerUser: number;
  /** Of all that an epoch could learn from, so many are drawn. */
  readonly mostPairs: number;
  readonly negatives: number;
  readonly batch: number;
  readonly rate: number;
  readonly seed: number;
}

export const PAPERS_TRAINING: Omit<RepresentationTraining, 'epochs' | 'seed'> = {
  positivesPerUser: 50,
  mostPairs: Number.POSITIVE_INFINITY,
  negatives: 10,
  batch: 256,
  rate: 0.001,
};

export interface RepresentationEpoch {
  /** As it is now: the next epoch moves it. */
  readonly model: UserRepresentation;
  /** The mean. */
  readonly loss: number;
}

const FLOAT32: Allocate = (length) => new Float32Array(length);
const ITEM_DEVIATION = 0.1;
/** So often is a negative drawn again that the user has; then it is taken as it is. */
const REDRAWS = 20;

/** Epoch by epoch; ends early where the loss is no number, and then gives that epoch last. */
export function* trainUserRepresentation(
  shard: Shard,
  shape: RepresentationShape,
  terms: RepresentationTraining,
  isItem: (feature: string) => boolean = () => true,
): Generator<RepresentationEpoch, void> {
  const random = seededRandom(terms.seed);
  const model = initialRepresentation(shard.features, shape, random, FLOAT32);
  const items = FLOAT32(model.weights.features.length).map(() => ITEM_DEVIATION * (2 * random() - 1));
  const isItemColumn = Uint8Array.from(shard.features, (feature) => Number(isItem(feature)));
  const trainer = new Trainer(shard.rows, model, items, terms, random, isItemColumn);
  for (let epoch = 0; epoch < terms.epochs; epoch++) {
    const loss = trainer.runEpoch();
    yield { model, loss };
    if (!Number.isFinite(loss)) return;
  }
}

class Trainer {
  readonly #rows: SparseMatrix;
  readonly #model: UserRepresentation;
  readonly #items: Numbers;
  readonly #terms: RepresentationTraining;
  readonly #random: Random;
  readonly #adam: Adam;
  readonly #itemGradient: Numbers;
  readonly #gradient: RepresentationWeights;
  /** 1 for a column that may be told, (F). */
  readonly #isItem: Uint8Array;
  /** Those columns, the most frequent first. */
  readonly #byFrequency: Uint32Array;
  /** In which list of distinct columns each was last, (F). */
  readonly #listed: Float64Array;
  #lists = 0;

  constructor(
    rows: SparseMatrix,
    model: UserRepresentation,
    items: Numbers,
    terms: RepresentationTraining,
    random: Random,
    isItem: Uint8Array,
  ) {
    this.#rows = rows;
    this.#isItem = isItem;
    this.#model = model;
    this.#items = items;
    this.#terms = terms;
    this.#random = random;
    this.#adam = new Adam(terms.rate);
    this.#itemGradient = FLOAT32(items.length);
    this.#gradient = emptyGradient(model.weights, FLOAT32);
    const counts = columnCounts(
      rows,
      Uint32Array.from({ length: rowCountOf(rows) }, (_, u) => u),
    );
    this.#listed = new Float64Array(counts.length);
    const told = Uint32Array.from(counts.keys()).filter((f) => isItem[f] === 1);
    this.#byFrequency = told.sort((f, g) => counts[g] - counts[f] || f - g);
  }

  runEpoch(): number {
    const pairs = this.#drawPairs();
    const { batch } = this.#terms;
    let loss = 0;
    for (let start = 0; start < pairs.length; start += batch) {
      const some = pairs.subarray(start, start + batch);
      loss += this.#step(some) * some.length;
    }
    return loss / Math.max(1, pairs.length);
  }

  /** Entries of the matrix whose column is to be told, in an order of chance: at most so many a user, none of who has but one. */
  #drawPairs(): Uint32Array {
    const { offsets } = this.#rows;
    const drawn: number[] = [];
    for (let u = 0; u + 1 < offsets.length; u++) {
      if (offsets[u + 1] - offsets[u] < 2) continue;
      const all = Array.from({ length: offsets[u + 1] - offsets[u] }, (_, n) => offsets[u] + n);
      const own = all.filter((at) => this.#isItem[this.#rows.columns[at]] === 1);
      const wanted = Math.min(own.length, this.#terms.positivesPerUser);
      for (let n = 0; n < wanted; n++) {
        const other = n + Math.floor(this.#random() * (own.length - n));
        [own[n], own[other]] = [own[other], own[n]];
        drawn.push(own[n]);
      }
    }
    return shuffled(Uint32Array.from(drawn), this.#random).subarray(0, this.#terms.mostPairs);
  }

  #step(pairs: Uint32Array): number {
    const { weights, shape } = this.#model;
    const users = pairs.map((at) => rowAt(this.#rows.offsets, at));
    const rows = withoutEntries(this.#rows, users, pairs);
    const pass = representUsers(this.#model, rows, FLOAT32);
    const candidates = this.#candidatesOf(users, pairs);
    const pointGradient = FLOAT32(pass.points.length);
    const loss = addSampledSoftmax(
      pointGradient,
      this.#itemGradient,
      pass.points,
      this.#items,
      candidates,
      shape.dimensions,
    );
    addRepresentationGradient(this.#gradient, this.#model, pass, pointGradient, FLOAT32);
    this.#adam.beginStep();
    this.#adam.moveRows(this.#items, this.#itemGradient, this.#distinct(candidates), shape.dimensions);
    this.#adam.moveRows(weights.features, this.#gradient.features, this.#distinct(rows.columns), shape.dimensions);
    for (const name of DENSE) this.#adam.move(weights[name], this.#gradient[name]);
    return loss;
  }

  /** Each of the columns once. */
  #distinct(columns: Uint32Array): Uint32Array {
    this.#lists++;
    return columns.filter((f) => {
      if (this.#listed[f] === this.#lists) return false;
      this.#listed[f] = this.#lists;
      return true;
    });
  }

  /** (B×(1+N)): the hidden feature, then negatives. */
  #candidatesOf(users: Uint32Array, pairs: Uint32Array): Uint32Array {
    const width = 1 + this.#terms.negatives;
    const candidates = new Uint32Array(pairs.length * width);
    pairs.forEach((at, row) => {
      candidates[row * width] = this.#rows.columns[at];
      for (let n = 1; n < width; n++) candidates[row * width + n] = this.#negativeFor(users[row]);
    });
    return candidates;
  }

  #negativeFor(user: number): number {
    const { offsets, columns } = this.#rows;
    const own = columns.subarray(offsets[user], offsets[user + 1]);
    let drawn = 0;
    for (let redraw = 0; redraw <= REDRAWS; redraw++) {
      drawn = this.#byFrequency[logUniformRank(this.#byFrequency.length, this.#random)];
      if (!own.includes(drawn)) break;
    }
    return drawn;
  }
}

const DENSE = ['fieldKeys', 'fieldQuery', 'hidden', 'hiddenBias', 'output', 'outputBias'] as const;

/** The row that an entry stands in. */
function rowAt(offsets: Uint32Array, at: number): number {
  let [low, high] = [0, offsets.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (offsets[middle] <= at) low = middle;
    else high = middle;
  }
  return low;
}

/** The rows of the given users, each without one entry. */
function withoutEntries(rows: SparseMatrix, users: Uint32Array, entries: Uint32Array): SparseMatrix {
  const offsets = new Uint32Array(users.length + 1);
  users.forEach((u, row) => {
    offsets[row + 1] = offsets[row] + rows.offsets[u + 1] - rows.offsets[u] - 1;
  });
  const kept = new Uint32Array(offsets[users.length]);
  let end = 0;
  users.forEach((u, row) => {
    for (let at = rows.offsets[u]; at < rows.offsets[u + 1]; at++) if (at !== entries[row]) kept[end++] = at;
  });
  return {
    columnCount: rows.columnCount,
    offsets,
    columns: kept.map((at) => rows.columns[at]),
    weights: rows.weights && Float32Array.from(kept, (at) => rows.weights?.[at] ?? 1),
  };
}
