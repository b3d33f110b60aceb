import { nn, numpy as np } from '@jax-js/jax';
import { describe, expect, it } from 'vitest';
import { MERGES } from '#domain/embedding/field-merge.ts';
import { addSampledSoftmax } from '#domain/embedding/sampled-softmax.ts';
import {
  type RepresentationWeights,
  representUsers,
  type UserRepresentation,
} from '#domain/embedding/user-representation.ts';
import { addRepresentationGradient, emptyGradient } from '#domain/embedding/user-representation-gradient.ts';
import { matrixOf, type SparseMatrix } from '#domain/features/sparse-matrix.ts';
import { AUTODIFF_ERROR, gradientsOf, type Tensor, tensorOf } from '../autodiff.ts';
import { finiteDifferences, gradientError } from '../finite-differences.ts';
import { exact, FEATURES, modelOf, ROWS, SHAPE, SHAPES } from './small-representation.ts';

describe.each(MERGES)('user representation gradient, fields merged by %s', (merge) => {
  for (const poolingPower of [1, 0.5]) {
    for (const weights of [undefined, ROWS.map((row) => row.map((f) => f + 0.5))]) {
      const kind = weights ? 'with weights' : 'without weights';
      it(`has the gradient of its loss, ${kind}, with pooling by the power ${poolingPower}`, () => {
        const model = modelOf({ ...SHAPES[merge], poolingPower });
        const rows = matrixOf(ROWS, FEATURES.length, weights);
        const gradient = emptyGradient(model.weights, exact);

        const pass = representUsers(model, rows, exact);
        addRepresentationGradient(gradient, model, pass, lossByPoints(pass.points), exact);

        const names = Object.keys(gradient) as (keyof RepresentationWeights)[];
        expect(names.filter((name) => gradient[name].length === 0)).toEqual(merge === 'attention' ? [] : ATTENTION);
        for (const name of names.filter((each) => gradient[each].length > 0)) {
          const expected = finiteDifferences(model.weights[name], () => lossOf(model, rows));
          expect(
            expected.some((x) => Math.abs(x) > 1e-4),
            `${name} matters`,
          ).toBe(true);
          expect(gradientError(gradient[name], expected), name).toBeLessThan(1e-6);
        }
      });
    }
  }
});

describe.each(MERGES)('user representation gradient under a sampled softmax, fields merged by %s', (merge) => {
  it.each([1, 0.5])('is what automatic differentiation finds, with pooling by the power %d', async (poolingPower) => {
    const model = modelOf({ ...SHAPES[merge], poolingPower });
    const counts = ROWS.map((row) => row.map((f) => f + 0.5));
    const items = Float64Array.from({ length: FEATURES.length * D }, (_, at) => Math.cos(3 * at));
    const gradient = emptyGradient(model.weights, exact);
    const pass = representUsers(model, matrixOf(ROWS, FEATURES.length, counts), exact);
    const [pointGradient, itemGradient] = [exact(pass.points.length), exact(items.length)];

    addSampledSoftmax(pointGradient, itemGradient, pass.points, items, CANDIDATES, D);
    addRepresentationGradient(gradient, model, pass, pointGradient, exact);

    const expected = await gradientsOf(tensorsOf(model, items), (w) => tensorLoss(w, model, counts));
    const names = TENSORS.filter((name) => name === 'items' || model.weights[name].length > 0);
    expect([...expected.keys()].sort()).toEqual(names.toSorted());
    for (const name of names) {
      const own = name === 'items' ? itemGradient : gradient[name];
      expect(gradientError(own, expected.get(name) ?? []), name).toBeLessThan(AUTODIFF_ERROR);
    }
  });
});

const ATTENTION = ['fieldKeys', 'fieldQuery'];
const TENSORS = [
  'features',
  'fieldKeys',
  'fieldQuery',
  'hidden',
  'hiddenBias',
  'output',
  'outputBias',
  'items',
] as const;
const { dimensions: D, hidden: Q } = SHAPE;
/** Three for each of the rows, one of them twice. */
const CANDIDATES = Uint32Array.of(0, 1, 2, 6, 3, 1, 4, 2, 2, 3, 5, 0, 1, 6, 4);

