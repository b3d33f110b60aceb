// The greatest products of rows with queries: scan-module.ts is made of it by `npm run build:kernels`, scan-kernel.ts starts it.
import { productsOfFour } from './row-products';

// Of each query the best `k` so far and some more: `capacity` products of rows, in the order of the rows, then the rows' numbers.
// Whatever is not above a query's threshold has `k` rows before it. Rows come in their order, so that of equal ones the first stay.
export function scan(
  rows: usize, row: usize, count: u32, inner: usize, panels: usize, width: usize, start: usize,
  firstRow: u32, thresholds: usize, counts: usize, kept: usize, capacity: u32, k: u32, products: usize, scratch: usize,
): void {
  for (let n: u32 = 0; n < count; n += 4) {
    productsOfFour(rows, row, inner, panels, width, start, products);
    const present = count - n < 4 ? (1 << (count - n)) - 1 : 15;
    for (let q: usize = 0; q * 4 < width; q += 4) {
      const at = products + q * 16, threshold = thresholds + q * 4;
      const first = isAbove(at, threshold), second = isAbove(at + 16, threshold + 4);
      const third = isAbove(at + 32, threshold + 8), fourth = isAbove(at + 48, threshold + 12);
      if (!v128.any_true(v128.or(v128.or(first, second), v128.or(third, fourth)))) continue;
      keep(q, i32x4.bitmask(first) & present, firstRow + n, at, thresholds, counts, kept, capacity, k, scratch);
      keep(q + 1, i32x4.bitmask(second) & present, firstRow + n, at + 16, thresholds, counts, kept, capacity, k, scratch);
      keep(q + 2, i32x4.bitmask(third) & present, firstRow + n, at + 32, thresholds, counts, kept, capacity, k, scratch);
      keep(q + 3, i32x4.bitmask(fourth) & present, firstRow + n, at + 48, thresholds, counts, kept, capacity, k, scratch);
    }
    rows += 4 * row;
  }
}

@inline
function isAbove(products: usize, threshold: usize): v128 {
  return f32x4.gt(v128.load(products), v128.load_splat<f32>(threshold));
}

/** Of four rows those whose bit is set, as long as they are above the threshold, which rises where some are dropped. */
function keep(
  q: usize, lanes: i32, firstRow: u32, products: usize, thresholds: usize, counts: usize, kept: usize, capacity: u32, k: u32,
  scratch: usize,
): void {
  for (let lane: u32 = 0; lanes !== 0; lane++, lanes >>= 1) {
    const product = load<f32>(products + 4 * <usize>lane);
    if ((lanes & 1) === 0 || product <= load<f32>(thresholds + 4 * q)) continue;
    const end = load<u32>(counts + 4 * q);
    const to = kept + 8 * <usize>capacity * q + 4 * <usize>end;
    store<f32>(to, product);
    store<u32>(to + 4 * <usize>capacity, firstRow + lane);
    store<u32>(counts + 4 * q, end + 1);
    if (end + 1 === capacity) cut(q, thresholds, counts, kept, capacity, k, scratch);
  }
}

/** Keeps the best `k` of a query, if it has more, and raises its threshold to the last of them. */
export function cut(
  q: usize, thresholds: usize, counts: usize, kept: usize, capacity: u32, k: u32, scratch: usize,
): void {
  const count = load<u32>(counts + 4 * q);
  if (count <= k) return;
  const products = kept + 8 * <usize>capacity * q, rows = products + 4 * <usize>capacity;
  memory.copy(scratch, products, 4 * <usize>count);
  const threshold = greatest(scratch, count, k);
  let equalCount = k;
  for (let n: usize = 0; n < <usize>count; n++) if (load<f32>(products + 4 * n) > threshold) equalCount--;
  let end: usize = 0;
  for (let n: usize = 0; n < <usize>count; n++) {
    const product = load<f32>(products + 4 * n);
    if (product < threshold) continue;
    if (product === threshold) {
      if (equalCount === 0) continue;
      equalCount--;
    }
    store<f32>(products + 4 * end, product);
    store<u32>(rows + 4 * end, load<u32>(rows + 4 * n));
    end++;
  }
  store<u32>(counts + 4 * q, <u32>end);
  store<f32>(thresholds + 4 * q, threshold);
}

/** The k-th greatest of `count` numbers, which are put in another order. C. Hoare's FIND, 1961. */
function greatest(values: usize, count: u32, k: u32): f32 {
  let from = values, to = values + 4 * <usize>(count - 1);
  const wanted = values + 4 * <usize>(k - 1);
  while (from < to) {
    const pivot = load<f32>(wanted);
    let left = from, right = to;
    while (left <= right) {
      while (load<f32>(left) > pivot) left += 4;
      while (load<f32>(right) < pivot) right -= 4;
      if (left > right) break;
      const moved = load<f32>(left);
      store<f32>(left, load<f32>(right));
      store<f32>(right, moved);
      left += 4;
      right -= 4;
    }
    if (right < wanted) from = left;
    if (wanted < left) to = right;
  }
  return load<f32>(wanted);
}
