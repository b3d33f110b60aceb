import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { inParallel } from '#application/in-parallel.ts';

describe('work in parallel', () => {
  test.prop([fc.array(fc.nat(9), { maxLength: 20 }), fc.integer({ min: 1, max: 5 })])(
    'does everything once, and never more at a time than so many',
    async (delays, limit) => {
      const done: number[] = [];
      let [running, most] = [0, 0];

      await inParallel(delays, limit, async (delay, place) => {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < delay; turn++) await Promise.resolve();
        running--;
        done.push(place);
      });

      expect(done.toSorted((left, right) => left - right)).toEqual([...delays.keys()]);
      expect(most).toBeLessThanOrEqual(limit);
    },
  );

  it('begins nothing after a failure, and ends when all has ended', async () => {
    const begun: number[] = [];
    const ended: number[] = [];

    const work = inParallel([0, 1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 0) throw new Error('no');
      await new Promise((resolve) => setTimeout(resolve, 10));
      ended.push(item);
    });

    await expect(work).rejects.toThrow('no');
    expect(begun).toEqual([0, 1]);
    expect(ended).toEqual([1]);
  });
});
