// Products of rows with columns in float32, of which several modules are made. Addresses and lengths are bytes. Columns lie in
// panels of eight (the last may be of four), each panel by the inner index, so that what is read together lies together. A
// sum begins with what `start` has for its column, runs over the inner index in its order, and is rounded at each step.

/** Of four rows with all columns, `width` bytes of them: the lanes of a vector are the four rows. */
export function productsOfFour(
  rows: usize, row: usize, inner: usize, panels: usize, width: usize, start: usize, products: usize,
): void {
  let at: usize = 0;
  for (; at + 32 <= width; at += 32) {
    eightColumns(rows, row, inner, panels + at / 4 * inner, start + at, products + 4 * at);
  }
  if (at < width) fourColumns(rows, row, inner, panels + at / 4 * inner, start + at, products + 4 * at);
}

// Eight sums are under way at once, because an addition takes some three cycles.
export function eightColumns(x: usize, row: usize, inner: usize, panel: usize, start: usize, products: usize): void {
  const left = v128.load(start), right = v128.load(start, 16);
  let s00 = left, s01 = right, s10 = left, s11 = right, s20 = left, s21 = right, s30 = left, s31 = right;
  const x1 = x + row, x2 = x1 + row, x3 = x2 + row;
  for (let at: usize = 0; at < inner; at += 4) {
    const w0 = v128.load(panel), w1 = v128.load(panel, 16);
    let splat = v128.load_splat<f32>(x + at);
    s00 = f32x4.add(s00, f32x4.mul(splat, w0));
    s01 = f32x4.add(s01, f32x4.mul(splat, w1));
    splat = v128.load_splat<f32>(x1 + at);
    s10 = f32x4.add(s10, f32x4.mul(splat, w0));
    s11 = f32x4.add(s11, f32x4.mul(splat, w1));
    splat = v128.load_splat<f32>(x2 + at);
    s20 = f32x4.add(s20, f32x4.mul(splat, w0));
    s21 = f32x4.add(s21, f32x4.mul(splat, w1));
    splat = v128.load_splat<f32>(x3 + at);
    s30 = f32x4.add(s30, f32x4.mul(splat, w0));
    s31 = f32x4.add(s31, f32x4.mul(splat, w1));
    panel += 32;
  }
  storeTurned(products, s00, s10, s20, s30);
  storeTurned(products + 64, s01, s11, s21, s31);
}

export function fourColumns(x: usize, row: usize, inner: usize, panel: usize, start: usize, products: usize): void {
  const first = v128.load(start);
  let s0 = first, s1 = first, s2 = first, s3 = first;
  const x1 = x + row, x2 = x1 + row, x3 = x2 + row;
  for (let at: usize = 0; at < inner; at += 4) {
    const w0 = v128.load(panel);
    s0 = f32x4.add(s0, f32x4.mul(v128.load_splat<f32>(x + at), w0));
    s1 = f32x4.add(s1, f32x4.mul(v128.load_splat<f32>(x1 + at), w0));
    s2 = f32x4.add(s2, f32x4.mul(v128.load_splat<f32>(x2 + at), w0));
    s3 = f32x4.add(s3, f32x4.mul(v128.load_splat<f32>(x3 + at), w0));
    panel += 16;
  }
  storeTurned(products, s0, s1, s2, s3);
}

/** Four vectors of four, columns for rows. */
@inline
export function storeTurned(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
  v128.store(to, v128.shuffle<f64>(ab, cd, 1, 3), 16);
  v128.store(to, v128.shuffle<f64>(abHigh, cdHigh, 0, 2), 32);
  v128.store(to, v128.shuffle<f64>(abHigh, cdHigh, 1, 3), 48);
}

/** The sums of four vectors' own lanes, ((0 + 1) + (2 + 3)), one a lane. */
@inline
export function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  const low = f32x4.add(v128.shuffle<f64>(ab, cd, 0, 2), v128.shuffle<f64>(ab, cd, 1, 3));
  const high = f32x4.add(v128.shuffle<f64>(abHigh, cdHigh, 0, 2), v128.shuffle<f64>(abHigh, cdHigh, 1, 3));
  return f32x4.add(low, high);
}
