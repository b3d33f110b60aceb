import { describe, expect, it } from 'vitest';
import { usersSpelledAlike } from '#application/id-spelling.ts';
import { shardOf } from '../domain/populations.ts';

const shards = [
  ['anna', 'Zoë'],
  ['ANNA', ' bob '],
].map((ids) => shardOf(ids.map((id) => ({ id, features: [] }))));

describe('users spelled alike', () => {
  it('differ by letter case or outer space alone', () => {
    const alike = usersSpelledAlike(['Bob', ' zoë\t', 'ann', 'b ob'], shards);

    expect([...alike]).toEqual([
      ['Bob', ' bob '],
      [' zoë\t', 'Zoë'],
    ]);
  });

  it('are the first in the order of texts, whichever shard they are in', () => {
    for (const cut of [shards, shards.toReversed()]) {
      expect([...usersSpelledAlike(['Anna', 'aNNa'], cut)]).toEqual([
        ['Anna', 'ANNA'],
        ['aNNa', 'ANNA'],
      ]);
    }
  });

  it('are none of none', () => {
    expect(usersSpelledAlike([], shards).size).toBe(0);
    expect(usersSpelledAlike(['anna'], []).size).toBe(0);
  });
});
