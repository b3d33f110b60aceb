/**
 * Long vectors of float64, in plain TypeScript: a loop over them takes about as long as they take to be read.
 *
 * Accuracy: a product is summed as four sums of every fourth term, what is left over in the first, because an addition must
 *           wait for the one before it.
 */

export function dot(left: Float64Array, right: Float64Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 4 <= left.length; i += 4) {
    s0 += left[i] * right[i];
    s1 += left[i + 1] * right[i + 1];
    s2 += left[i + 2] * right[i + 2];
    s3 += left[i + 3] * right[i + 3];
  }
  for (; i < left.length; i++) s0 += left[i] * right[i];
  return s0 + s1 + (s2 + s3);
}

/** Pairwise, as many as there are on the left. */
export function timesEach(left: Float64Array, right: Float64Array): Float64Array {
  const products = left.slice();
  for (let i = 0; i < products.length; i++) products[i] *= right[i];
  return products;
}

/** Adds `factor` times the other vector. */
export function addTimesInPlace(vector: Float64Array, factor: number, other: Float64Array): void {
  for (let i = 0; i < vector.length; i++) vector[i] += factor * other[i];
}
