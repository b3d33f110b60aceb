/**
 * The Cholesky factor of a block's products, BᵀB = RᵀR, and what it is good for: division by R, from either side.
 *
 * Reference: G. Golub, C. Van Loan, "Matrix Computations", §4.2.
 * Shapes:    blocks (n×D) row by row, products and R (D×D) upper triangular.
 * Cost:      O(n·D²) for the products of a block and for its division, O(D³) for the factor.
 * Accuracy:  a column that depends on those before it, to float64's last digits, has a row of zeros in R, and divides to 0.
 */

import { addTransposedProduct } from '../kernels/matrix.ts';

/** What is left of a column's squared length below this share is rounding. */
const DEPENDENT = 1e-13;

/** BᵀB, (width×width). */
export function columnProducts(block: Float64Array, rowCount: number, width: number): Float64Array {
  const products = new Float64Array(width * width);
  addTransposedProduct(products, block, block, rowCount, width, width);
  return products;
}

/** Upper triangular R with RᵀR = the matrix; a row of zeros where a column is dependent. */
export function choleskyFactor(products: Float64Array, width: number): Float64Array {
  const factor = products.map((product, at) => (at % width < Math.floor(at / width) ? 0 : product));
  for (let c = 0; c < width; c++) {
    const pivot = factor[c * width + c];
    const scale = pivot > DEPENDENT * products[c * width + c] ? 1 / Math.sqrt(pivot) : 0;
    for (let d = c; d < width; d++) factor[c * width + d] *= scale;
    for (let below = c + 1; below < width; below++) {
      const x = factor[c * width + below];
      for (let d = below; d < width; d++) factor[below * width + d] -= x * factor[c * width + d];
    }
  }
  return factor;
}

/** B becomes B·R⁻¹, row by row. */
export function divideRowsInPlace(block: Float64Array, factor: Float64Array, rowCount: number, width: number): void {
  const row = new Float64Array(width);
  for (let r = 0; r < rowCount; r++) {
    for (let c = 0; c < width; c++) row[c] = block[r * width + c];
    for (let c = 0; c < width; c++) {
      const diagonal = factor[c * width + c];
      const x = diagonal > 0 ? row[c] / diagonal : 0;
      block[r * width + c] = x;
      if (x !== 0) for (let d = c + 1; d < width; d++) row[d] -= x * factor[c * width + d];
    }
  }
}

/** x becomes R⁻¹·x, (width). */
export function divideColumnInPlace(x: Float64Array, factor: Float64Array, width: number): void {
  for (let c = width - 1; c >= 0; c--) {
    const diagonal = factor[c * width + c];
    let rest = x[c];
    for (let d = c + 1; d < width; d++) rest -= factor[c * width + d] * x[d];
    x[c] = diagonal > 0 ? rest / diagonal : 0;
  }
}
