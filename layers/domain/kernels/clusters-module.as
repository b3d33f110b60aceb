// A step of k-means: clusters-module.ts is made of it by `npm run build:kernels`, clusters-kernel.ts starts it.
import { productsOfFour, sumsOfLanes } from './row-products';

/** The label of a point that float32 cannot tell has this bit besides. */
const UNSURE: i32 = 0x80000000;

// The nearest centroid of each point is that of the greatest x·c − |c|²/2. It is unsure where the next is less behind than
// both may err: `perLength` times the point's length, and `fixed`. Returns whether any is; a padded point may be.
export function nearest(
  points: usize, row: usize, count: i32, inner: usize, panels: usize, width: usize, start: usize, centroidCount: i32,
  perLength: f32, fixed: f32, products: usize, labels: usize,
): bool {
  let isAnyUnsure = i32x4.splat(0);
  for (let n = 0; n < count; n += 4) {
    productsOfFour(points, row, inner, panels, width, start, products);
    let best = v128.load(products), second = f32x4.splat(-Infinity), label = i32x4.splat(0);
    for (let c = 1; c < centroidCount; c++) {
      const worth = v128.load(products + 16 * <usize>c);
      label = v128.bitselect(i32x4.splat(c), label, f32x4.gt(worth, best));
      second = f32x4.max(second, f32x4.min(worth, best));
      best = f32x4.max(best, worth);
    }
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let at = points; at < points + row; at += 16) {
      s0 = addSquare(s0, v128.load(at));
      s1 = addSquare(s1, v128.load(at + row));
      s2 = addSquare(s2, v128.load(at + 2 * row));
      s3 = addSquare(s3, v128.load(at + 3 * row));
    }
    const length = f32x4.sqrt(sumsOfLanes(s0, s1, s2, s3));
    const error = f32x4.add(f32x4.mul(length, f32x4.splat(perLength)), f32x4.splat(fixed));
    const unsure = v128.andnot(i32x4.splat(UNSURE), f32x4.gt(f32x4.sub(best, second), error));
    isAnyUnsure = v128.or(isAnyUnsure, unsure);
    v128.store(labels, v128.or(label, unsure));
    labels += 16;
    points += 4 * row;
  }
  return v128.any_true(isAnyUnsure);
}

@inline
function addSquare(sum: v128, x: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, x));
}

/** Adds each point to the sums of its cluster, in float64 and in their order; a row of sums has twice a point's bytes. */
export function addPoints(points: usize, row: usize, count: i32, labels: usize, sums: usize): void {
  for (let n = 0; n < count; n++) {
    let sum = sums + 2 * row * <usize>load<u32>(labels);
    for (const end = points + row; points < end; points += 16) {
      const x = v128.load(points);
      v128.store(sum, f64x2.add(v128.load(sum), f64x2.promote_low_f32x4(x)));
      v128.store(sum, f64x2.add(v128.load(sum, 16), f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1))), 16);
      sum += 32;
    }
    labels += 4;
  }
}