function tensorsOf({ weights, shape }: UserRepresentation, items: Float64Array): Record<string, Tensor> {
  return {
    features: tensorOf(weights.features, [FEATURES.length, D]),
    ...(shape.merge === 'attention' && {
      fieldKeys: tensorOf(weights.fieldKeys, [shape.attention, D]),
      fieldQuery: tensorOf(weights.fieldQuery),
    }),
    hidden: tensorOf(weights.hidden, [Q, weights.hidden.length / Q]),
    hiddenBias: tensorOf(weights.hiddenBias),
    output: tensorOf(weights.output, [D, Q]),
    outputBias: tensorOf(weights.outputBias),
    items: tensorOf(items, [FEATURES.length, D]),
  };
}

/** RALM §4.2 in whole tensors: pooling is a product with a matrix, and fields that a user lacks are masked. */
function tensorLoss(
  w: Record<string, Tensor>,
  { fieldOf, fieldCount: n, shape }: UserRepresentation,
  counts: readonly (readonly number[])[],
): Tensor {
  const [B, F] = [ROWS.length, FEATURES.length];
  const pooling = new Float64Array(B * n * F);
  const present = new Float64Array(B * n);
  ROWS.forEach((row, b) => {
    for (let field = 0; field < n; field++) {
      const own = row.filter((f) => fieldOf[f] === field);
      const count = own.reduce((sum, f) => sum + counts[b][row.indexOf(f)], 0);
      for (const f of own) pooling[(b * n + field) * F + f] = counts[b][row.indexOf(f)] / count ** shape.poolingPower;
      present[b * n + field] = Math.min(1, own.length);
    }
  });
  const pooled = np.matmul(tensorOf(pooling, [B * n, F]), w.features);
  const merged =
    shape.merge === 'attention'
      ? tensorAttention(w, pooled, tensorOf(present, [B, n]), n)
      : np.reshape(pooled, [B, n * D]);
  const hidden = nn.relu(np.matmul(merged, np.matrixTranspose(w.hidden)).add(w.hiddenBias));
  const points = np.matmul(hidden, np.matrixTranspose(w.output)).add(w.outputBias);
  const candidates = np.take(w.items, np.array(Int32Array.from(CANDIDATES), { dtype: np.int32 }), 0);
  const scores = np.sum(np.reshape(candidates, [B, 3, D]).mul(np.reshape(points, [B, 1, D])), 2);
  const positive = tensorOf([1 / B, 0, 0]);
  return np.sum(nn.logSoftmax(scores, 1).mul(positive)).mul(-1);
}

function tensorAttention(w: Record<string, Tensor>, pooled: Tensor, present: Tensor, n: number): Tensor {
  const B = ROWS.length;
  const keys = np.tanh(np.matmul(pooled.ref, np.matrixTranspose(w.fieldKeys)));
  const weights = np.exp(np.reshape(np.matmul(keys, w.fieldQuery), [B, n])).mul(present);
  const totals = np.sum(weights.ref, 1).add(tensorOf(ROWS.map((row) => Number(row.length === 0))));
  const attention = weights.div(np.reshape(totals, [B, 1]));
  return np.sum(np.reshape(attention, [B, n, 1]).mul(np.reshape(pooled, [B, n, D])), 1);
}

/** Any smooth loss: each point against a direction of its own. */
function lossOf(model: UserRepresentation, rows: SparseMatrix): number {
  return Array.from(representUsers(model, rows, exact).points, (x, at) => Math.sin(x + at)).reduce(
    (sum, x) => sum + x,
    0,
  );
}

function lossByPoints(points: ArrayLike<number>): Float64Array {
  return Float64Array.from(points, (x, at) => Math.cos(x + at));
}
