/**
 * Gradient boosted trees for the odds of one label: small trees, each of which corrects those before it.
 *
 * Reference: J. Friedman, "Greedy function approximation", 2001; T. Chen, C. Guestrin, "XGBoost", 2016, for the gain of
 *            second order with L2; G. Ke et al., "LightGBM", 2017, for histograms; A. Saabas 2014 for the parts.
 * Shapes:    presence (N×F), numbers P columns of (N), labels (N) of 0 or 1; T trees of M nodes in all; E cells.
 * Cost:      a tree reads what its rows have once for its root, and for each further level half of it at most: of two
 *            siblings only the smaller is summed, the larger is what is left of their parent.
 * Accuracy:  exact where a number has at most `binCount` distinct values, else its splits lie at quantiles.
 *            Deterministic; ties go to the first column in order, presences before numbers, and the highest threshold.
 *            Numbers may be infinite; NaN is the caller's to refuse.
 */
import { rowCountOf, type SparseMatrix, transpose } from '../features/sparse-matrix.ts';

/** What trees look at. A model is asked with the same columns in the same order as it was fitted with. */
export interface TreeInputs {
  /** Who has which feature (N×F); how much of it is not looked at. */
  readonly presence: SparseMatrix;
  /** P columns of (N). */
  readonly numbers: readonly Float32Array[];
}

export interface TreeSettings {
  readonly treeCount: number;
  /** The most questions that a tree asks of one row. */
  readonly depth: number;
  readonly learningRate: number;
  /** The least Σ w·p·(1−p) of a leaf. */
  readonly minLeafHessian: number;
  readonly l2: number;
  /** The most bins of a number. */
  readonly binCount: number;
}

/** Node m asks whether input `inputs[m]` is above `thresholds[m]`: no leads to node `children[m]`, yes to the next one. */
export interface BoostedTrees {
  /** Inputs below F are presences, of value 1 or 0; input F + p is number p. */
  readonly presenceCount: number;
  readonly numberCount: number;
  /** The mean log-odds of the fitted rows after so many trees, (T+1): P(label = 1) = 1 / (1 + e^−(bases[t] + score)). */
  readonly bases: Float64Array;
  /** The first node of each tree, (T). */
  readonly roots: Uint32Array;
  /** (M). */
  readonly inputs: Uint32Array;
  /** (M), values of the fitted rows. */
  readonly thresholds: Float32Array;
  /** (M), 0 for a leaf. */
  readonly children: Uint32Array;
  /** The mean of the fitted rows that come by, less that of the tree's root, (M). */
  readonly values: Float64Array;
}

/** Log-odds beyond this are certainty (2·10⁻⁹), where Newton's parabola says nothing: no leaf goes further at once. */
const MOST_LOG_ODDS = 20;
/** A side lighter than this share of all weight is what sums leave by rounding. */
const LEAST_SHARE = 1e-12;
/** Every side has at least this, so that nothing is divided by 0 and no quotient overflows. */
const LEAST_HESSIAN = 1e-100;
/** Gains that differ by less, as a share, are equal up to rounding. */
const ROUNDING = 1e-10;

/** Stops before `treeCount` where no split gains anything. Weights are at least 0; without, all are 1. */
export function fitBoostedTrees(
  inputs: TreeInputs,
  labels: Uint8Array,
  sampleWeights: Float64Array | undefined,
  settings: TreeSettings,
): BoostedTrees {
  const weights = sampleWeights ?? new Float64Array(labels.length).fill(1);
  const fit = startFit(inputs, labels, weights, settings);
  const forest: Forest = { inputs: [], thresholds: [], children: [], values: [], weights: [] };
  const bases = [fit.scores.at(0) ?? 0];
  const roots: number[] = [];
  for (let t = 0; t < settings.treeCount; t++) {
    const root = forest.values.length;
    growTreeInPlace(fit, forest);
    if (forest.values.length === root) break;
    roots.push(root);
    bases.push(bases[t] + centerInPlace(forest, root));
  }
  return {
    presenceCount: inputs.presence.columnCount,
    numberCount: inputs.numbers.length,
    bases: Float64Array.from(bases),
    roots: Uint32Array.from(roots),
    inputs: Uint32Array.from(forest.inputs),
    thresholds: Float32Array.from(forest.thresholds),
    children: Uint32Array.from(forest.children),
    values: Float64Array.from(forest.values),
  };
}

