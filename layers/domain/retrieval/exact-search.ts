/**
 * The nearest unit vectors by looking at all of them: right by definition, and the oracle of every index.
 *
 * Shapes: vectors (U×D) unit length or zero, queries (D); similarities are dot products, cosines for unit queries.
 * Cost:   O(U·D) a query.
 */
import { topK } from '../ranking/top-k.ts';

export interface Neighbors {
  /** Rows, the nearest first, ties by row. */
  readonly rows: Uint32Array;
  readonly similarities: Float32Array;
}

export function exactNearest(
  vectors: Float32Array,
  dimensions: number,
  query: ArrayLike<number>,
  k: number,
): Neighbors {
  const similarities = dotProducts(vectors, dimensions, query);
  const rows = topK(similarities, k);
  return { rows, similarities: Float32Array.from(rows, (row) => similarities[row]) };
}

/** The dot product of each vector with the query, (U). */
export function dotProducts(vectors: Float32Array, dimensions: number, query: ArrayLike<number>): Float32Array {
  const products = new Float32Array(vectors.length / dimensions);
  const direction = Float64Array.from(query);
  for (let u = 0, at = 0; u < products.length; u++) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++, at++) sum += vectors[at] * direction[d];
    products[u] = sum;
  }
  return products;
}
