/**
 * A sample of users: those whose ids hash lowest. It is the same for any cut into shards and any order of them, and a
 * sample of samples is the sample of all.
 *
 * Shapes: rows (N) of a shard; the sample is one shard, its rows in the order of the ids.
 * Cost:   one hash a row, and the building of the sample.
 */
import { hashText } from '../random.ts';
import type { Shard } from './shard.ts';
import { ShardBuilder } from './shard-builder.ts';
import { compareTexts } from './text-order.ts';

export interface ShardRows {
  readonly shard: Shard;
  readonly rows: Uint32Array;
}

/** At most `limit` of the given rows of all shards; another seed draws others. */
export function sampleUsers(parts: readonly ShardRows[], limit: number, seed: number): Shard {
  const hashes = parts.map(({ shard, rows }) => Uint32Array.from(rows, (row) => hashText(shard.ids[row], seed)));
  const highest = highestWithin(hashes, limit);
  const drawn = parts.flatMap(({ shard, rows }, part) =>
    Array.from(rows.keys())
      .filter((n) => hashes[part][n] <= highest)
      .map((n) => ({ part, row: rows[n], hash: hashes[part][n], id: shard.ids[rows[n]] })),
  );
  if (drawn.length > limit) {
    drawn.sort((left, right) => left.hash - right.hash || compareTexts(left.id, right.id));
    drawn.length = limit;
    drawn.sort((left, right) => left.part - right.part);
  }
  const builder = new ShardBuilder();
  for (const { part, row } of drawn) builder.addRows(parts[part].shard, row, row + 1);
  return builder.build(Number.POSITIVE_INFINITY)[0];
}

/** The highest hash among the `limit` lowest, so that next to nobody is looked at who is not drawn. */
function highestWithin(hashes: readonly Uint32Array[], limit: number): number {
  const all = new Uint32Array(hashes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of hashes) {
    all.set(part, at);
    at += part.length;
  }
  return all.length <= limit ? Number.POSITIVE_INFINITY : limit === 0 ? -1 : all.sort()[limit - 1];
}
