/**
 * The product of two dense matrices, a cell at a time: the oracle of product-kernel.ts, and faster where products are tiny.
 *
 * Shapes:   C (M×N) += A·B, with A (M×K), B (K×N). The steps say how far apart neighbors of a row and of a column lie, so that
 *           either factor may lie transposed; C lies row by row.
 * Cost:     M·K·N multiply–adds.
 * Accuracy: a cell is summed over the inner index in its order, from what it was; each step is rounded to the precision of C,
 *           in which A and B are taken.
 */
import type { Numbers } from './numbers.ts';

export interface ProductShape {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  /** From a row of A to the next. */
  readonly aRow: number;
  /** From a column of A to the next: along the inner index. */
  readonly aInner: number;
  /** From a row of B to the next: along the inner index. */
  readonly bInner: number;
  /** From a column of B to the next. */
  readonly bColumn: number;
}

export function addPlainly(c: Numbers, a: Numbers, b: Numbers, shape: ProductShape): void {
  if (c instanceof Float32Array) addRounded(c, a, b, shape);
  else addExact(c, a, b, shape);
}

function addExact(c: Float64Array, a: Numbers, b: Numbers, shape: ProductShape): void {
  const { M, K, N, aRow, aInner, bInner, bColumn } = shape;
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = c[m * N + n];
      for (let k = 0; k < K; k++) sum += a[m * aRow + k * aInner] * b[k * bInner + n * bColumn];
      c[m * N + n] = sum;
    }
  }
}

function addRounded(c: Float32Array, a: Numbers, b: Numbers, shape: ProductShape): void {
  const { M, K, N, aRow, aInner, bInner, bColumn } = shape;
  const round = Math.fround;
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = round(c[m * N + n]);
      for (let k = 0; k < K; k++) {
        sum = round(sum + round(round(a[m * aRow + k * aInner]) * round(b[k * bInner + n * bColumn])));
      }
      c[m * N + n] = sum;
    }
  }
}
