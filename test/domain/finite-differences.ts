/**
 * The oracle of every hand-written gradient: central differences of the loss, number by number.
 * With h = 10⁻⁵ and losses near 1 their own error is some 10⁻¹⁰.
 */
export function finiteDifferences(values: Float64Array | Float32Array, loss: () => number): Float64Array {
  const step = 1e-5;
  return Float64Array.from(values, (value, at) => {
    values[at] = value + step;
    const above = loss();
    values[at] = value - step;
    const below = loss();
    values[at] = value;
    return (above - below) / (2 * step);
  });
}

/** The largest difference of two gradients, in units of the larger of their greatest entry and 1. */
export function gradientError(gradient: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [most, scale] = [0, 1];
  for (let at = 0; at < expected.length; at++) {
    most = Math.max(most, Math.abs(gradient[at] - expected[at]));
    scale = Math.max(scale, Math.abs(expected[at]));
  }
  return most / scale;
}
