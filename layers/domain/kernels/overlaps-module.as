// How many features users share with seeds: overlaps-module.ts is made of it by `npm run build:kernels`, overlaps-kernel.ts
// starts it. Seeds have places, in groups of equal size that each begin at a multiple of 16; counts are bytes, one a place,
// and 0 between two users.

/** Of each user the greatest count of each group, a byte each. */
export function greatest(
  users: usize, userCount: i32, pairs: usize, rows: usize, counts: usize, placeCount: usize, groupEnds: usize, groupCount: i32,
  found: usize,
): void {
  for (let u = 0; u < userCount; u++) {
    count(users, pairs, rows, counts, placeCount);
    let at = counts;
    for (let g = 0; g < groupCount; g++) {
      const end = counts + load<u32>(groupEnds + 4 * <usize>g);
      let most = i8x16.splat(0);
      for (; at < end; at += 16) {
        most = i8x16.max_u(most, v128.load(at));
        v128.store(at, i8x16.splat(0));
      }
      store<u8>(found++, greatestLane(most));
    }
    users += 8;
  }
}

/** Of each user the sum, in the order of the places, of a place's weight times what its group's table says of its count. */
export function weigh(
  users: usize, userCount: i32, pairs: usize, rows: usize, counts: usize, placeCount: usize, groupEnds: usize, groupCount: i32,
  weights: usize, tables: usize, sums: usize,
): void {
  for (let u = 0; u < userCount; u++) {
    count(users, pairs, rows, counts, placeCount);
    let sum = load<f64>(sums), at = counts, table = tables;
    for (let g = 0; g < groupCount; g++) {
      for (const end = counts + load<u32>(groupEnds + 4 * <usize>g); at < end; at += 16) {
        if (!v128.any_true(v128.load(at))) continue;
        for (let place = at; place < at + 16; place++) {
          const shared = <usize>load<u8>(place);
          if (shared > 0) sum += load<f64>(weights + 8 * (place - counts)) * load<f64>(table + 8 * shared);
        }
        v128.store(at, i8x16.splat(0));
      }
      table += 2048;
    }
    store<f64>(sums, sum);
    sums += 8;
    users += 8;
  }
}

// A user's features are either lists of places, from one address to another, or rows of bytes, one a place. Where the lists
// and the rows of all users up to this one end stands at `user`, and where they begin 8 bytes before.
@inline
function count(user: usize, pairs: usize, rows: usize, counts: usize, placeCount: usize): void {
  const pairEnd = pairs + load<u32>(user + 8), rowEnd = rows + load<u32>(user + 12);
  for (let pair = pairs + load<u32>(user); pair < pairEnd; pair += 8) {
    const end = load<u32>(pair, 4);
    for (let at = load<u32>(pair); at < end; at += 2) {
      const place = counts + load<u16>(at);
      store<u8>(place, load<u8>(place) + 1);
    }
  }
  const firstRow = rows + load<u32>(user, 4);
  if (firstRow === rowEnd) return;
  for (let at: usize = 0; at < placeCount; at += 64) {
    const to = counts + at;
    let c0 = v128.load(to), c1 = v128.load(to, 16), c2 = v128.load(to, 32), c3 = v128.load(to, 48);
    for (let row = firstRow; row < rowEnd; row += 4) {
      const from = load<u32>(row) + at;
      c0 = i8x16.add(c0, v128.load(from));
      c1 = i8x16.add(c1, v128.load(from, 16));
      c2 = i8x16.add(c2, v128.load(from, 32));
      c3 = i8x16.add(c3, v128.load(from, 48));
    }
    v128.store(to, c0);
    v128.store(to, c1, 16);
    v128.store(to, c2, 32);
    v128.store(to, c3, 48);
  }
}

@inline
function greatestLane(x: v128): u8 {
  x = i8x16.max_u(x, v128.shuffle<u64>(x, x, 1, 0));
  x = i8x16.max_u(x, v128.shuffle<u32>(x, x, 1, 0, 1, 0));
  x = i8x16.max_u(x, v128.shuffle<u16>(x, x, 1, 0, 1, 0, 1, 0, 1, 0));
  x = i8x16.max_u(x, v128.shuffle<u8>(x, x, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0));
  return i8x16.extract_lane_u(x, 0);
}
