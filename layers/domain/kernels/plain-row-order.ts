/** The order of columns within rows, in plain TypeScript: what row-order-kernel.ts must give. */
import type { SparseMatrix } from '../features/sparse-matrix.ts';

/** Puts the columns of each row into their order, weights along with them; no row has a column twice. */
export function orderRowsPlainlyInPlace({ offsets, columns, weights }: SparseMatrix): void {
  for (let u = 0; u + 1 < offsets.length; u++) {
    const row = columns.slice(offsets[u], offsets[u + 1]);
    const order = Uint32Array.from(row, (_, n) => n).sort((left, right) => row[left] - row[right]);
    const rowWeights = weights?.slice(offsets[u], offsets[u + 1]);
    order.forEach((from, n) => {
      columns[offsets[u] + n] = row[from];
      if (weights && rowWeights) weights[offsets[u] + n] = rowWeights[from];
    });
  }
}
