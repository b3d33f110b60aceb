/**
 * The attention of one audience in float32, as the kernel scores with it: all that depends on the audience alone, folded
 * into as few numbers as it can be, and one user at a time in plain TypeScript.
 *
 * Reference: attention.ts, whose scores these are, but for what float32 rounds.
 * Shapes:    a layer (D×R) if users pass one, keys and centroids as columns (R×2·C, R×C where they are the same), the centroids'
 *            products with each other, below the diagonal twice; all padded to a multiple of four.
 * Cost:      (2·C + 2)·R + C²/2 multiply–adds a user (half of it untrained), and D·R for the layer.
 * Accuracy:  within 10⁻⁵ of attention.ts. A user of whom float32 would lose more has no score here: one whose clusters nearly
 *            cancel (by more than √128), who is far longer or shorter than any point, or whose nearness to a key is so large
 *            that a rounding would move its weight.
 */
import { paddedToFour, panelsOf, placeInPanels } from '../kernels/panels.ts';
import type { AttentionAudience } from './attention.ts';

export interface FoldedAudience {
  /** D, of the points as they come; R, where they are compared; C. */
  readonly dimensions: number;
  readonly outputs: number;
  readonly clusters: number;
  readonly layer?: FoldedLayer | undefined;
  /** Keys and then centroids, or both in one, (R×across), in panels. */
  readonly columns: Float32Array;
  readonly across: number;
  /** Of the centroids, (C). */
  readonly lengths: Float32Array;
  /** Rows in fours: of each four the first column, the second and so on, up to the diagonal. */
  readonly form: Float32Array;
  /** E_global as a unit vector, (R); zero where it is. */
  readonly direction: Float32Array;
  readonly globalShare: number;
  /** Squares of a user's length up to which no nearness is too large. */
  readonly mostSquares: number;
}

export interface FoldedLayer {
  /** (D×R), in panels. */
  readonly weights: Float32Array;
  /** (R). */
  readonly biases: Float32Array;
  readonly slope: number;
}

/** Of a product of a user and a key beyond it, float32 may lose a hundred-thousandth. */
const MOST_NEARNESS = 100;
/** Beyond, squares of float32 lose digits or themselves. */
const MOST_SQUARES = 1e20;
const LEAST_SQUARES = 1e-20;
/** How many times smaller the square of a mixture may be than if its centroids did not cancel. */
const MOST_CANCELLED = 128;

export function foldAudience(audience: AttentionAudience): FoldedAudience {
  const { layer, dimensions: R, centroids, keys, globalAttention, globalShare } = audience;
  const C = globalAttention.length;
  const width = paddedToFour(C);
  const columns = keys === centroids ? [centroids] : [keys, centroids];
  const longestKey = Math.max(0, ...lengthsOf(keys, R));
  return {
    dimensions: layer?.dimensions ?? R,
    outputs: R,
    clusters: C,
    layer: layer && {
      weights: panelsOf([layer.layer], R, layer.dimensions),
      biases: padded(layer.layerBias, paddedToFour(R)),
      slope: Math.fround(layer.slope[0]),
    },
    columns: panelsOf(columns, C, R),
    across: width * columns.length,
    lengths: padded(lengthsOf(centroids, R), width),
    form: formOf(audience.gram, C),
    direction: padded(globalDirection(audience), paddedToFour(R)),
    globalShare: Math.fround(globalShare),
    mostSquares: Math.fround(Math.min(MOST_SQUARES, (MOST_NEARNESS / Math.max(longestKey, Number.MIN_VALUE)) ** 2)),
  };
}

function padded(values: ArrayLike<number>, length: number): Float32Array {
  const longer = new Float32Array(length);
  longer.set(values);
  return longer;
}

function lengthsOf(rows: Float64Array, R: number): Float64Array {
  return Float64Array.from({ length: rows.length / R }, (_, row) =>
    Math.sqrt(rows.subarray(row * R, row * R + R).reduce((sum, x) => sum + x * x, 0)),
  );
}

function globalDirection({ dimensions: R, centroids, globalAttention, globalNorm }: AttentionAudience): Float64Array {
  const direction = new Float64Array(R);
  if (globalNorm === 0) return direction;
  globalAttention.forEach((share, c) => {
    for (let r = 0; r < R; r++) direction[r] += (share * centroids[c * R + r]) / globalNorm;
  });
  return direction;
}

function formOf(gram: Float64Array, C: number): Float32Array {
  const width = paddedToFour(C);
  const form: number[] = [];
  for (let i = 0; i < width; i += 4) {
    for (let j = 0; j < i + 4; j++) {
      for (let row = i; row < i + 4; row++) form.push(row < C && j <= row ? (j < row ? 2 : 1) * gram[row * C + j] : 0);
    }
  }
  return Float32Array.from(form);
}

const round = Math.fround;

