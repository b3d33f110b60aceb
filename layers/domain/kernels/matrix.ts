/**
 * Products of dense matrices: what training and the attention scorer spend their time on, in one place.
 *
 * Shapes:   in the names of each function.
 * Cost:     M·K·N multiply–adds.
 * Accuracy: sums run in the order of the inner index, from what C was, so the same numbers come out anywhere, and a row of C
 *           does not depend on the others.
 */
import type { Numbers } from './numbers.ts';
import { addPlainly, type ProductShape } from './plain-product.ts';
import { addByKernel } from './product-kernel.ts';

/** C += A·B, with A (M×K), B (K×N), C (M×N). */
export function addProduct(c: Numbers, a: Numbers, b: Numbers, M: number, K: number, N: number): void {
  add(c, a, b, { M, K, N, aRow: K, aInner: 1, bInner: N, bColumn: 1 });
}

/** C += A·Bᵀ, with A (M×K), B (N×K), C (M×N). */
export function addProductWithTransposed(c: Numbers, a: Numbers, b: Numbers, M: number, K: number, N: number): void {
  add(c, a, b, { M, K, N, aRow: K, aInner: 1, bInner: 1, bColumn: K });
}

/** C += Aᵀ·B, with A (M×K), B (M×N), C (K×N). */
export function addTransposedProduct(c: Numbers, a: Numbers, b: Numbers, M: number, K: number, N: number): void {
  add(c, a, b, { M: K, K: M, N, aRow: 1, aInner: K, bInner: N, bColumn: 1 });
}

/** Below, copying into the kernel's memory takes longer than the product itself. */
const LEAST_PRODUCTS = 200;
/** The same where B must be turned for fewer rows of A. */
const LEAST_ROWS = 3;

function add(c: Numbers, a: Numbers, b: Numbers, shape: ProductShape): void {
  const { M, K, N, bColumn } = shape;
  const isSmall = M * K * N < LEAST_PRODUCTS || (bColumn !== 1 && M < LEAST_ROWS);
  if (isSmall) addPlainly(c, a, b, shape);
  else addByKernel(c, a, b, shape);
}