/** Log-odds less those of the mean fitted row, by the first `treeCount` trees or all, (N). */
export function treeScores(model: BoostedTrees, inputs: TreeInputs, treeCount = model.roots.length): Float64Array {
  return treeScoresAfter(model, inputs, [treeCount])[0];
}

/** The scores after each of several counts of trees, which must ascend, in one pass: to choose one by held-out rows. */
export function treeScoresAfter(
  model: BoostedTrees,
  inputs: TreeInputs,
  treeCounts: readonly number[],
): Float64Array[] {
  const { roots, values } = model;
  const stages = treeCounts.map((count) => ({
    end: Math.min(count, roots.length),
    scores: new Float64Array(rowCountOf(inputs.presence)),
  }));
  const readRow = rowReader(model, inputs);
  for (let n = 0; n < rowCountOf(inputs.presence); n++) {
    const row = readRow(n);
    let sum = 0;
    let t = 0;
    for (const { end, scores } of stages) {
      for (; t < end; t++) sum += values[leafOf(model, roots[t], row)];
      scores[n] = sum;
    }
  }
  return stages.map(({ scores }) => scores);
}

/** What each input adds to the score of one row, ascending: pairs of input (F + p for number p) and amount. */
export function treeParts(
  model: BoostedTrees,
  inputs: TreeInputs,
  row: number,
  treeCount = model.roots.length,
): (readonly [number, number])[] {
  const { roots, children, values } = model;
  const asked = rowReader(model, inputs)(row);
  const amounts = new Map<number, number>();
  for (const root of roots.subarray(0, treeCount)) {
    for (let m = root; children[m] > 0; ) {
      const next = nextNode(model, m, asked);
      amounts.set(model.inputs[m], (amounts.get(model.inputs[m]) ?? 0) + values[next] - values[m]);
      m = next;
    }
  }
  return [...amounts].sort(([left], [right]) => left - right);
}

/** First and second derivative of each row's weighted logistic loss by its log-odds, into `slopes` (N×2). */
export function lossSlopesInPlace(
  slopes: Float64Array,
  scores: Float64Array,
  labels: Uint8Array,
  weights: Float64Array,
): void {
  for (let n = 0; n < scores.length; n++) {
    const probability = 1 / (1 + Math.exp(-scores[n]));
    slopes[2 * n] = weights[n] * (probability - labels[n]);
    slopes[2 * n + 1] = weights[n] * probability * (1 - probability);
  }
}

function leafOf(model: BoostedTrees, root: number, row: Float32Array): number {
  let m = root;
  while (model.children[m] > 0) m = nextNode(model, m, row);
  return m;
}

function nextNode({ inputs, thresholds, children }: BoostedTrees, m: number, row: Float32Array): number {
  return children[m] + (row[inputs[m]] > thresholds[m] ? 1 : 0);
}

/** A function that lays out one row as nodes ask for it, (F+P), reused from call to call. */
function rowReader({ presenceCount: F, numberCount: P }: BoostedTrees, { presence, numbers }: TreeInputs) {
  const row = new Float32Array(F + P);
  return (n: number): Float32Array => {
    row.fill(0, 0, F);
    for (let at = presence.offsets[n]; at < presence.offsets[n + 1]; at++) row[presence.columns[at]] = 1;
    for (let p = 0; p < P; p++) row[F + p] = numbers[p][n];
    return row;
  };
}

/** The trees as they grow, node by node. */
interface Forest {
  readonly inputs: number[];
  readonly thresholds: number[];
  readonly children: number[];
  readonly values: number[];
  /** Of the rows of each leaf. */
  readonly weights: number[];
}

/**
 * What a split can ask, as cells: a presence is one, a number has one for each threshold, from the highest down.
 * A row is in the cell of the highest threshold below its value, so those above a threshold are a sum from the left.
 * Who lacks a feature or has the lowest value is in none: they are the rest.
 */
