// A step of k-means: clusters-module.ts is made of it by `npm run build:kernels`, clusters-kernel.ts starts it.
import { productsOfFour, sumsOfLanes } from './row-products';

/** The label of a point that float32 cannot tell has this bit besides. */
const UNSURE: i32 = 0x80000000;
/** Beyond it products may have overflown. */
const MOST_ERROR: f32 = 1e30;

// The nearest centroid of each point is that of the greatest x·c − |c|²/2. It is unsure where another is less behind than both
// may err: `perLength` times the point's length, and `fixed`; or where numbers overflow. Returns whether any is unsure, which a
// padded point may be.
export function nearest(
  points: usize, row: usize, count: i32, inner: usize, panels: usize, width: usize, start: usize, centroidCount: usize,
  perLength: f32, fixed: f32, products: usize, labels: usize,
): bool {
  let isAnyUnsure = i32x4.splat(0);
  const end = products + 16 * centroidCount;
  for (let n = 0; n < count; n += 4) {
    productsOfFour(points, row, inner, panels, width, start, products);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let at = points; at < points + row; at += 16) {
      s0 = addSquare(s0, v128.load(at));
      s1 = addSquare(s1, v128.load(at + row));
      s2 = addSquare(s2, v128.load(at + 2 * row));
      s3 = addSquare(s3, v128.load(at + 3 * row));
    }
    const length = f32x4.sqrt(sumsOfLanes(s0, s1, s2, s3));
    const error = f32x4.add(f32x4.mul(length, f32x4.splat(perLength)), f32x4.splat(fixed));
    let best = v128.load(products);
    for (let at = products + 16; at < end; at += 16) best = f32x4.pmax(best, v128.load(at));
    const least = f32x4.sub(best, error), one = i32x4.splat(1);
    let label = i32x4.splat(0), nearCount = label, centroid = label;
    for (let at = products; at < end; at += 16) {
      const isNear = f32x4.ge(v128.load(at), least);
      nearCount = i32x4.sub(nearCount, isNear);
      label = v128.or(label, v128.and(centroid, isNear));
      centroid = i32x4.add(centroid, one);
    }
    const isSure = v128.and(i32x4.eq(nearCount, one), f32x4.lt(error, f32x4.splat(MOST_ERROR)));
    const unsure = v128.andnot(i32x4.splat(UNSURE), isSure);
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
