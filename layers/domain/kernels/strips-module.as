// Products of sparse rows, in AssemblyScript: strips-module.ts is made of it by `npm run build:kernels`, sparse-product.ts
// starts it. No fused or relaxed instruction, which would round differently on another processor. Addresses are bytes.

// A strip is 16 columns of a dense matrix, row by row, 128 bytes a row: its sums stay in registers. Each cell is summed over the
// entries of a sparse row in their order, or over the rows in theirs, and rounded at each step, so that no sum is cut into parts.

const ROW: usize = 128;

// Sums (N×16) = the rows' entries times the strip's rows (F×16).
export function multiplyRows(strip: usize, starts: usize, columns: usize, values: usize, sums: usize, N: i32): void {
  for (let n = 0; n < N; n++) {
    const end = load<u32>(starts + (<usize>(n + 1) << 2));
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (let at = load<u32>(starts + (<usize>n << 2)); at < end; at++) {
      const from = strip + <usize>load<u32>(columns + (<usize>at << 2)) * ROW;
      const x = v128.load64_splat(values + (<usize>at << 3));
      s0 = f64x2.add(s0, f64x2.mul(x, v128.load(from)));
      s1 = f64x2.add(s1, f64x2.mul(x, v128.load(from, 16)));
      s2 = f64x2.add(s2, f64x2.mul(x, v128.load(from, 32)));
      s3 = f64x2.add(s3, f64x2.mul(x, v128.load(from, 48)));
      s4 = f64x2.add(s4, f64x2.mul(x, v128.load(from, 64)));
      s5 = f64x2.add(s5, f64x2.mul(x, v128.load(from, 80)));
      s6 = f64x2.add(s6, f64x2.mul(x, v128.load(from, 96)));
      s7 = f64x2.add(s7, f64x2.mul(x, v128.load(from, 112)));
    }
    const to = sums + <usize>n * ROW;
    v128.store(to, s0); v128.store(to, s1, 16); v128.store(to, s2, 32); v128.store(to, s3, 48);
    v128.store(to, s4, 64); v128.store(to, s5, 80); v128.store(to, s6, 96); v128.store(to, s7, 112);
  }
}

// The strip (F×16) += the rows' entries, turned, times the sums (N×16).
export function addTurned(strip: usize, starts: usize, columns: usize, values: usize, sums: usize, N: i32): void {
  for (let n = 0; n < N; n++) {
    const end = load<u32>(starts + (<usize>(n + 1) << 2));
    const from = sums + <usize>n * ROW;
    const s0 = v128.load(from), s1 = v128.load(from, 16), s2 = v128.load(from, 32), s3 = v128.load(from, 48);
    const s4 = v128.load(from, 64), s5 = v128.load(from, 80), s6 = v128.load(from, 96), s7 = v128.load(from, 112);
    for (let at = load<u32>(starts + (<usize>n << 2)); at < end; at++) {
      const to = strip + <usize>load<u32>(columns + (<usize>at << 2)) * ROW;
      const x = v128.load64_splat(values + (<usize>at << 3));
      v128.store(to, f64x2.add(v128.load(to), f64x2.mul(x, s0)));
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.mul(x, s1)), 16);
      v128.store(to, f64x2.add(v128.load(to, 32), f64x2.mul(x, s2)), 32);
      v128.store(to, f64x2.add(v128.load(to, 48), f64x2.mul(x, s3)), 48);
      v128.store(to, f64x2.add(v128.load(to, 64), f64x2.mul(x, s4)), 64);
      v128.store(to, f64x2.add(v128.load(to, 80), f64x2.mul(x, s5)), 80);
      v128.store(to, f64x2.add(v128.load(to, 96), f64x2.mul(x, s6)), 96);
      v128.store(to, f64x2.add(v128.load(to, 112), f64x2.mul(x, s7)), 112);
    }
  }
}
