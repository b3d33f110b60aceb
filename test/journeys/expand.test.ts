/** One audience, by whatever way it is asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Desk, rowsOf } from './command-line.ts';

const Report = z.object({
  size: z.number(),
  files: z.record(z.string(), z.string()),
  firstMembers: z.array(z.object({ userId: z.string(), score: z.number() })),
  audience: z.array(z.object({ rank: z.number(), userId: z.string(), score: z.number() })).optional(),
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
    expect(users).toHaveLength(21);
    expect(users.slice(1, 18)).toEqual([before[2], ...before.slice(5)]);
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
