// Puts the columns of rows into their order, in AssemblyScript: row-order-module.ts is made of it by `npm run build:kernels`,
// row-order-kernel.ts starts it. Its caller says where everything lies; plain-row-order.ts says what it does.

export function orderRows(
  starts: usize, rowCount: i32, columns: usize, columnCount: i32, ends: usize, desk: usize, weights: usize, weightDesk: usize,
): void {
  const first = columns;
  const last = columns + 4 * <usize>(load<u32>(starts + 4 * <usize>rowCount) - load<u32>(starts));
  memory.fill(ends, 0, 4 * <usize>(columnCount + 1));
  for (let at = first; at < last; at += 4) count(ends + 4 * <usize>load<u32>(at) + 4);
  for (let f = 1; f <= columnCount; f++) {
    const end = ends + 4 * <usize>f;
    store<u32>(end, load<u32>(end) + load<u32>(end - 4));
  }
  let at = first;
  for (let row = 0; row < rowCount; row++) {
    const start = starts + 4 * <usize>row;
    const end = at + 4 * <usize>(load<u32>(start + 4) - load<u32>(start));
    for (; at < end; at += 4) {
      const place: usize = 4 * <usize>count(ends + 4 * <usize>load<u32>(at));
      store<u32>(desk + place, row);
      if (weights != 0) store<f32>(weightDesk + place, load<f32>(weights + (at - first)));
    }
  }
  // From here on a row's start says where its next column goes.
  const base = load<u32>(starts);
  let from: usize = 0;
  for (let f = 0; f < columnCount; f++) {
    const end: usize = 4 * <usize>load<u32>(ends + 4 * <usize>f);
    for (; from < end; from += 4) {
      const to: usize = 4 * <usize>(count(starts + 4 * <usize>load<u32>(desk + from)) - base);
      store<u32>(columns + to, f);
      if (weights != 0) store<f32>(weights + to, load<f32>(weightDesk + from));
    }
  }
}

// Counts on by one; what it was before.
@inline
function count(at: usize): u32 {
  const value = load<u32>(at);
  store<u32>(at, value + 1);
  return value;
}
