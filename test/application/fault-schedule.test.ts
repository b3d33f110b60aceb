/** Faults lose nothing: after any one of them there is the right audience, or a clear failure that another drop mends. */
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { markdownTable, provenance, writeSection } from '../bench/markdown.ts';
import { byFiles, CUT, calmly, FAULTS, type Outcome, tried, type Way, WHOLE } from './fault-schedule.ts';
import { byCalls } from './partners-schedule.ts';

/** Every so many calls, beginning elsewhere for each fault; with `FAULT_EVERY=1` all of them, and docs/reliability.md says how it went. */
const EVERY = Number(process.env.FAULT_EVERY ?? 37);
const PAGE = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));

const rows: string[][] = [];
afterAll(() => {
  const table = markdownTable(['an upload and an expansion', 'a call', 'tried', 'right', 'mended', 'wrong'], rows);
  if (EVERY === 1) writeSection(PAGE, 'faults', `${provenance('npm run bench:faults')}\n\n${table}`);
});

/** Asked again it is the same one; what is forgotten leaves nothing. */
const ONCE = '"isSame":true,"anew":true,"isSecondRight":true,"left":[],"forgot":[]';

describe.each<[string, Way, string]>([
  ['shard by shard', { settings: CUT, play: byFiles }, 'upload done, audience ready'],
  ['in one function', { settings: WHOLE, play: byFiles }, 'upload done, audience ready'],
  ['by calls, shard by shard', { settings: CUT, play: byCalls }, ONCE],
  ['by calls, in one function', { settings: WHOLE, play: byCalls }, ONCE],
])('an upload and an expansion %s', (name, way, told) => {
  it.each(FAULTS)(
    'come to the right end although a call %s',
    async (fault) => {
      const { seen, calls } = await calmly(way);
      expect(seen).toMatchObject({ upload: 'done', users: 120, campaign: 'ready', audiences: 1 });
      expect(seen.told).toContain(told);
      expect(calls.length).toBeGreaterThan(50);

      const outcomes: Outcome[] = [];
      for (let at = FAULTS.indexOf(fault) % EVERY; at < calls.length; at += EVERY)
        outcomes.push(await tried(way, { fault, at }, seen));

      const countOf = (wanted: string) => String(outcomes.filter(({ verdict }) => verdict === wanted).length);
      rows.push([name, fault, String(outcomes.length), ...['right', 'mended', 'wrong'].map(countOf)]);
      expect(outcomes.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    },
    120_000 * Math.ceil(20 / EVERY),
  );
});
