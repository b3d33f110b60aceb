/**
 * The nearest unit vectors by looking at all of them: right by definition, and the oracle of every index.
 *
 * Shapes:   vectors (U×D) unit length or zero, queries (Q×D); similarities are dot products, cosines for unit queries.
 * Cost:     O(U·D) a query; several queries look together, some 7 ms for 20 of them over 100,000 × 64.
 * Accuracy: products are summed in float32, in the order of the dimensions, so that they are the same everywhere.
 */
import { greatestProducts } from '../kernels/scan-kernel.ts';
import { topK } from '../ranking/top-k.ts';

export interface Neighbors {
  /** Rows, the nearest first, ties by row. */
  readonly rows: Uint32Array;
  readonly similarities: Float32Array;
}

/** Of each query the nearest `k`. */
export function exactNearest(
  vectors: Float32Array,
  dimensions: number,
  queries: readonly ArrayLike<number>[],
  k: number,
): Neighbors[] {
  const found = greatestProducts(vectors, dimensions, queries, k);
  if (!found) return queries.map((query) => plainNearest(vectors, dimensions, query, k));
  return found.map(({ rows, products }) => {
    const order = topK(products, products.length);
    return { rows: order.map((n) => rows[n]), similarities: valuesAt(products, order) };
  });
}

function valuesAt(values: Float32Array, places: Uint32Array): Float32Array {
  const found = new Float32Array(places.length);
  for (let n = 0; n < places.length; n++) found[n] = values[places[n]];
  return found;
}

/** The same, a product at a time: the oracle of the kernel. */
export function plainNearest(
  vectors: Float32Array,
  dimensions: number,
  query: ArrayLike<number>,
  k: number,
): Neighbors {
  const similarities = dotProducts(vectors, dimensions, query);
  const rows = topK(similarities, k);
  return { rows, similarities: valuesAt(similarities, rows) };
}

/** The dot product of each vector with the query, (U). */
function dotProducts(vectors: Float32Array, dimensions: number, query: ArrayLike<number>): Float32Array {
  const products = new Float32Array(vectors.length / dimensions);
  const direction = Float32Array.from(query);
  for (let u = 0, at = 0; u < products.length; u++) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++, at++) sum = Math.fround(sum + Math.fround(vectors[at] * direction[d]));
    products[u] = sum;
  }
  return products;
}