interface Cells {
  /** Where the cells of each input begin, (F+P+1). */
  readonly starts: Uint32Array;
  /** (E). */
  readonly thresholds: Float32Array;
  /** The cells of row n are those from offsets[n] on, (N+1). */
  readonly offsets: Uint32Array;
  /** Half as wide where that suffices: a fit reads little else, and takes a sixth less time. */
  readonly ids: Uint16Array | Uint32Array;
}

/** Everything that one fit works with, and on. */
interface Fit {
  readonly inputs: TreeInputs;
  /** Who has each feature (F×N). */
  readonly owners: SparseMatrix;
  readonly cells: Cells;
  readonly settings: TreeSettings;
  readonly labels: Uint8Array;
  readonly weights: Float64Array;
  /** Slope and curvature of the loss of each row, (N×2). */
  readonly slopes: Float64Array;
  /** Log-odds so far, (N). */
  readonly scores: Float64Array;
  /** The rows, those of a node together and ascending, (N); with room to reorder them and a side for each. */
  readonly order: Uint32Array;
  readonly spare: Uint32Array;
  readonly sides: Uint8Array;
  /** For each depth the sums of slope and curvature by cell, (E×2). */
  readonly histograms: readonly Float64Array[];
}

interface Node {
  readonly id: number;
  readonly depth: number;
  /** Its rows are order[from..to). */
  readonly from: number;
  readonly to: number;
  readonly slope: number;
  readonly curvature: number;
}

/** The slope and curvature are those of the rows above the threshold. */
interface Split {
  readonly input: number;
  readonly threshold: number;
  readonly slope: number;
  readonly curvature: number;
}

/** Divides weights and what is measured against them by one power of 2: the same trees, and sums that cannot overflow. */
function startFit(inputs: TreeInputs, labels: Uint8Array, sampleWeights: Float64Array, settings: TreeSettings): Fit {
  const N = labels.length;
  const scale = 2 ** -Math.ceil(Math.log2(sampleWeights.reduce((most, weight) => Math.max(most, weight), 1)));
  const weights = sampleWeights.map((weight) => weight * scale);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const least = Math.max(settings.minLeafHessian * scale, total * LEAST_SHARE, LEAST_HESSIAN);
  const cells = cellsOf(inputs, N, settings.binCount);
  return {
    inputs,
    owners: transpose(inputs.presence),
    cells,
    settings: { ...settings, minLeafHessian: least, l2: settings.l2 * scale },
    labels,
    weights,
    slopes: new Float64Array(2 * N),
    scores: new Float64Array(N).fill(logOddsOf(labels, weights)),
    order: new Uint32Array(N),
    spare: new Uint32Array(N),
    sides: new Uint8Array(N),
    histograms: Array.from({ length: settings.depth }, () => new Float64Array(2 * cells.thresholds.length)),
  };
}

function logOddsOf(labels: Uint8Array, weights: Float64Array): number {
  const sums = [0, 0];
  for (let n = 0; n < labels.length; n++) sums[labels[n]] += weights[n];
  if (sums[0] === 0 && sums[1] === 0) return 0;
  return within(MOST_LOG_ODDS, Math.log(sums[1]) - Math.log(sums[0]));
}

function within(most: number, value: number): number {
  return Math.min(Math.max(value, -most), most);
}

function cellsOf({ presence, numbers }: TreeInputs, N: number, binCount: number): Cells {
  const F = presence.columnCount;
  const thresholds = numbers.map((column) => thresholdsOf(column, binCount));
  const starts = new Uint32Array(F + numbers.length + 1).map((_, i) => Math.min(i, F));
  thresholds.forEach((own, p) => {
    starts[F + p + 1] = starts[F + p] + own.length;
  });
  const offsets = new Uint32Array(N + 1);
  const Ids = starts[F + numbers.length] > 0xffff ? Uint32Array : Uint16Array;
  const ids = new Ids(presence.columns.length + N * numbers.length);
  let end = 0;
  for (let n = 0; n < N; n++) {
    for (let at = presence.offsets[n]; at < presence.offsets[n + 1]; at++) ids[end++] = presence.columns[at];
    for (let p = 0; p < numbers.length; p++) {
      const cell = starts[F + p] + firstBelow(thresholds[p], numbers[p][n]);
      if (cell < starts[F + p + 1]) ids[end++] = cell;
    }
    offsets[n + 1] = end;
  }
  return {
    starts,
    thresholds: Float32Array.from([...new Float32Array(F), ...thresholds.flatMap((own) => [...own])]),
    offsets,
    ids: ids.slice(0, end),
  };
}

