/**
 * What the look-alike attention scorer learns, and how its loss changes with it.
 *
 * Reference: Liu et al., "Real-time Attention Based Look-alike Model (RALM)", 2019, §4.3, with the global attention in the
 *            form whose shapes agree; a temperature and an offset before the sigmoid, which alone spans only [.27, .73].
 * Shapes:    seeds' centroids S (C×D), targets X (N×D); the layer shared by both towers W (R×D), b (R), slope β (PReLU):
 *            E_s (C×R), E_u (N×R). Local: P = E_s·W_l, a = softmax(tanh(E_u·Pᵀ)) (N×C), L = a·E_s (N×R).
 *            Global: T = tanh(E_s·W_gᵀ), g = softmax(T·w) (C), G = g·E_s (R). Score .3·cos(E_u, G) + .7·cos(E_u, L).
 * Cost:      (N + C)·D·R + 2·N·C·R multiply–adds, twice as much on the way back.
 */
import { addProduct, addProductWithTransposed, addTransposedProduct } from '../kernels/matrix.ts';
import type { Numbers } from '../kernels/numbers.ts';
import {
  type AttentionWeights,
  GLOBAL_SHARE,
  type SelfAttention,
  selfAttention,
  softmaxInPlace,
  type Tower,
  tower,
} from './attention.ts';

/** Gradients have the same form. */
export interface LookAlikeWeights extends AttentionWeights {
  /** Temperature and offset before the sigmoid, (2). */
  readonly calibration: Numbers;
}

/** Targets of one audience: who is like the seeds (1) and who is not (0), each with what it counts in the loss. */
export interface LookAlikeBatch {
  /** (C×D). */
  readonly centroids: Numbers;
  /** (N×D). */
  readonly targets: Numbers;
  /** (N). */
  readonly labels: Uint8Array;
  /** (N). */
  readonly shares: Float64Array;
}

export function emptyLookAlike(dimensions: number, outputs: number): LookAlikeWeights {
  return {
    dimensions,
    outputs,
    layer: new Float64Array(outputs * dimensions),
    layerBias: new Float64Array(outputs),
    slope: new Float64Array(1),
    local: new Float64Array(outputs * outputs),
    global: new Float64Array(outputs * outputs),
    globalQuery: new Float64Array(outputs),
    calibration: new Float64Array(2),
  };
}

/** The loss (weighted sigmoid cross entropy) of a batch; what it changes by the weights is added to `gradient`. */
export function addLookAlikeGradient(
  gradient: LookAlikeWeights,
  weights: LookAlikeWeights,
  { centroids, targets, labels, shares }: LookAlikeBatch,
): number {
  const seedTower = tower(weights, centroids);
  const userTower = tower(weights, targets);
  const local = localAttention(weights, seedTower.out, userTower.out);
  const global = selfAttention(weights, seedTower.out);
  const mixture = new Float64Array(weights.outputs);
  addProduct(mixture, global.attention, seedTower.out, 1, global.attention.length, weights.outputs);
  const toLocal = cosines(userTower.out, local.mixtures, weights.outputs);
  const toGlobal = cosines(userTower.out, mixture, weights.outputs);
  const { globalShare = GLOBAL_SHARE } = weights;
  const [temperature, offset] = weights.calibration;
  const scoreGradient = new Float64Array(labels.length);
  let loss = 0;
  for (let n = 0; n < labels.length; n++) {
    const score = globalShare * toGlobal[n] + (1 - globalShare) * toLocal[n];
    const logit = temperature * score + offset;
    loss += shares[n] * (softplus(logit) - labels[n] * logit);
    const logitGradient = shares[n] * (sigmoid(logit) - labels[n]);
    gradient.calibration[0] += logitGradient * score;
    gradient.calibration[1] += logitGradient;
    scoreGradient[n] = logitGradient * temperature;
  }
  const R = weights.outputs;
  const userGradient = new Float64Array(userTower.out.length);
  const seedGradient = new Float64Array(seedTower.out.length);
  const mixtureGradient = new Float64Array(local.mixtures.length);
  const globalGradient = new Float64Array(R);
  addCosineGradient(
    userGradient,
    mixtureGradient,
    userTower.out,
    local.mixtures,
    toLocal,
    scoreGradient,
    1 - globalShare,
  );
  addCosineGradient(userGradient, globalGradient, userTower.out, mixture, toGlobal, scoreGradient, globalShare);
  addLocalGradient(gradient, weights, seedTower.out, userTower.out, local, mixtureGradient, seedGradient, userGradient);
  addGlobalGradient(gradient, weights, seedTower.out, global, globalGradient, seedGradient);
  addTowerGradient(gradient, weights, centroids, seedTower, seedGradient);
  addTowerGradient(gradient, weights, targets, userTower, userGradient);
  return loss;
}

function addTowerGradient(
  gradient: LookAlikeWeights,
  { dimensions: D, outputs: R, slope }: LookAlikeWeights,
  points: Numbers,
  { sums }: Tower,
  outGradient: Float64Array,
): void {
  const B = points.length / D;
  const sumGradient = new Float64Array(B * R);
  for (let row = 0; row < B; row++) {
    for (let r = 0; r < R; r++) {
      const at = row * R + r;
      const isPositive = sums[at] > 0;
      sumGradient[at] = isPositive ? outGradient[at] : outGradient[at] * slope[0];
      if (!isPositive) gradient.slope[0] += outGradient[at] * sums[at];
      gradient.layerBias[r] += sumGradient[at];
    }
  }
  addTransposedProduct(gradient.layer, sumGradient, points, B, R, D);
}

