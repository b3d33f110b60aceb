/** Lists and people that somebody will bring: each gets an audience or one sentence, in no time and without a NaN. */
import { expect, it } from 'vitest';
import * as z from 'zod';
import type { User } from '#domain/features/shard.ts';
import { groupedPeople } from '../application/people.ts';
import { Desk, type Ending } from './command-line.ts';

const people = groupedPeople(400);
const isSeed = (n: number) => n % 4 === 0 && n < 160;
const EXPAND = 'akin expand --users users.ndjson --seeds seeds.txt --size 30';

const Audience = z.object({
  size: z.number(),
  audience: z.array(z.object({ score: z.number() })),
  evidence: z.object({ auc: z.object({ value: z.number(), low: z.number(), high: z.number() }) }),
});

function deskOf(users: readonly User[]): Desk {
  const desk = new Desk();
  desk.put('users.ndjson', users.map((user) => `${JSON.stringify(user)}\n`).join(''));
  return desk;
}

/** The last remark of a command that was refused. */
function sentenceOf({ code, out, remarks }: Ending): string | undefined {
  expect([code, out]).toEqual([2, '']);
  return remarks.trimEnd().split('\n').at(-1);
}

it.each([
  ['seeds who are all the same', people.map((user, n) => (isSeed(n) ? { id: user.id, features: ['a'] } : user))],
  ['one feature only', people.map(({ id }, n) => ({ id, features: n % 3 === 0 ? ['a'] : [] }))],
  [
    'a feature that all seeds and nobody else has',
    people.map(({ id, features }, n) => ({ id, features: isSeed(n) ? [...features, 'seed'] : features })),
  ],
])('%s give an audience', async (_, users) => {
  const desk = deskOf(users);

  const { code, out, remarks } = await desk.shell(`${EXPAND} --json`);
  const shown = await desk.shell(`${EXPAND} --out audience.csv`);

  expect([code, shown.code]).toEqual([0, 0]);
  const { size, audience, evidence } = Audience.parse(JSON.parse(out));
  expect([size, audience.length]).toEqual([30, 30]);
  expect(evidence.auc.low).toBeLessThanOrEqual(evidence.auc.high);
  expect(`${out}${remarks}${shown.out}${shown.remarks}`).not.toMatch(/NaN|Infinity|undefined/);
});

it('seeds that are the whole population are refused', async () => {
  const desk = deskOf(people);
  desk.put('seeds.txt', people.map(({ id }) => `${id}\n`).join(''));

  expect(sentenceOf(await desk.shell(EXPAND))).toBe('akin: expected users to rank, but all are seeds or excluded');
});

it('weights beyond measure are refused, by their line', async () => {
  const desk = deskOf([...people, { id: 'heavy', features: ['a'], weights: [1e308] }]);

  expect(sentenceOf(await desk.shell(EXPAND))).toBe(
    'akin: users.ndjson, line 401: expected weights from 0 to 1000000000000000, got 1e+308',
  );
});

it('lists of people beside the seeds that name nobody are refused where they count, and warned of where they do not', async () => {
  const desk = deskOf(people);
  desk.put('nobody.csv', 'id\nx1\nx2\n');
  desk.put('empty.csv', '');
  const likeness = 'but 0 of 2 are; they look like "x1", "x2"';

  const [exposed, unlike, empty, needed, idle] = await Promise.all(
    [
      '--exposed nobody.csv --negatives exposed',
      '--unlike nobody.csv',
      '--unlike empty.csv',
      '--background exposed',
      '--exposed nobody.csv',
    ].map((flags) => desk.shell(`${EXPAND} ${flags}`)),
  );

  expect(sentenceOf(exposed)).toBe(`akin: nobody.csv: expected exposed people who are users to rank, ${likeness}`);
  expect(sentenceOf(unlike)).toBe(
    `akin: nobody.csv: expected people not to resemble who are users of the population and no seeds, ${likeness}`,
  );
  expect(sentenceOf(empty)).toBe('akin: empty.csv: expected at least one id, got none');
  expect(sentenceOf(needed)).toBe(
    'akin: expected a list of exposed people, as information-value was told to learn from them, got none',
  );
  expect(idle.code).toBe(0);
  expect(idle.remarks).toContain('warning: nobody.csv: auto makes no use of who was exposed\n');
});
