import { nn, numpy as np } from '@jax-js/jax';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { preciseAttentionScores, prepareAudience } from '#domain/scoring/attention.ts';
import {
  addLookAlikeGradient,
  emptyLookAlike,
  type LookAlikeBatch,
  type LookAlikeWeights,
} from '#domain/scoring/look-alike-learning.ts';
import { AUTODIFF_ERROR, gradientsOf, type Tensor, tensorOf } from '../autodiff.ts';
import { finiteDifferences, gradientError } from '../finite-differences.ts';

const [D, R, C, N] = [4, 3, 3, 6];
const TENSORS = ['layer', 'layerBias', 'slope', 'local', 'global', 'globalQuery', 'calibration'] as const;

describe('look-alike learning', () => {
  it.each([undefined, 0.8])(
    'has the gradient of its loss, for every number that it learns: global %s',
    (globalShare) => {
      const [drawn, batch] = scene(7);
      const weights = { ...drawn, globalShare };
      const gradient = emptyLookAlike(D, R);

      addLookAlikeGradient(gradient, weights, batch);

      for (const name of TENSORS) {
        const expected = finiteDifferences(weights[name], () =>
          addLookAlikeGradient(emptyLookAlike(D, R), weights, batch),
        );
        expect(
          expected.some((x) => Math.abs(x) > 1e-5),
          `${name} matters`,
        ).toBe(true);
        expect(gradientError(gradient[name], expected), name).toBeLessThan(1e-6);
      }
    },
  );

  it.each([7, 11, 12])('has the gradient that automatic differentiation finds (scene %i)', async (seed) => {
    const [weights, batch] = scene(seed);
    const gradient = emptyLookAlike(D, R);

    addLookAlikeGradient(gradient, weights, batch);

    const expected = await gradientsOf(tensorsOf(weights), (tensors) => tensorLoss(tensors, batch));
    expect([...expected.keys()].sort()).toEqual([...TENSORS].sort());
    for (const name of TENSORS)
      expect(gradientError(gradient[name], expected.get(name) ?? []), name).toBeLessThan(AUTODIFF_ERROR);
  });

  it.each([undefined, 0, 0.8])(
    'loses what sigmoid cross entropy loses by the scores given: global %s',
    (globalShare) => {
      const [drawn, batch] = scene(8);
      const weights = { ...drawn, globalShare };
      const { labels, shares, targets, centroids } = batch;

      const loss = addLookAlikeGradient(emptyLookAlike(D, R), weights, batch);

      const audience = prepareAudience(Float64Array.from(centroids), D, weights);
      const scores = preciseAttentionScores(audience, Float32Array.from(targets), Uint32Array.from(labels.keys()));
      const [temperature, offset] = weights.calibration;
      const expected = scores.reduce((sum, score, n) => {
        const chance = 1 / (1 + Math.exp(-(temperature * score + offset)));
        return sum - shares[n] * Math.log(labels[n] === 1 ? chance : 1 - chance);
      }, 0);
      expect(loss).toBeCloseTo(expected, 5);
    },
  );
});

describe('the trained attention scorer', () => {
  it('is the untrained one where the layer is the identity, W_l = I and w = 0', () => {
    const { centroids, targets } = scene(9)[1];
    const identity = emptyLookAlike(D, D);
    for (let d = 0; d < D; d++) identity.layer[d * D + d] = identity.local[d * D + d] = identity.global[d * D + d] = 1;
    identity.slope[0] = 1;
    const rows = Uint32Array.from({ length: N }, (_, n) => n);

    const trained = preciseAttentionScores(
      prepareAudience(Float64Array.from(centroids), D, identity),
      Float32Array.from(targets),
      rows,
    );

    const untrained = preciseAttentionScores(
      prepareAudience(Float64Array.from(centroids), D),
      Float32Array.from(targets),
      rows,
    );
    for (const n of rows) expect(trained[n]).toBeCloseTo(untrained[n], 6);
  });

  it('is what the formulas written out give', () => {
    const [weights, { centroids, targets }] = scene(10);
    const audience = prepareAudience(Float64Array.from(centroids), D, weights);

    const scores = preciseAttentionScores(
      audience,
      Float32Array.from(targets),
      Uint32Array.from({ length: N }, (_, n) => n),
    );

    for (let n = 0; n < N; n++) expect(scores[n]).toBeCloseTo(naiveScore(weights, centroids, targets, n), 6);
  });
});