/** The upper ends of a number's bins but the last, descending: each distinct value its own bin, or equal shares of rows. */
function thresholdsOf(column: Float32Array, binCount: number): Float32Array {
  const sorted = column.toSorted();
  const ends: number[] = [];
  for (let n = 0; n < sorted.length; n++) if (n + 1 === sorted.length || sorted[n] !== sorted[n + 1]) ends.push(n + 1);
  const upper: number[] = [];
  let begin = 0;
  for (const end of ends) {
    // What is left is shared anew after each bin, so a value that half of the rows have costs the others only one.
    const isFull = (end - begin) * (binCount - upper.length) >= sorted.length - begin;
    if (!isFull && ends.length > binCount) continue;
    upper.push(sorted[end - 1]);
    begin = end;
  }
  return Float32Array.from(upper.slice(0, -1).reverse());
}

/** The first of descending thresholds that lies below the value; their count where none does. */
function firstBelow(thresholds: Float32Array, value: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value > thresholds[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Adds a tree to the forest and its steps to the scores; nothing where no split gains. */
function growTreeInPlace(fit: Fit, forest: Forest): void {
  const { slopes, order, histograms } = fit;
  lossSlopesInPlace(slopes, fit.scores, fit.labels, fit.weights);
  let [slope, curvature] = [0, 0];
  for (let n = 0; n < order.length; n++) {
    order[n] = n;
    slope += slopes[2 * n];
    curvature += slopes[2 * n + 1];
  }
  if (histograms.length === 0) return;
  const root = { id: forest.values.length, depth: 0, from: 0, to: order.length, slope, curvature };
  sumCellsInPlace(histograms[0], fit, root);
  const split = bestSplit(fit, root, histograms[0]);
  if (!split) return;
  addNodeInPlace(forest);
  branchInPlace(fit, forest, root, split, histograms[0]);
}

function addNodeInPlace(forest: Forest): number {
  forest.inputs.push(0);
  forest.thresholds.push(0);
  forest.children.push(0);
  forest.weights.push(0);
  return forest.values.push(0) - 1;
}

/** The histogram is the node's own, and free for its children. */
function growNodeInPlace(fit: Fit, forest: Forest, node: Node, histogram: Float64Array): void {
  const split = node.depth < fit.settings.depth ? bestSplit(fit, node, histogram) : undefined;
  if (split) branchInPlace(fit, forest, node, split, histogram);
  else endInLeafInPlace(fit, forest, node);
}

function branchInPlace(fit: Fit, forest: Forest, node: Node, split: Split, histogram: Float64Array): void {
  const middle = divideRowsInPlace(fit, node, split);
  const { slope, curvature } = split;
  const depth = node.depth + 1;
  const rest = { slope: node.slope - slope, curvature: node.curvature - curvature };
  const left = { id: addNodeInPlace(forest), depth, from: node.from, to: middle, ...rest };
  const right = { id: addNodeInPlace(forest), depth, from: middle, to: node.to, slope, curvature };
  forest.inputs[node.id] = split.input;
  forest.thresholds[node.id] = split.threshold;
  forest.children[node.id] = left.id;
  const [small, large] = middle - node.from < node.to - middle ? [left, right] : [right, left];
  const own = fit.histograms[Math.min(depth, fit.settings.depth - 1)];
  if (depth < fit.settings.depth) {
    sumCellsInPlace(own, fit, small);
    for (let i = 0; i < own.length; i++) histogram[i] -= own[i];
  }
  growNodeInPlace(fit, forest, small, own);
  growNodeInPlace(fit, forest, large, histogram);
}

function sumCellsInPlace(histogram: Float64Array, { cells, order, slopes }: Fit, { from, to }: Node): void {
  const { offsets, ids } = cells;
  histogram.fill(0);
  for (let at = from; at < to; at++) {
    const n = order[at];
    const [slope, curvature, end] = [slopes[2 * n], slopes[2 * n + 1], offsets[n + 1]];
    for (let i = offsets[n]; i < end; i++) {
      const cell = 2 * ids[i];
      histogram[cell] += slope;
      histogram[cell + 1] += curvature;
    }
  }
}

/** The split whose two steps gain most; none where that is no more than the node's own step. */
function bestSplit({ cells, settings }: Fit, node: Node, histogram: Float64Array): Split | undefined {
  const { starts, thresholds } = cells;
  const { l2, minLeafHessian } = settings;
  if (node.curvature < minLeafHessian) return undefined;
  const own = gainOf(node.slope, node.curvature, l2);
  // A step of √ROUNDING log-odds gains ROUNDING × the curvature.
  let most = own + ROUNDING * (own + node.curvature);
  let best: Split | undefined;
  for (let input = 0; input + 1 < starts.length; input++) {
    let [slope, curvature] = [0, 0];
    for (let cell = starts[input]; cell < starts[input + 1]; cell++) {
      slope += histogram[2 * cell];
      curvature += histogram[2 * cell + 1];
      const rest = node.curvature - curvature;
      if (curvature < minLeafHessian || rest < minLeafHessian) continue;
      const gain = gainOf(slope, curvature, l2) + gainOf(node.slope - slope, rest, l2);
      if (gain <= most) continue;
      most = gain * (1 + ROUNDING);
      best = { input, threshold: thresholds[cell], slope, curvature };
    }
  }
  return best;
}

/** Twice what the best step takes off the loss, to second order. */
function gainOf(slope: number, curvature: number, l2: number): number {
  return slope ** 2 / (curvature + l2);
}

/** Puts the node's rows that are above the threshold behind those that are not, each ascending; where they begin. */
function divideRowsInPlace(fit: Fit, { from, to }: Node, split: Split): number {
  const { order, spare, sides } = fit;
  markSidesInPlace(fit, from, to, split);
  let [middle, count] = [from, 0];
  // Written to both, kept in one: half of the branches would be guessed wrong.
  for (let at = from; at < to; at++) {
    const n = order[at];
    order[middle] = n;
    spare[count] = n;
    count += sides[n];
    middle += 1 - sides[n];
  }
  order.set(spare.subarray(0, count), middle);
  return middle;
}

/** Marks the rows of a node that are above the threshold (and maybe rows of others, who are asked again in their turn). */
function markSidesInPlace({ inputs, owners, order, sides }: Fit, from: number, to: number, split: Split): void {
  const F = inputs.presence.columnCount;
  if (split.input < F) {
    for (let at = from; at < to; at++) sides[order[at]] = 0;
    const end = owners.offsets[split.input + 1];
    for (let at = owners.offsets[split.input]; at < end; at++) sides[owners.columns[at]] = 1;
    return;
  }
  const column = inputs.numbers[split.input - F];
  for (let at = from; at < to; at++) sides[order[at]] = column[order[at]] > split.threshold ? 1 : 0;
}

/** Newton's step of the rows, summed anew in their order, added to the score of each. */
function endInLeafInPlace(fit: Fit, forest: Forest, { id, from, to }: Node): void {
  const { slopes, weights, order, scores, settings } = fit;
  let [slope, curvature, weight] = [0, settings.l2, 0];
  for (let at = from; at < to; at++) {
    slope += slopes[2 * order[at]];
    curvature += slopes[2 * order[at] + 1];
    weight += weights[order[at]];
  }
  const step = within(MOST_LOG_ODDS, -slope / curvature) * settings.learningRate;
  for (let at = from; at < to; at++) scores[order[at]] += step;
  forest.values[id] = step;
  forest.weights[id] = weight;
}

/** Gives each node of the last tree the mean of its rows, less that of the root, which it returns. */
function centerInPlace({ children, values, weights }: Forest, root: number): number {
  for (let m = values.length - 1; m >= root; m--) {
    if (children[m] === 0) continue;
    const [no, yes] = [children[m], children[m] + 1];
    weights[m] = weights[no] + weights[yes];
    values[m] = (weights[no] * values[no] + weights[yes] * values[yes]) / weights[m];
  }
  const mean = values[root];
  for (let m = root; m < values.length; m++) values[m] -= mean;
  return mean;
}
