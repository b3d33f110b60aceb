// Users against the clusters of an audience, in float32: attention-module.ts is made of it by `npm run build:kernels`,
// attention-kernel.ts starts it. Four users at a time, one a lane; folded-attention.ts computes the same bits for one.
import { eightColumns, fourColumns, productsOfFour, storeTurned, sumsOfLanes } from './row-products';

/** Points through a layer, to where rows have `width` bytes: sums from the biases, those below 0 times the slope. */
export function passLayer(
  points: usize, row: usize, count: i32, inner: usize, layer: usize, biases: usize, slope: f32, width: usize,
  products: usize, users: usize,
): void {
  // A panel at a time for all users, because a whole layer is too large for the nearest cache.
  let at: usize = 0;
  for (; at + 32 <= width; at += 32) {
    for (let n: usize = 0; n < <usize>count; n += 4) {
      eightColumns(points + n * row, row, inner, layer + at / 4 * inner, biases + at, products);
      storeActivated(products, slope, users + n * width + at, width);
      storeActivated(products + 64, slope, users + n * width + at + 16, width);
    }
  }
  if (at === width) return;
  for (let n: usize = 0; n < <usize>count; n += 4) {
    fourColumns(points + n * row, row, inner, layer + at / 4 * inner, biases + at, products);
    storeActivated(products, slope, users + n * width + at, width);
  }
}

/** Four sums of four users, one a lane, to four rows. */
@inline
function storeActivated(products: usize, slope: f32, to: usize, width: usize): void {
  storeTurned(
    products,
    activated(v128.load(products), slope),
    activated(v128.load(products, 16), slope),
    activated(v128.load(products, 32), slope),
    activated(v128.load(products, 48), slope),
  );
  v128.store(to, v128.load(products));
  v128.store(to + width, v128.load(products, 16));
  v128.store(to + 2 * width, v128.load(products, 32));
  v128.store(to + 3 * width, v128.load(products, 48));
}

@inline
function activated(sum: v128, slope: f32): v128 {
  return v128.bitselect(f32x4.mul(sum, f32x4.splat(slope)), sum, f32x4.lt(sum, f32x4.splat(0)));
}

// One score a user, and NaN for one whose digits float32 would lose. A row of `columns` has `across` bytes: a number of each
// key, and then of each centroid, where these are not the keys themselves; of either `width` bytes. `lengths` are those of the
// centroids, `form` their products with each other below the diagonal twice and on it once, four rows at a time.
export function attend(
  users: usize, row: usize, count: i32, inner: usize, columns: usize, across: usize, width: usize, start: usize,
  lengths: usize, form: usize, direction: usize, globalShare: f32, mostSquares: f32, coefficients: usize,
  products: usize, scores: usize,
): void {
  const near: usize = products + 4 * (across - width);
  for (let n = 0; n < count; n += 4) {
    productsOfFour(users, row, inner, columns, across, start, products);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, d0 = s0, d1 = s0, d2 = s0, d3 = s0;
    for (let at: usize = 0; at < row; at += 16) {
      const whole = v128.load(direction + at);
      let x = v128.load(users + at);
      s0 = f32x4.add(s0, f32x4.mul(x, x));
      d0 = f32x4.add(d0, f32x4.mul(x, whole));
      x = v128.load(users + at + row);
      s1 = f32x4.add(s1, f32x4.mul(x, x));
      d1 = f32x4.add(d1, f32x4.mul(x, whole));
      x = v128.load(users + at + 2 * row);
      s2 = f32x4.add(s2, f32x4.mul(x, x));
      d2 = f32x4.add(d2, f32x4.mul(x, whole));
      x = v128.load(users + at + 3 * row);
      s3 = f32x4.add(s3, f32x4.mul(x, x));
      d3 = f32x4.add(d3, f32x4.mul(x, whole));
    }
    const squares = sumsOfLanes(s0, s1, s2, s3), global = sumsOfLanes(d0, d1, d2, d3);
    let local = f32x4.splat(0), size = local;
    const attention = products + 4 * across;
    for (let at: usize = 0; at < 4 * width; at += 16) {
      const a = expTanh(v128.load(products + at), coefficients);
      v128.store(attention + at, a);
      local = f32x4.add(local, f32x4.mul(a, v128.load(near + at)));
      size = f32x4.add(size, f32x4.mul(a, v128.load_splat<f32>(lengths + (at >> 2))));
    }
    const localSquares = quadraticForm(attention, form, width);
    const toLocal = f32x4.div(local, f32x4.sqrt(localSquares));
    const both = f32x4.add(f32x4.mul(f32x4.splat(globalShare), global), f32x4.mul(f32x4.splat(1 - globalShare), toLocal));
    const score = f32x4.div(both, f32x4.sqrt(squares));
    let isSure = f32x4.ge(f32x4.mul(localSquares, f32x4.splat(128)), f32x4.mul(size, size));
    isSure = v128.and(isSure, v128.and(isWithin(localSquares, 1e20), isWithin(squares, mostSquares)));
    v128.store(scores, v128.bitselect(score, f32x4.splat(NaN), isSure));
    users += 4 * row;
    scores += 16;
  }
}

