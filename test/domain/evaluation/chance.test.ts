import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { chanceScores } from '#domain/evaluation/chance.ts';
import { hashText } from '#domain/random.ts';
import { anyUsers, shardOf, shardsOf } from '../populations.ts';

describe('ranking by chance', () => {
  test.prop([anyUsers])('scores by the id alone, whatever the user has and wherever he stands', (users) => {
    const bare = shardOf(users.map(({ id }) => ({ id, features: [] })));
    const scoreById = new Map(bare.ids.map((id, row) => [id, chanceScores(bare, Uint32Array.of(row))[0]]));

    for (const shard of shardsOf(users, 2)) {
      const scores = chanceScores(shard, Uint32Array.from(shard.ids.keys()));
      expect([...scores]).toEqual(shard.ids.map((id) => scoreById.get(id)));
    }
  });

  it('spreads evenly from 0 to 1 within a shard as well as over all', () => {
    const shard = shardOf(Array.from({ length: 20_000 }, (_, u) => ({ id: `u${u}`, features: [] })));
    const inShard = Uint32Array.from(shard.ids.keys()).filter((row) => hashText(shard.ids[row]) % 2 === 0);

    // Of 10,000 uniform numbers the mean and the share of a tenth have a standard deviation of 0.003.
    for (const rows of [inShard, Uint32Array.from(shard.ids.keys())]) {
      const scores = chanceScores(shard, rows);
      const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.015);
      for (let tenth = 0; tenth < 10; tenth++) {
        const share = scores.filter((score) => Math.floor(score * 10) === tenth).length / scores.length;
        expect(Math.abs(share - 0.1)).toBeLessThan(0.015);
      }
    }
  });
});
