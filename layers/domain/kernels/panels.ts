/**
 * How the kernels of row-products.as read a matrix whose columns many rows are multiplied with.
 *
 * Shapes: columns in panels of eight, the last perhaps of four; in a panel the numbers of all its columns lie together, by the
 *         inner index. There are as many columns as vectors hold, and those beyond the matrix are 0.
 */
const PANEL = 8;

export function paddedToFour(count: number): number {
  return Math.ceil(count / 4) * 4;
}

/** Where a column of `across` begins, and how far apart its numbers lie. */
export function placeInPanels(column: number, across: number, inner: number): readonly [number, number] {
  const first = column - (column % PANEL);
  return [first * inner + (column % PANEL), Math.min(PANEL, across - first)];
}

/** Matrices (rows×inner), each padded to `width` rows, whose rows become columns beside each other. */
export function panelsOf(
  matrices: readonly ArrayLike<number>[],
  rows: number,
  inner: number,
  width: number = paddedToFour(rows),
  across: number = width * matrices.length,
): Float32Array {
  const panels = new Float32Array(inner * across);
  matrices.forEach((matrix, m) => {
    for (let row = 0; row < rows; row++) {
      const [at, step] = placeInPanels(m * width + row, across, inner);
      for (let k = 0; k < inner; k++) panels[at + k * step] = matrix[row * inner + k];
    }
  });
  return panels;
}

/** Copies the rows `first` to `end` − 1, of `width` numbers, each padded to whole vectors. */
export function copyRows(
  to: Float32Array,
  at: number,
  vectors: Float32Array,
  first: number,
  end: number,
  width: number,
): void {
  const padded = paddedToFour(width);
  if (padded === width) {
    to.set(vectors.subarray(first * width, end * width), at);
    return;
  }
  to.fill(0, at, at + (end - first) * padded);
  for (let row = first; row < end; row++) {
    to.set(vectors.subarray(row * width, row * width + width), at + (row - first) * padded);
  }
}