@inline
function isWithin(squares: v128, most: f32): v128 {
  return v128.and(f32x4.ge(squares, f32x4.splat(1e-20)), f32x4.le(squares, f32x4.splat(most)));
}

// Four rows of the form at a time, of which those beyond the diagonal are 0.
@inline
function quadraticForm(attention: usize, form: usize, width: usize): v128 {
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < width; at += 16) {
    let r0 = f32x4.splat(0), r1 = r0, r2 = r0, r3 = r0;
    for (let to: usize = 0; to < at + 16; to += 4) {
      const a = v128.load(attention + 4 * to);
      r0 = f32x4.add(r0, f32x4.mul(v128.load_splat<f32>(form), a));
      r1 = f32x4.add(r1, f32x4.mul(v128.load_splat<f32>(form, 4), a));
      r2 = f32x4.add(r2, f32x4.mul(v128.load_splat<f32>(form, 8), a));
      r3 = f32x4.add(r3, f32x4.mul(v128.load_splat<f32>(form, 12), a));
      form += 16;
    }
    const own = attention + 4 * at;
    sum = f32x4.add(sum, f32x4.mul(v128.load(own), r0));
    sum = f32x4.add(sum, f32x4.mul(v128.load(own, 16), r1));
    sum = f32x4.add(sum, f32x4.mul(v128.load(own, 32), r2));
    sum = f32x4.add(sum, f32x4.mul(v128.load(own, 48), r3));
  }
  return sum;
}

// e^tanh(x) = (1 + y)/(1 − y) with y = tanh(tanh(x)/2) = x·P(x²)/Q(x²): folded-attention.ts has the coefficients. Pairs of
// powers are summed apart (G. Estrin 1960), so that half as many steps wait for each other. Coefficients lie in memory, because
// a constant of a vector takes three instructions.
@inline
function expTanh(given: v128, coefficients: usize): v128 {
  const most = v128.load_splat<f32>(coefficients, 48);
  const x = f32x4.pmax(f32x4.pmin(given, most), f32x4.neg(most));
  const square = f32x4.mul(x, x);
  const p = f32x4.mul(x, sixTerms(coefficients, square)), q = sixTerms(coefficients + 24, square);
  return f32x4.div(f32x4.add(q, p), f32x4.sub(q, p));
}

@inline
function sixTerms(coefficients: usize, x: v128): v128 {
  const square = f32x4.mul(x, x);
  const four = sum(twoTerms(coefficients, x), twoTerms(coefficients + 8, x), square);
  return sum(four, twoTerms(coefficients + 16, x), f32x4.mul(square, square));
}

@inline
function twoTerms(coefficients: usize, x: v128): v128 {
  return sum(v128.load_splat<f32>(coefficients), v128.load_splat<f32>(coefficients, 4), x);
}

@inline
function sum(low: v128, high: v128, power: v128): v128 {
  return f32x4.add(low, f32x4.mul(high, power));
}
