import { describe, expect, it } from 'vitest';
import { MERGES } from '#domain/embedding/field-merge.ts';
import { representUsers, type UserRepresentation } from '#domain/embedding/user-representation.ts';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { exact, FEATURES, modelOf, ROWS, SHAPES } from './small-representation.ts';

describe.each(MERGES)('user representation, fields merged by %s', (merge) => {
  for (const poolingPower of [1, 0.5]) {
    it(`is what the formulas written out give, with pooling by the power ${poolingPower}`, () => {
      const model = modelOf({ ...SHAPES[merge], poolingPower });

      const { points } = representUsers(model, matrixOf(ROWS, FEATURES.length), exact);

      const expected = ROWS.flatMap((row) => naivePoint(model, row));
      expect(Math.max(...expected.map((x, at) => Math.abs(x - points[at])))).toBeLessThan(1e-12);
    });
  }
});

/** RALM §4.2, a user at a time, in lists. */
function naivePoint(model: UserRepresentation, row: readonly number[]): number[] {
  const { dimensions: D, hidden: Q, poolingPower, merge } = model.shape;
  const { weights, fieldOf, fieldCount } = model;
  const pooled = list(fieldCount, (field) => {
    const own = row.filter((f) => fieldOf[f] === field);
    return list(D, (d) => sum(own.map((f) => weights.features[f * D + d])) / Math.max(1, own.length) ** poolingPower);
  });
  const has = pooled.map((_, field) => row.some((f) => fieldOf[f] === field));
  const merged = merge === 'attention' ? naiveAttention(model, pooled, has) : pooled.flat();
  const W = merged.length;
  const hidden = list(Q, (q) =>
    Math.max(0, weights.hiddenBias[q] + sum(merged.map((x, w) => weights.hidden[q * W + w] * x))),
  );
  return list(D, (d) => weights.outputBias[d] + sum(list(Q, (q) => weights.output[d * Q + q] * hidden[q])));
}

function naiveAttention(
  { shape: { dimensions: D, attention: K }, weights }: UserRepresentation,
  pooled: readonly (readonly number[])[],
  has: readonly boolean[],
): number[] {
  const scores = pooled.map((h) =>
    sum(list(K, (k) => weights.fieldQuery[k] * Math.tanh(sum(list(D, (d) => weights.fieldKeys[k * D + d] * h[d]))))),
  );
  const odds = scores.map((score, field) => (has[field] ? Math.exp(score) : 0));
  const total = has.includes(true) ? sum(odds) : 1;
  return list(D, (d) => sum(pooled.map((h, field) => (odds[field] / total) * h[d])));
}

function list<T>(length: number, value: (at: number) => T): T[] {
  return Array.from({ length }, (_, at) => value(at));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, x) => total + x, 0);
}
