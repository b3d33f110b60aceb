// The product of two dense matrices in AssemblyScript: product-module.ts is made of it, product-kernel.ts calls it.
//
// C (M×N) += A·B, each cell summed over the inner index in its order, from what it was, and rounded at each step: the lanes
// of a vector are neighbors in a row of C, so that no sum is cut into parts. No fused or relaxed instruction, which would
// round differently on another processor. Eight sums are under way at once, because an addition takes some four cycles.
// Addresses and steps are bytes. A is read by two steps, so that it may lie transposed; B (K×N) and C lie row by row.

export function add32(a: usize, aRow: usize, aInner: usize, b: usize, c: usize, M: i32, K: i32, N: i32): void {
  product<f32>(a, aRow, aInner, b, c, M, K, N);
}

export function add64(a: usize, aRow: usize, aInner: usize, b: usize, c: usize, M: i32, K: i32, N: i32): void {
  product<f64>(a, aRow, aInner, b, c, M, K, N);
}

@inline
function product<T>(a: usize, aRow: usize, aInner: usize, b: usize, c: usize, M: i32, K: i32, N: i32): void {
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
    sum = <T>(sum + <T>(load<T>(a) * load<T>(b)));
    a += aInner;
    b += row;
  }
  store<T>(c, sum);
}
