import { describe, expect, it } from 'vitest';
import {
  type RepresentationWeights,
  representUsers,
  type UserRepresentation,
} from '#domain/embedding/user-representation.ts';
import { addRepresentationGradient, emptyGradient } from '#domain/embedding/user-representation-gradient.ts';
import { matrixOf, type SparseMatrix } from '#domain/features/sparse-matrix.ts';
import { finiteDifferences, gradientError } from '../finite-differences.ts';
import { exact, FEATURES, modelOf, ROWS, SHAPE } from './small-representation.ts';

describe('user representation gradient', () => {
  for (const poolingPower of [1, 0.5]) {
    for (const weights of [undefined, ROWS.map((row) => row.map((f) => f + 0.5))]) {
      const kind = weights ? 'with weights' : 'without weights';
      it(`has the gradient of its loss, ${kind}, with pooling by the power ${poolingPower}`, () => {
        const model = modelOf({ ...SHAPE, poolingPower });
        const rows = matrixOf(ROWS, FEATURES.length, weights);
        const gradient = emptyGradient(model.weights, exact);

        const pass = representUsers(model, rows, exact);
        addRepresentationGradient(gradient, model, pass, lossByPoints(pass.points), exact);

        for (const name of Object.keys(gradient) as (keyof RepresentationWeights)[]) {
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
