/** Faults lose nothing: after any one of them there is the right audience, or a clear failure that another drop mends. */
import { describe, expect, it } from 'vitest';
import { CUT, calmly, FAULTS, type Outcome, tried, WHOLE } from './fault-schedule.ts';

/** Every so many calls, beginning elsewhere for each fault; with `FAULT_EVERY=1` (npm run bench:faults) all of them. */
const EVERY = Number(process.env.FAULT_EVERY ?? 23);

describe.each([
  ['shard by shard', CUT],
  ['in one function', WHOLE],
] as const)('an upload and an expansion %s', (way, settings) => {
  it.each(FAULTS)(
    'come to the right end although a call %s',
    async (fault) => {
      const { seen, calls } = await calmly(settings);
      expect(seen).toMatchObject({ upload: 'done', users: 120, campaign: 'ready', audiences: 1 });
      expect(calls.length).toBeGreaterThan(50);

      const outcomes: Outcome[] = [];
      for (let at = FAULTS.indexOf(fault) % EVERY; at < calls.length; at += EVERY)
        outcomes.push(await tried(settings, { fault, at }, seen));

      const countOf = (wanted: string) => outcomes.filter(({ verdict }) => verdict === wanted).length;
      if (EVERY === 1)
        console.log(`| ${way} | ${fault} | ${outcomes.length} | ${countOf('right')} | ${countOf('mended')} |`);
      expect(outcomes.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    },
    120_000 * Math.ceil(20 / EVERY),
  );
});