/** One score, or NaN: bit for bit what the kernel gives. */
export function plainFoldedScore(folded: FoldedAudience, point: Float32Array): number {
  const { clusters: C, columns, across, lengths, direction, globalShare } = folded;
  const width = paddedToFour(C);
  const user = folded.layer ? passPlainly(folded, folded.layer, point) : point;
  const squares = sumInLanes(user, user);
  const global = sumInLanes(user, direction);
  const attention = new Float32Array(C);
  let [local, size] = [0, 0];
  for (let c = 0; c < C; c++) {
    attention[c] = plainExpTanh(dotWithColumn(user, columns, across, c, 0));
    local = round(local + round(attention[c] * dotWithColumn(user, columns, across, across - width + c, 0)));
    size = round(size + round(attention[c] * lengths[c]));
  }
  const localSquares = quadraticForm(attention, folded.form);
  const isSure =
    round(localSquares * MOST_CANCELLED) >= round(size * size) &&
    isWithin(localSquares, MOST_SQUARES) &&
    isWithin(squares, folded.mostSquares);
  if (!isSure) return Number.NaN;
  const toLocal = round(local / round(Math.sqrt(localSquares)));
  const both = round(round(globalShare * global) + round(round(1 - globalShare) * toLocal));
  return round(both / round(Math.sqrt(squares)));
}

function isWithin(squares: number, most: number): boolean {
  return squares >= round(LEAST_SQUARES) && squares <= round(most);
}

function passPlainly({ dimensions: D, outputs: R }: FoldedAudience, layer: FoldedLayer, point: Float32Array) {
  const { weights, biases, slope } = layer;
  return Float32Array.from({ length: R }, (_, r) => {
    const sum = dotWithColumn(point.subarray(0, D), weights, paddedToFour(R), r, biases[r]);
    return sum < 0 ? sum * slope : sum;
  });
}

function dotWithColumn(
  row: Float32Array,
  columns: Float32Array,
  across: number,
  column: number,
  start: number,
): number {
  const [at, step] = placeInPanels(column, across, row.length);
  let sum = start;
  for (let d = 0; d < row.length; d++) sum = round(sum + round(row[d] * columns[at + d * step]));
  return sum;
}

/** In four sums of every fourth product. */
function sumInLanes(left: Float32Array, right: Float32Array): number {
  const sums = [0, 0, 0, 0];
  for (let d = 0; d < left.length; d++) sums[d % 4] = round(sums[d % 4] + round(left[d] * right[d]));
  return round(round(sums[0] + sums[1]) + round(sums[2] + sums[3]));
}

function quadraticForm(a: Float32Array, form: Float32Array): number {
  let sum = 0;
  for (let i = 0, block = 0; i < a.length; i++) {
    if (i > 0 && i % 4 === 0) block += 4 * i;
    let row = 0;
    for (let j = 0; j <= i; j++) row = round(row + round(form[block + 4 * j + (i % 4)] * a[j]));
    sum = round(sum + round(a[i] * row));
  }
  return sum;
}

/** Of tanh(tanh(x)/2) = x·P(x²)/Q(x²), by the power of x²: fitted for the least greatest error within ±7.75. */
const NUMERATOR = [
  0.4999995827674866, 0.3141530454158783, 0.04565291479229927, 0.0020938431844115257, 2.4095630578813143e-5,
  2.8756010905794938e-8,
];
const DENOMINATOR = [
  1, 1.0449609756469727, 0.30175286531448364, 0.02452237904071808, 0.0005959505797363818, 2.6992261155101005e-6,
];
/** Beyond, e^tanh(x) moves by less than what the fit errs, a relative 5·10⁻⁷. */
const SATURATED = 7.75;

/** All of them, as the kernel reads them. */
export const COEFFICIENTS = Float32Array.of(...NUMERATOR, ...DENOMINATOR, SATURATED);

/** e^tanh(x) = (1 + y)/(1 − y) with y = tanh(tanh(x)/2). */
function plainExpTanh(given: number): number {
  const x = Math.max(-SATURATED, Math.min(SATURATED, given));
  const square = round(x * x);
  const [p, q] = [round(x * polynomial(NUMERATOR, square)), polynomial(DENOMINATOR, square)];
  return round(round(q + p) / round(q - p));
}

/** Sums of pairs, then of pairs of those, as the kernel adds them (G. Estrin 1960). */
function polynomial(coefficients: readonly number[], x: number): number {
  let [terms, power] = [coefficients.map(round), x];
  while (terms.length > 1) {
    terms = terms.flatMap((low, n) =>
      n % 2 === 1 ? [] : [n + 1 < terms.length ? sumWith(low, terms[n + 1], power) : low],
    );
    power = round(power * power);
  }
  return terms[0];
}

function sumWith(low: number, high: number, power: number): number {
  return round(low + round(high * power));
}
