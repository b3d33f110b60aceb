import { describe, expect, it } from 'vitest';
import { firstSpelledAlike, spellingsOf, usersSpelledAlike } from '#application/id-spelling.ts';
import { shardOf } from '../domain/populations.ts';

const shards = [
  ['anna', 'Zoë'],
  ['ANNA', ' bob '],
].map((ids) => shardOf(ids.map((id) => ({ id, features: [] }))));

function alikeIn(ids: readonly string[], cut: typeof shards) {
  return firstSpelledAlike(
    ids,
    cut.flatMap((shard) => usersSpelledAlike(spellingsOf(ids), shard)),
  );
}

describe('users spelled alike', () => {
  it('differ by letter case or outer space alone', () => {
    const alike = alikeIn(['Bob', ' zoë\t', 'ann', 'b ob'], shards);

    expect(alike).toEqual([
      { given: 'Bob', user: ' bob ' },
      { given: ' zoë\t', user: 'Zoë' },
    ]);
  });

  it('are the first in the order of texts, whichever shard they are in', () => {
    for (const cut of [shards, shards.toReversed()]) {
      expect(alikeIn(['Anna', 'aNNa'], cut)).toEqual([
        { given: 'Anna', user: 'ANNA' },
        { given: 'aNNa', user: 'ANNA' },
      ]);
    }
  });

  it('are none of none', () => {
    expect(alikeIn([], shards)).toEqual([]);
    expect(alikeIn(['anna'], [])).toEqual([]);
  });
});