function scene(seed: number): [LookAlikeWeights, LookAlikeBatch] {
  const random = seededRandom(seed);
  const draw = (values: { [at: number]: number; readonly length: number }) => {
    for (let at = 0; at < values.length; at++) values[at] = 2 * random() - 1;
    return values;
  };
  const weights = emptyLookAlike(D, R);
  for (const name of TENSORS) draw(weights[name]);
  weights.slope[0] = 0.25;
  weights.calibration[0] = 3;
  const [centroids, targets, shares] = [new Float64Array(C * D), new Float64Array(N * D), new Float64Array(N)];
  for (const values of [centroids, targets]) draw(values);
  shares.forEach((_, n) => {
    shares[n] = (n + 1) / 10;
  });
  return [weights, { centroids, targets, labels: Uint8Array.of(1, 0, 0, 1, 0, 1), shares }];
}

function tensorsOf(weights: LookAlikeWeights): Record<string, Tensor> {
  return {
    layer: tensorOf(weights.layer, [R, D]),
    layerBias: tensorOf(weights.layerBias),
    slope: tensorOf(weights.slope),
    local: tensorOf(weights.local, [R, R]),
    global: tensorOf(weights.global, [R, R]),
    globalQuery: tensorOf(weights.globalQuery),
    calibration: tensorOf(weights.calibration),
  };
}

/** RALM §4.3 in whole tensors. */
function tensorLoss(w: Record<string, Tensor>, { centroids, targets, labels, shares }: LookAlikeBatch): Tensor {
  const towerOf = (points: Tensor) => {
    const sums = np.matmul(points, np.matrixTranspose(w.layer.ref)).add(w.layerBias.ref);
    return np.where(np.greater(sums.ref, 0), sums.ref, sums.mul(w.slope.ref));
  };
  const seeds = towerOf(tensorOf(centroids, [C, D]));
  const users = towerOf(tensorOf(targets, [N, D]));
  const keys = np.matmul(seeds.ref, w.local);
  const attention = nn.softmax(np.tanh(np.matmul(users.ref, np.matrixTranspose(keys))), 1);
  const local = np.matmul(attention, seeds.ref);
  const seedKeys = np.tanh(np.matmul(seeds.ref, np.matrixTranspose(w.global)));
  const global = np.matmul(nn.softmax(np.matmul(seedKeys, w.globalQuery)), seeds);
  const lengths = (x: Tensor) => np.sqrt(np.sum(np.square(x), -1));
  const cosine = (x: Tensor, y: Tensor) => np.sum(x.ref.mul(y.ref), 1).div(lengths(x).mul(lengths(y)));
  const score = cosine(users.ref, global).mul(0.3).add(cosine(users, local).mul(0.7));
  const parameter = (at: number) => np.take(w.calibration.ref, np.array([at], { dtype: np.int32 }));
  const logit = score.mul(parameter(0)).add(parameter(1));
  return np.sum(tensorOf(shares).mul(nn.softplus(logit.ref).sub(tensorOf(labels).mul(logit))));
}

/** RALM §4.3, a target at a time, in lists. */
function naiveScore(w: LookAlikeWeights, centroids: ArrayLike<number>, targets: ArrayLike<number>, n: number): number {
  const list = (length: number, value: (at: number) => number) => Array.from({ length }, (_, at) => value(at));
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, at) => sum + x * b[at], 0);
  const matrix = (values: ArrayLike<number>, rows: number, columns: number) =>
    list(rows, (r) => r).map((r) => list(columns, (c) => values[r * columns + c]));
  const apply = (rows: readonly (readonly number[])[], x: readonly number[]) => rows.map((row) => dot(row, x));
  const softmax = (values: readonly number[]) => {
    const sum = values.reduce((total, value) => total + Math.exp(value), 0);
    return values.map((value) => Math.exp(value) / sum);
  };
  const tower = (x: readonly number[]) =>
    apply(matrix(w.layer, R, D), x).map((z, r) => {
      const sum = z + w.layerBias[r];
      return sum > 0 ? sum : w.slope[0] * sum;
    });
  const cosine = (a: readonly number[], b: readonly number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const seeds = matrix(centroids, C, D).map(tower);
  const user = tower(list(D, (d) => targets[n * D + d]));
  const mixed = (shares: readonly number[]) =>
    list(R, (r) =>
      dot(
        shares,
        seeds.map((seed) => seed[r]),
      ),
    );
  const local = softmax(seeds.map((seed) => Math.tanh(dot(seed, apply(matrix(w.local, R, R), user)))));
  const query = list(R, (r) => w.globalQuery[r]);
  const global = softmax(seeds.map((seed) => dot(query, apply(matrix(w.global, R, R), seed).map(Math.tanh))));
  return 0.3 * cosine(user, mixed(global)) + 0.7 * cosine(user, mixed(local));
}
