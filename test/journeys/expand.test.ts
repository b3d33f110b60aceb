/** One audience, by whatever way it is asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { groupedPeople } from '../application/people.ts';
import { Desk, rowsOf } from './command-line.ts';

const people = groupedPeople(400);

const Report = z.object({
  size: z.number(),
  files: z.record(z.string(), z.string()),
  firstMembers: z.array(z.object({ userId: z.string(), score: z.number() })),
  audience: z.array(z.object({ rank: z.number(), userId: z.string(), score: z.number() })).optional(),
});

const Matched = z.object({ matched: z.number() }).optional();
const Value = z.object({ value: z.number(), low: z.number() });

const Expanded = z.object({
  size: z.number(),
  files: z.record(z.string(), z.string()),
  ranker: z.object({ choices: z.record(z.string(), z.string()) }),
  exposed: Matched,
  unlike: Matched,
  evidence: z.object({ lift: Value, precision: Value.optional() }).optional(),
});

const Manifest = z.object({
  effort: z.number(),
  evidence: z.string(),
  baseRate: z.number().optional(),
  audience: z.string(),
});

describe('expand', () => {
  it('gives the same audience from a population, from files, to a file, to a pipe, and as JSON', async () => {
    const desk = new Desk();
    await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
    const kept = ['expand', '--population', 'shop', '--seeds', 'seeds.txt', '--size', '10%'];
    const once = ['expand', '--users', 'users.ndjson', '--seeds', 'seeds.txt', '--size', '10%'];

    const [piped, onceOut, onceJson] = await Promise.all([
      desk.akin(...kept),
      desk.akin(...once, '--out', 'deep/er/once.csv', '--json'),
      desk.akin(...once, '--json'),
    ]);

    const report = Report.parse(JSON.parse(onceJson.out));
    const csv = ['rank,user_id,score', ...(report.audience ?? []).map((m) => `${m.rank},${m.userId},${m.score}`), ''];
    expect(report.size).toBe(36);
    expect(piped.out).toBe(csv.join('\n'));
    expect(readFileSync(join(desk.folder, 'deep/er/once.csv'), 'utf8')).toBe(piped.out);
    expect(Report.parse(JSON.parse(onceOut.out))).toMatchObject({ files: { audience: 'deep/er/once.csv' } });
    expect(Report.parse(JSON.parse(onceOut.out)).audience).toBeUndefined();
    expect(desk.files().filter((file) => file.startsWith('.akin/audiences/shop/'))).toHaveLength(3);
  });

  it('gives the same bytes for the same command, everywhere and again', async () => {
    const bytesOf = async () => {
      const desk = new Desk();
      await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
      await desk.akin('expand', '--population', 'shop', '--seeds', 'seeds.txt', '--size', 'all', '--out', 'a.csv');
      const again = desk.akin('expand', '--population', 'shop', '--seeds', 'seeds.txt', '--size', 'all', '--json');
      const audiences = desk.files().filter((file) => file.includes('audiences'));
      return [
        (await again).out,
        ...['a.csv', ...audiences].map((file) => readFileSync(join(desk.folder, file), 'utf8')),
      ];
    };

    const [first, second] = await Promise.all([bytesOf(), bytesOf()]);

    expect(second.slice(1, 3)).toEqual(first.slice(1, 3));
    expect(JSON.parse(second[0])).toEqual(JSON.parse(first[0]));
  });

  it('leaves out who is excluded, and fills the places', async () => {
    const desk = new Desk();
    const ask = ['expand', '--users', 'users.ndjson', '--seeds', 'seeds.txt', '--size', '20'];
    const before = rowsOf((await desk.akin(...ask)).out).map(([, user]) => user);
    desk.put('no.csv', `name,user_id\nx,${before[1]}\ny,${before[3]}\n`);
    desk.put('nor.ndjson', `{"id":"${before[4]}"}\n{"id":"u0"}\n`);

    const after = await desk.akin(...ask, '--exclude', 'no.csv', '--exclude', 'nor.ndjson');

    const users = rowsOf(after.out).map(([, user]) => user);
    const gone = new Set([before[1], before[3], before[4], 'u0']);
    expect(users).toHaveLength(21);
    expect(users.filter((user) => gone.has(user))).toEqual([]);
    // Who is excluded is no background either: the scores move, the people hardly do.
    expect(before.filter((user) => !gone.has(user) && !users.includes(user)).length).toBeLessThan(5);
  });

  it('listens to every flag: all are in the manifest, and each makes another audience', async () => {
    const desk = new Desk();
    await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
    desk.put('shown.csv', `id\n${people.flatMap(({ id }, n) => (n % 4 === 1 ? [`${id}\n`] : [])).join('')}`);
    desk.put('unlike.csv', `id\n${people.flatMap(({ id }, n) => (n % 4 === 2 ? [`${id}\n`] : [])).join('')}`);

    const told = await Promise.all(
      [
        '',
        '--ranker information-value',
        '--background exposed --exposed shown.csv',
        '--negatives exposed --exposed shown.csv --evidence full',
        '--negatives spy --scaling unit',
        '--rounds one',
        '--factors regression',
        '--ranker boosted-trees',
        '--unlike unlike.csv --effort 1',
        '--base-rate 0.1 --evidence full',
      ].map((flags) => desk.shell(`akin expand --population shop --seeds seeds.txt --size 40 --json ${flags}`)),
    );

    expect(told.map(({ code }) => code)).toEqual(told.map(() => 0));
    const reports = told.map(({ out }) => Expanded.parse(JSON.parse(out)));
    const manifests = reports.map(({ files }) => Manifest.parse(JSON.parse(desk.read(files.manifest))));
    expect(reports.map(({ ranker }) => Object.values(ranker.choices).join(' '))).toEqual([
      '',
      'positive population',
      'positive exposed',
      'exposed chosen chosen',
      'spy unit chosen',
      'one',
      'regression',
      '',
      '',
      '',
    ]);
    expect(reports.map(({ exposed, unlike }) => [exposed?.matched, unlike?.matched])).toEqual(
      reports.map((_, n) => [n === 2 || n === 3 ? 100 : undefined, n === 8 ? 100 : undefined]),
    );
    expect(manifests.map(({ effort, evidence, baseRate }) => [effort, evidence, baseRate])).toEqual(
      reports.map((_, n) => [n === 8 ? 1 : 6, n === 3 || n === 9 ? 'full' : 'short', n === 9 ? 0.1 : undefined]),
    );
    // A base rate changes what is said of the audience, not the audience.
    expect(new Set(manifests.map(({ audience }) => audience)).size).toBe(told.length - 1);
    expect(manifests[9].audience).toBe(manifests[0].audience);
    expect(reports[9].evidence?.precision?.value).toBeCloseTo(0.1 * (reports[9].evidence?.lift.value ?? 0), 12);
  });

  it('makes an audience as large as its promise allows, and says in full what else there is', async () => {
    const desk = new Desk();
    const ask = 'akin expand --users users.ndjson --seeds seeds.txt';

    const [lift, precision, full, none] = await Promise.all([
      desk.shell(`${ask} --size 'lift>=2' --json`),
      desk.shell(`${ask} --size 'precision>=0.2' --base-rate 0.1 --json`),
      desk.shell(`${ask} --size 30 --ranker attention --evidence full --base-rate 0.1 --out a.csv`),
      desk.shell(`${ask} --size 30 --evidence none --out b.csv`),
    ]);

    expect(Expanded.parse(JSON.parse(lift.out)).evidence?.lift.low).toBeGreaterThan(2 - 1e-9);
    expect(Expanded.parse(JSON.parse(precision.out)).size).toBe(Expanded.parse(JSON.parse(lift.out)).size);
    expect(full.out).toMatch(/\nattention \(svd, untrained\) +0\.\d{3} \(.*\nstack +0\.\d{3} +0\.\d{3} +\d+\.\d{2}\n/);
    expect(full.out).toMatch(/\ninformation value .*\nmean cosine .*\nrandom +0\.500 +0\.083 +1\.00\ngo: /);
    expect(full.out).toMatch(
      /\nattention \(svd, untrained\) was asked for; .*\nprecision at the given base rate: 0\.\d{3} \(/,
    );
    expect([none.code, none.out.includes('held out')]).toEqual([0, false]);
  });

  it('takes what one audience gave as what the next must leave out', async () => {
    const desk = new Desk();
    const ask = ['expand', '--users', 'users.ndjson', '--seeds', 'seeds.txt'];
    const whole = rowsOf((await desk.akin(...ask, '--size', '50')).out).slice(1);
    await desk.akin(...ask, '--size', '30', '--out', 'first.csv');

    const second = rowsOf((await desk.akin(...ask, '--size', '20', '--exclude', 'first.csv')).out).slice(1);

    // Who is excluded is no background either: the scores move, the people hardly do.
    const next = new Set(whole.slice(30).map(([, user]) => user));
    expect(second.filter(([, user]) => next.has(user)).length).toBeGreaterThan(10);
    expect(second).toHaveLength(20);
  });
});
