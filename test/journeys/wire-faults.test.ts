/** Whatever happens once to one call of one function's process: the right audience comes of it, or a failure that a drop mends. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '#domain/random.ts';
import { ndjsonOf } from '../application/conductor.ts';
import { groupedPeople } from '../application/people.ts';
import { markdownTable, provenance, writeSection } from '../bench/markdown.ts';
import { LocalSite } from './local-site.ts';
import { FAULTS, type Outcome, SETTINGS, type Trial, WireFaults, WORKS } from './wire-faults.ts';

/** So many seconds of trials, in an order of chance; with `WIRE_SECONDS` docs/reliability.md says how it went. */
const SECONDS = Number(process.env.WIRE_SECONDS ?? 15);
const FEWEST = 5;
const PAGE = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));

let site: LocalSite;
beforeAll(async () => {
  site = await LocalSite.open(SETTINGS);
}, 120_000);
afterAll(() => site.close(), 60_000);

it(
  'an upload and an expansion come to the right end although a call over the wire goes wrong, or its process dies',
  async () => {
    const faults = new WireFaults(site, ndjsonOf(groupedPeople(120)));
    const { population, audience, calls } = await faults.calmly();
    expect(audience?.split('\n')).toHaveLength(22);
    const trials = WORKS.flatMap((work) =>
      [...calls[work]].flatMap(([caller, count]) =>
        FAULTS.flatMap((fault) => Array.from({ length: count }, (_, at): Trial => ({ work, fault, caller, at }))),
      ),
    );
    expect(trials.length).toBeGreaterThan(500);

    const outcomes: Outcome[] = [];
    const end = performance.now() + SECONDS * 1_000;
    for (const trial of shuffled(trials)) {
      if (performance.now() > end && outcomes.length >= FEWEST) break;
      outcomes.push(await faults.tried(trial, population, audience ?? ''));
    }

    expect(outcomes.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    const left = await faults.leftovers();
    expect(left).toMatchObject({
      uploadsTold: left.populations,
      audiences: left.expansions,
      expansionsTold: left.expansions,
    });
    if (process.env.WIRE_SECONDS) tell(outcomes, trials);
  },
  (SECONDS + 240) * 1_000,
);

function shuffled<T>(list: readonly T[]): T[] {
  const random = seededRandom(1);
  return list
    .map((item) => ({ item, place: random() }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ item }) => item);
}

function tell(outcomes: readonly Outcome[], trials: readonly Trial[]): void {
  const rows = WORKS.flatMap((work) =>
    FAULTS.map((fault) => {
      const isOf = (each: Trial) => each.work === work && each.fault === fault;
      const own = outcomes.filter(isOf);
      const countOf = (verdict: string) => String(own.filter((each) => each.verdict === verdict).length);
      const tried = String(own.length - Number(countOf('missed')));
      return [work, fault, String(trials.filter(isOf).length), tried, ...['right', 'mended', 'wrong'].map(countOf)];
    }),
  );
  const table = markdownTable(['of an', 'a call', 'calls', 'tried', 'right', 'mended', 'wrong'], rows);
  writeSection(PAGE, 'wire-faults', `${provenance('npm run bench:wire-faults')}\n\n${table}`);
}
