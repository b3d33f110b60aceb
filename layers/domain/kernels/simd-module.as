// What needs vectors, in AssemblyScript: simd-module.ts is made of it by `npm run build:kernels`, simd.ts starts it.
// No fused or relaxed instruction, which would round differently on another processor. Addresses and steps are bytes.

// C (M×N) += A·B. Each cell is summed over the inner index in its order, from what it was, and rounded at each step: the
// lanes of a vector are neighbors in a row of C, so that no sum is cut into parts. Eight sums are under way at once, because an addition takes some four cycles. A is read by two steps, so that
// it may lie transposed; B (K×N) and C lie row by row.

export function add32(a: usize, aRow: usize, aInner: usize, b: usize, c: usize, M: i32, K: i32, N: i32): void {
  sums<f32>(a, aRow, aInner, b, c, M, K, N);
}

export function add64(a: usize, aRow: usize, aInner: usize, b: usize, c: usize, M: i32, K: i32, N: i32): void {
  sums<f64>(a, aRow, aInner, b, c, M, K, N);
}

@inline
function sums<T>(a: usize, aRow: usize, aInner: usize, b: usize, c: usize, M: i32, K: i32, N: i32): void {
  const row = <usize>N * sizeof<T>();
  let i = 0;
  for (; i + 4 <= M; i += 4) {
    let at: usize = 0;
    for (; at + 32 <= row; at += 32) eightVectors<T>(a, aRow, aInner, b + at, row, c + at, K);
    for (; at + 16 <= row; at += 16) fourVectors<T>(a, aRow, aInner, b + at, row, c + at, K);
    for (; at < row; at += sizeof<T>()) {
      oneCell<T>(a, aInner, b + at, row, c + at, K);
      oneCell<T>(a + aRow, aInner, b + at, row, c + row + at, K);
      oneCell<T>(a + 2 * aRow, aInner, b + at, row, c + 2 * row + at, K);
      oneCell<T>(a + 3 * aRow, aInner, b + at, row, c + 3 * row + at, K);
    }
    a += 4 * aRow;
    c += 4 * row;
  }
  for (; i < M; i++) {
    let at: usize = 0;
    for (; at + 16 <= row; at += 16) oneVector<T>(a, aInner, b + at, row, c + at, K);
    for (; at < row; at += sizeof<T>()) oneCell<T>(a, aInner, b + at, row, c + at, K);
    a += aRow;
    c += row;
  }
}

@inline
function eightVectors<T>(a: usize, aRow: usize, aInner: usize, b: usize, row: usize, c: usize, K: i32): void {
  let c00 = v128.load(c), c01 = v128.load(c, 16);
  let c10 = v128.load(c + row), c11 = v128.load(c + row, 16);
  let c20 = v128.load(c + 2 * row), c21 = v128.load(c + 2 * row, 16);
  let c30 = v128.load(c + 3 * row), c31 = v128.load(c + 3 * row, 16);
  for (let k = 0; k < K; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a);
    c00 = v128.add<T>(c00, v128.mul<T>(x, b0));
    c01 = v128.add<T>(c01, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a + aRow);
    c10 = v128.add<T>(c10, v128.mul<T>(x, b0));
    c11 = v128.add<T>(c11, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a + 2 * aRow);
    c20 = v128.add<T>(c20, v128.mul<T>(x, b0));
    c21 = v128.add<T>(c21, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a + 3 * aRow);
    c30 = v128.add<T>(c30, v128.mul<T>(x, b0));
    c31 = v128.add<T>(c31, v128.mul<T>(x, b1));
    a += aInner;
    b += row;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c + row, c10);
  v128.store(c + row, c11, 16);
  v128.store(c + 2 * row, c20);
  v128.store(c + 2 * row, c21, 16);
  v128.store(c + 3 * row, c30);
  v128.store(c + 3 * row, c31, 16);
}

