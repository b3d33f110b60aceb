/**
 * Eigenvalues and eigenvectors of a small symmetric matrix, by cyclic Jacobi rotations.
 *
 * Reference: G. Golub, C. Van Loan, "Matrix Computations", §8.5.
 * Shapes:    matrix (n×n) row by row, values (n) falling, vectors (n×n) with the eigenvector of values[i] in row i.
 * Cost:      O(n³) a sweep, six to ten sweeps; meant for n up to a few hundred.
 * Accuracy:  to the last few bits of float64; vectors are orthonormal, the largest entry of each is positive.
 */

export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** Off-diagonal mass, relative to the whole, below which the matrix counts as diagonal. */
const CONVERGED = 1e-26;
const MAX_SWEEPS = 60;

export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = matrix.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const mass = a.reduce((sum, x) => sum + x * x, 0);
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a, n) > CONVERGED * mass; sweep++) {
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotateInPlace(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i] || i - j);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(withPositivePeak(v.subarray(from * n, from * n + n)), to * n);
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]), vectors };
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += 2 * a[i * n + j] * a[i * n + j];
  return sum;
}

/** One rotation that makes a[p,q] zero; v gathers the rotations row by row. */
function rotateInPlace(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i * n + p], a[i * n + q]];
    a[i * n + p] = c * x - s * y;
    a[i * n + q] = s * x + c * y;
  }
  turnRowsInPlace(a, n, p, q, c, s);
  turnRowsInPlace(v, n, p, q, c, s);
}

function turnRowsInPlace(m: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let j = 0; j < n; j++) {
    const [x, y] = [m[p * n + j], m[q * n + j]];
    m[p * n + j] = c * x - s * y;
    m[q * n + j] = s * x + c * y;
  }
}

/** The vector or its opposite: the sign of an eigenvector is nobody's, so it is fixed here. */
function withPositivePeak(vector: Float64Array): Float64Array {
  let peak = 0;
  for (let i = 1; i < vector.length; i++) if (Math.abs(vector[i]) > Math.abs(vector[peak])) peak = i;
  return vector[peak] < 0 ? vector.map((x) => -x) : vector;
}
