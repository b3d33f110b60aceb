import { describe, expect, it } from 'vitest';
import {
  initialRepresentation,
  representUsers,
  type UserRepresentation,
} from '#domain/embedding/user-representation.ts';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { seededRandom } from '#domain/random.ts';
import { exact, FEATURES, modelOf, ROWS, SHAPE } from './small-representation.ts';

describe('user representation', () => {
  for (const poolingPower of [1, 0.5]) {
    it(`is what the formulas written out give, with pooling by the power ${poolingPower}`, () => {
      const model = modelOf({ ...SHAPE, poolingPower });

      const { points } = representUsers(model, matrixOf(ROWS, FEATURES.length), exact);

      const expected = ROWS.flatMap((row) => naivePoint(model, row));
      expect(Math.max(...expected.map((x, at) => Math.abs(x - points[at])))).toBeLessThan(1e-12);
    });
  }

  it('is the MLP of the one field’s vector where there is but one field: the merge is then the identity', () => {
    const model = initialRepresentation(['page:1', 'page:2', 'page:3'], SHAPE, seededRandom(3), exact);

    const { merged, pooled } = representUsers(model, matrixOf([[0], [0, 2]], 3), exact);

    expect(merged).toEqual(pooled);
  });

  it('does not see a field that the user does not have', () => {
    const model = modelOf(SHAPE);
    const { attention } = representUsers(model, matrixOf([[3]], FEATURES.length), exact);

    expect([...attention]).toEqual([0, 1, 0]);
  });
});

/** RALM §4.2, a user at a time, in lists. */
function naivePoint({ shape, weights, fieldOf, fieldCount }: UserRepresentation, row: readonly number[]): number[] {
  const { dimensions: D, attention: K, hidden: Q, poolingPower } = shape;
  const list = (length: number, value: (at: number) => number) => Array.from({ length }, (_, at) => value(at));
  const sum = (values: readonly number[]) => values.reduce((total, x) => total + x, 0);
  const fields = list(fieldCount, (field) => field).filter((field) => row.some((f) => fieldOf[f] === field));
  const pooled = fields.map((field) => {
    const own = row.filter((f) => fieldOf[f] === field);
    return list(D, (d) => sum(own.map((f) => weights.features[f * D + d])) / own.length ** poolingPower);
  });
  const scores = pooled.map((h) =>
    sum(list(K, (k) => weights.fieldQuery[k] * Math.tanh(sum(list(D, (d) => weights.fieldKeys[k * D + d] * h[d]))))),
  );
  const total = sum(scores.map(Math.exp));
  const merged = list(D, (d) => sum(pooled.map((h, i) => (Math.exp(scores[i]) / total) * h[d])));
  const hidden = list(Q, (q) =>
    Math.max(0, weights.hiddenBias[q] + sum(list(D, (d) => weights.hidden[q * D + d] * merged[d]))),
  );
  return list(D, (d) => weights.outputBias[d] + sum(list(Q, (q) => weights.output[d * Q + q] * hidden[q])));
}
