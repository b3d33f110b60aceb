// Products of a sparse matrix with vectors, in AssemblyScript: sparse-module.ts is made of it by `npm run build:kernels`,
// sparse-kernel.ts starts it. plain-sparse.ts says what each sum is and in which order: the bits are the same. Addresses are
// bytes. `columns` and `amounts` begin with the first entry of the first row, `offsets` with its number.

export function rowProducts(columns: usize, offsets: usize, rowCount: i32, byColumn: usize, products: usize): void {
  productsOfRows(columns, 0, offsets, rowCount, byColumn, products, false);
}

export function weightedRowProducts(
  columns: usize, amounts: usize, offsets: usize, rowCount: i32, byColumn: usize, products: usize,
): void {
  productsOfRows(columns, amounts, offsets, rowCount, byColumn, products, true);
}

export function addColumnProducts(columns: usize, offsets: usize, rowCount: i32, byRow: usize, sums: usize): void {
  addProductsOfColumns(columns, 0, offsets, rowCount, byRow, sums, false);
}

export function addWeightedColumnProducts(
  columns: usize, amounts: usize, offsets: usize, rowCount: i32, byRow: usize, sums: usize,
): void {
  addProductsOfColumns(columns, amounts, offsets, rowCount, byRow, sums, true);
}

// Four sums are under way at once, because an addition takes some four cycles.
@inline
function productsOfRows(
  columns: usize, amounts: usize, offsets: usize, rowCount: i32, byColumn: usize, products: usize, isWeighted: bool,
): void {
  let from = load<u32>(offsets);
  for (let n = 0; n < rowCount; n++) {
    offsets += 4;
    const to = load<u32>(offsets);
    const end = columns + (<usize>(to - from) << 2);
    from = to;
    let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
    while (columns + 16 <= end) {
      s0 += entry(columns, amounts, byColumn, isWeighted);
      s1 += entry(columns + 4, amounts + 4, byColumn, isWeighted);
      s2 += entry(columns + 8, amounts + 8, byColumn, isWeighted);
      s3 += entry(columns + 12, amounts + 12, byColumn, isWeighted);
      columns += 16;
      amounts += 16;
    }
    while (columns < end) {
      s0 += entry(columns, amounts, byColumn, isWeighted);
      columns += 4;
      amounts += 4;
    }
    store<f64>(products, s0 + s1 + (s2 + s3));
    products += 8;
  }
}

@inline
function entry(column: usize, amount: usize, byColumn: usize, isWeighted: bool): f64 {
  const value = load<f64>(byColumn + (<usize>load<u32>(column) << 3));
  return isWeighted ? value * <f64>load<f32>(amount) : value;
}

@inline
function addProductsOfColumns(
  columns: usize, amounts: usize, offsets: usize, rowCount: i32, byRow: usize, sums: usize, isWeighted: bool,
): void {
  let from = load<u32>(offsets);
  for (let n = 0; n < rowCount; n++) {
    offsets += 4;
    const to = load<u32>(offsets);
    const size = <usize>(to - from) << 2;
    from = to;
    const value = load<f64>(byRow);
    byRow += 8;
    const end = columns + size;
    if (value == 0) {
      columns = end;
      amounts += size;
      continue;
    }
    while (columns < end) {
      const sum = sums + (<usize>load<u32>(columns) << 3);
      store<f64>(sum, load<f64>(sum) + (isWeighted ? value * <f64>load<f32>(amounts) : value));
      columns += 4;
      amounts += 4;
    }
  }
}
