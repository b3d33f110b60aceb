// Signatures of sets: signatures-module.ts is made of it by `npm run build:kernels`, signatures-kernel.ts starts it.

/** So many bytes of a signature, 64 of its ranks, are kept in registers while the features pass by. */
const TILE: usize = 128;

// Of each set the least ranks, together with those that its signature holds already. A set's features are slices' beginnings,
// 16 bits each, from where the set before ends; ends are counted in features, 32 bits each; signatures have `row` bytes, a
// multiple of 16, and lie one after the other.
export function addLeastRanks(ranks: usize, starts: usize, ends: usize, count: i32, signature: usize, row: usize): void {
  let from = starts;
  for (let u = 0; u < count; u++) {
    const to = starts + 2 * <usize>load<u32>(ends + 4 * <usize>u);
    let at: usize = 0;
    for (; at + TILE <= row; at += TILE) eightVectors(ranks + at, from, to, signature + at);
    for (; at < row; at += 16) oneVector(ranks + at, from, to, signature + at);
    signature += row;
    from = to;
  }
}

@inline
function eightVectors(ranks: usize, from: usize, to: usize, signature: usize): void {
  let s0 = v128.load(signature), s1 = v128.load(signature, 16), s2 = v128.load(signature, 32);
  let s3 = v128.load(signature, 48), s4 = v128.load(signature, 64), s5 = v128.load(signature, 80);
  let s6 = v128.load(signature, 96), s7 = v128.load(signature, 112);
  for (let at = from; at < to; at += 2) {
    const slice = ranks + 2 * <usize>load<u16>(at);
    s0 = v128.min<u16>(s0, v128.load(slice));
    s1 = v128.min<u16>(s1, v128.load(slice, 16));
    s2 = v128.min<u16>(s2, v128.load(slice, 32));
    s3 = v128.min<u16>(s3, v128.load(slice, 48));
    s4 = v128.min<u16>(s4, v128.load(slice, 64));
    s5 = v128.min<u16>(s5, v128.load(slice, 80));
    s6 = v128.min<u16>(s6, v128.load(slice, 96));
    s7 = v128.min<u16>(s7, v128.load(slice, 112));
  }
  v128.store(signature, s0);
  v128.store(signature, s1, 16);
  v128.store(signature, s2, 32);
  v128.store(signature, s3, 48);
  v128.store(signature, s4, 64);
  v128.store(signature, s5, 80);
  v128.store(signature, s6, 96);
  v128.store(signature, s7, 112);
}

@inline
function oneVector(ranks: usize, from: usize, to: usize, signature: usize): void {
  let least = v128.load(signature);
  for (let at = from; at < to; at += 2) least = v128.min<u16>(least, v128.load(ranks + 2 * <usize>load<u16>(at)));
  v128.store(signature, least);
}