interface LocalAttention {
  /** P (C×R). */
  readonly keys: Float64Array;
  /** tanh(E_u·Pᵀ), (N×C). */
  readonly nearness: Float64Array;
  /** a (N×C). */
  readonly attention: Float64Array;
  /** L (N×R). */
  readonly mixtures: Float64Array;
}

function localAttention(
  { outputs: R, local }: AttentionWeights,
  seeds: Float64Array,
  users: Float64Array,
): LocalAttention {
  const [C, N] = [seeds.length / R, users.length / R];
  const keys = new Float64Array(C * R);
  addProduct(keys, seeds, local, C, R, R);
  const nearness = new Float64Array(N * C);
  addProductWithTransposed(nearness, users, keys, N, R, C);
  for (let at = 0; at < nearness.length; at++) nearness[at] = Math.tanh(nearness[at]);
  const attention = nearness.slice();
  for (let n = 0; n < N; n++) softmaxInPlace(attention, n * C, C);
  const mixtures = new Float64Array(N * R);
  addProduct(mixtures, attention, seeds, N, C, R);
  return { keys, nearness, attention, mixtures };
}

function addLocalGradient(
  gradient: LookAlikeWeights,
  { outputs: R, local }: LookAlikeWeights,
  seeds: Float64Array,
  users: Float64Array,
  { keys, nearness, attention }: LocalAttention,
  mixtureGradient: Float64Array,
  seedGradient: Float64Array,
  userGradient: Float64Array,
): void {
  const [C, N] = [seeds.length / R, users.length / R];
  addTransposedProduct(seedGradient, attention, mixtureGradient, N, C, R);
  const change = new Float64Array(N * C);
  addProductWithTransposed(change, mixtureGradient, seeds, N, R, C);
  for (let n = 0; n < N; n++) throughSoftmaxInPlace(change, attention, n * C, C);
  for (let at = 0; at < change.length; at++) change[at] *= 1 - nearness[at] * nearness[at];
  addProduct(userGradient, change, keys, N, C, R);
  const keyGradient = new Float64Array(C * R);
  addTransposedProduct(keyGradient, change, users, N, C, R);
  addTransposedProduct(gradient.local, seeds, keyGradient, C, R, R);
  addProductWithTransposed(seedGradient, keyGradient, local, C, R, R);
}

function addGlobalGradient(
  gradient: LookAlikeWeights,
  { outputs: R, global, globalQuery }: LookAlikeWeights,
  seeds: Float64Array,
  { keys, attention }: SelfAttention,
  mixtureGradient: Float64Array,
  seedGradient: Float64Array,
): void {
  const C = seeds.length / R;
  addProduct(seedGradient, attention, mixtureGradient, C, 1, R);
  const change = new Float64Array(C);
  addProductWithTransposed(change, seeds, mixtureGradient, C, R, 1);
  throughSoftmaxInPlace(change, attention, 0, C);
  addTransposedProduct(gradient.globalQuery, change, keys, C, 1, R);
  const keyGradient = keys.map((key, at) => change[Math.floor(at / R)] * globalQuery[at % R] * (1 - key * key));
  addTransposedProduct(gradient.global, keyGradient, seeds, C, R, R);
  addProduct(seedGradient, keyGradient, global, C, R, R);
}

/** The cosine of each row with its own direction, or with the only one there is, (N); 0 where either has no length. */
function cosines(rows: Float64Array, directions: Float64Array, R: number): Float64Array {
  const cosine = new Float64Array(rows.length / R);
  for (let n = 0; n < cosine.length; n++) {
    const { dot, length, other } = lengthsOf(rows, n * R, directions, directions.length === R ? 0 : n * R, R);
    cosine[n] = length * other > 0 ? dot / (length * other) : 0;
  }
  return cosine;
}

/** d cos(x, y)/dx = y/(‖x‖‖y‖) − cos·x/‖x‖², and the same for y. */
function addCosineGradient(
  rowGradient: Float64Array,
  directionGradient: Float64Array,
  rows: Float64Array,
  directions: Float64Array,
  cosine: Float64Array,
  scoreGradient: Float64Array,
  share: number,
): void {
  const R = rows.length / cosine.length;
  for (let n = 0; n < cosine.length; n++) {
    const [x, y] = [n * R, directions.length === R ? 0 : n * R];
    const { length, other } = lengthsOf(rows, x, directions, y, R);
    if (length * other === 0) continue;
    const change = share * scoreGradient[n];
    for (let r = 0; r < R; r++) {
      const [here, there] = [rows[x + r] / length, directions[y + r] / other];
      rowGradient[x + r] += (change * (there - cosine[n] * here)) / length;
      directionGradient[y + r] += (change * (here - cosine[n] * there)) / other;
    }
  }
}

function lengthsOf(rows: Float64Array, x: number, directions: Float64Array, y: number, R: number) {
  let [dot, squares, otherSquares] = [0, 0, 0];
  for (let r = 0; r < R; r++) {
    dot += rows[x + r] * directions[y + r];
    squares += rows[x + r] ** 2;
    otherSquares += directions[y + r] ** 2;
  }
  return { dot, length: Math.sqrt(squares), other: Math.sqrt(otherSquares) };
}

/** From the loss by the softmax's values to the loss by what it is of: a ∘ (da − Σ a·da). */
function throughSoftmaxInPlace(change: Float64Array, attention: Float64Array, from: number, count: number): void {
  let mean = 0;
  for (let at = from; at < from + count; at++) mean += change[at] * attention[at];
  for (let at = from; at < from + count; at++) change[at] = attention[at] * (change[at] - mean);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** ln(1 + eˣ) without overflow. */
function softplus(x: number): number {
  return Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
}
