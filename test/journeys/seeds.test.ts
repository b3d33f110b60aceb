/** What seeds are worth, asked before anything is done with them. */
import { expect, it } from 'vitest';
import * as z from 'zod';
import { groupIds } from '../application/people.ts';
import { Desk } from './command-line.ts';

const Report = z.object({
  seeds: z.object({ given: z.number(), duplicates: z.number(), matched: z.number() }),
  coherence: z.object({ isCoherent: z.boolean() }),
  clusters: z.array(z.object({ size: z.number() })),
});

async function deskWithShop(): Promise<Desk> {
  const desk = new Desk();
  await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
  return desk;
}

it('tells of seeds of one kind that they are, in plain lines and as JSON', async () => {
  const desk = await deskWithShop();
  desk.put(
    'mine.csv',
    `name,user_id\n${[...groupIds(40), 'u0', 'U3', 'nobody\u001b[2J'].map((id) => `x,${id}\n`).join('')}`,
  );
  const before = desk.files();

  const told = await desk.akin('seeds', '--population', 'shop', '--seeds', 'mine.csv');
  const json = await desk.akin('seeds', '--population', 'shop', '--seeds', 'mine.csv', '--json');

  expect(told.code).toBe(0);
  expect(told.out).toMatch(/^shop: 40 of 42 seeds are users\nseeds +how many\ngiven +42\ngiven again +1\n/);
  expect(told.out).toMatch(/\ncoherent: mean cosine 0\.\d+ among the seeds, 0\.\d+ to random users; difference /);
  expect(told.out).toMatch(/\n +1 +40 +100 % +group0:\d \(\d+ % against \d+ %\), /);
  expect(told.out).toMatch(/\n\d outliers?: hardly any random user is less like the seeds than they are\n/);
  expect(told.remarks).toContain('users but for letter case or outer space, such as "U3" for "u3"');
  expect(`${told.out}${told.remarks}`).not.toMatch(/[\p{Cc}--\n]/v);
  expect(Report.parse(JSON.parse(json.out))).toMatchObject({
    seeds: { given: 42, duplicates: 1, matched: 40 },
    coherence: { isCoherent: true },
    clusters: [{ size: 40 }],
  });
  expect(desk.files()).toEqual(before);
});

it('tells of one seed what there is to tell', async () => {
  const desk = await deskWithShop();
  desk.put('one.txt', 'u0\n');

  const { code, out, remarks } = await desk.akin('seeds', '--population', 'shop', '--seeds', 'one.txt');

  expect(code).toBe(0);
  expect(out).toContain('coherence: nothing to compare\n');
  expect(out).toContain('0 outliers');
  expect(remarks).toContain('warning: matched only 1: an expansion needs 25 seeds\n');
});

it('refuses what it cannot read or match, with one sentence', async () => {
  const desk = await deskWithShop();
  desk.put('none.txt', 'a\nb\n');
  desk.put('empty.txt', '');
  desk.put('ragged.csv', 'id,x\nu1,1\nu2\n');
  const before = desk.files();

  const asked = [
    [
      '--population shop --seeds none.txt',
      'none.txt: expected seeds that are users of the population, but 0 of 2 are; they look like "a", "b"',
    ],
    ['--population shop --seeds empty.txt', 'empty.txt: expected at least one id, got none'],
    [
      '--population shop --seeds ragged.csv',
      'ragged.csv, line 3: expected as many cells as in the first line (2), got 1',
    ],
    ['--population shop --seeds missing.txt', 'expected a file at missing.txt, found nothing there'],
    [
      '--population shopp --seeds seeds.txt',
      'expected the name of an ingested population, got "shopp" (nearest: "shop")',
    ],
  ];
  const endings = await Promise.all(asked.map(([line]) => desk.shell(`akin seeds ${line}`)));

  expect(
    endings.map(({ code, out, remarks }, n) => [asked[n][0], code, out, remarks.trimEnd().split('\n').at(-1)]),
  ).toEqual(asked.map(([line, sentence]) => [line, 2, '', `akin: ${sentence}`]));
  expect(desk.files()).toEqual(before);
});
