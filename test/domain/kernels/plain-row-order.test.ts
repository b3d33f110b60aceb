import { expect, it } from 'vitest';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { orderRowsPlainlyInPlace } from '#domain/kernels/plain-row-order.ts';

it('the plain order of rows is by column, and weights stay with theirs', () => {
  const matrix = matrixOf([[3, 0, 2], [], [1, 0]], 4, [[0.3, 1, 0.2], [], [5, 7]]);

  orderRowsPlainlyInPlace(matrix);

  expect(matrix).toEqual(matrixOf([[0, 2, 3], [], [0, 1]], 4, [[1, 0.2, 0.3], [], [7, 5]]));
});
