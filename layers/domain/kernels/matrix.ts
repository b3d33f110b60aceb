/**
 * Products of dense matrices, row by row: what training spends its time on, in one place.
 *
 * Shapes: in the names of each function. Sums run in the order of the inner index, so the same numbers come out anywhere.
 * Cost:   M·K·N multiply–adds.
 */

/** Float32 to train, float64 to check gradients. */
export type Numbers = Float32Array | Float64Array;

/** C += A·B, with A (M×K), B (K×N), C (M×N). */
export function addProduct(c: Numbers, a: Numbers, b: Numbers, M: number, K: number, N: number): void {
  for (let i = 0; i < M; i++) {
    for (let k = 0; k < K; k++) {
      const factor = a[i * K + k];
      if (factor === 0) continue;
      for (let j = 0; j < N; j++) c[i * N + j] += factor * b[k * N + j];
    }
  }
}

/** C += A·Bᵀ, with A (M×K), B (N×K), C (M×N). */
export function addProductWithTransposed(c: Numbers, a: Numbers, b: Numbers, M: number, K: number, N: number): void {
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += a[i * K + k] * b[j * K + k];
      c[i * N + j] += sum;
    }
  }
}

/** C += Aᵀ·B, with A (M×K), B (M×N), C (K×N). */
export function addTransposedProduct(c: Numbers, a: Numbers, b: Numbers, M: number, K: number, N: number): void {
  for (let i = 0; i < M; i++) {
    for (let k = 0; k < K; k++) {
      const factor = a[i * K + k];
      if (factor === 0) continue;
      for (let j = 0; j < N; j++) c[k * N + j] += factor * b[i * N + j];
    }
  }
}