@inline
function fourVectors<T>(a: usize, aRow: usize, aInner: usize, b: usize, row: usize, c: usize, K: i32): void {
  let c0 = v128.load(c), c1 = v128.load(c + row), c2 = v128.load(c + 2 * row), c3 = v128.load(c + 3 * row);
  for (let k = 0; k < K; k++) {
    const b0 = v128.load(b);
    c0 = v128.add<T>(c0, v128.mul<T>(v128.load_splat<T>(a), b0));
    c1 = v128.add<T>(c1, v128.mul<T>(v128.load_splat<T>(a + aRow), b0));
    c2 = v128.add<T>(c2, v128.mul<T>(v128.load_splat<T>(a + 2 * aRow), b0));
    c3 = v128.add<T>(c3, v128.mul<T>(v128.load_splat<T>(a + 3 * aRow), b0));
    a += aInner;
    b += row;
  }
  v128.store(c, c0);
  v128.store(c + row, c1);
  v128.store(c + 2 * row, c2);
  v128.store(c + 3 * row, c3);
}

@inline
function oneVector<T>(a: usize, aInner: usize, b: usize, row: usize, c: usize, K: i32): void {
  let sum = v128.load(c);
  for (let k = 0; k < K; k++) {
    sum = v128.add<T>(sum, v128.mul<T>(v128.load_splat<T>(a), v128.load(b)));
    a += aInner;
    b += row;
  }
  v128.store(c, sum);
}

@inline
function oneCell<T>(a: usize, aInner: usize, b: usize, row: usize, c: usize, K: i32): void {
  let sum = load<T>(c);
  for (let k = 0; k < K; k++) {
    sum += load<T>(a) * load<T>(b);
    a += aInner;
    b += row;
  }
  store<T>(c, sum);
}

// e^tanh(x) of `count` numbers, an even one, in their place: tanh(x) = 1 − 2/(e^2x + 1), which is ±1 beyond |x| = 20.
export function expTanh(at: usize, count: i32): void {
  const one = f64x2.splat(1);
  for (const end = at + 8 * <usize>count; at < end; at += 16) {
    let x = v128.load(at);
    x = f64x2.pmax(f64x2.pmin(f64x2.add(x, x), f64x2.splat(40)), f64x2.splat(-40));
    const tanh = f64x2.sub(one, f64x2.div(f64x2.splat(2), f64x2.add(exponential(x), one)));
    v128.store(at, exponential(tanh));
  }
}

// e^x = 2^n·e^r with |r| ≤ ln(2)/2, and Taylor's sum to the twelfth power of r: what is left out is below 2·10⁻¹⁶. Even and
// odd powers are summed apart, so that half as many steps wait for each other.
@inline
function exponential(x: v128): v128 {
  // 1.5·2⁵²: what is added to it is rounded to a whole number, which then stands in the last bits.
  const round = f64x2.splat(6755399441055744);
  const rounded = f64x2.add(f64x2.mul(x, f64x2.splat(1.4426950408889634)), round);
  const n = f64x2.sub(rounded, round);
  // ln(2) in two parts, so that n times the first is exact (fdlibm's e_exp.c).
  const coarse = f64x2.sub(x, f64x2.mul(n, f64x2.splat(0.6931471803691238)));
  const r = f64x2.sub(coarse, f64x2.mul(n, f64x2.splat(1.9082149292705877e-10)));
  const square = f64x2.mul(r, r);
  let even = f64x2.splat(1.0 / 479001600.0);
  even = f64x2.add(f64x2.mul(even, square), f64x2.splat(1.0 / 3628800.0));
  even = f64x2.add(f64x2.mul(even, square), f64x2.splat(1.0 / 40320.0));
  even = f64x2.add(f64x2.mul(even, square), f64x2.splat(1.0 / 720.0));
  even = f64x2.add(f64x2.mul(even, square), f64x2.splat(1.0 / 24.0));
  even = f64x2.add(f64x2.mul(even, square), f64x2.splat(0.5));
  even = f64x2.add(f64x2.mul(even, square), f64x2.splat(1));
  let odd = f64x2.splat(1.0 / 39916800.0);
  odd = f64x2.add(f64x2.mul(odd, square), f64x2.splat(1.0 / 362880.0));
  odd = f64x2.add(f64x2.mul(odd, square), f64x2.splat(1.0 / 5040.0));
  odd = f64x2.add(f64x2.mul(odd, square), f64x2.splat(1.0 / 120.0));
  odd = f64x2.add(f64x2.mul(odd, square), f64x2.splat(1.0 / 6.0));
  odd = f64x2.add(f64x2.mul(odd, square), f64x2.splat(1));
  const sum = f64x2.add(even, f64x2.mul(odd, r));
  const power = i64x2.shl(i64x2.add(rounded, i64x2.splat(1023)), 52);
  return f64x2.mul(sum, power);
}
