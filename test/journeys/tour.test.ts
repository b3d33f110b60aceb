/** From a file of users to a ranked audience and back, by the words that are in the README. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { Desk, rowsOf } from './command-line.ts';

/** It takes some ten seconds, and longer beside other tests. */
const DEMO_MS = 180_000;

const Explained = z.object({ userId: z.string(), rank: z.number(), score: z.number(), role: z.string() });

it('leads from ingest to delete', async () => {
  const desk = new Desk();

  const ingest = await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
  expect(ingest).toMatchObject({ code: 0 });
  expect(ingest.out).toMatch(/^shop: 400 users with \d+ features \(400 added, 0 replaced\); generation 1, 1 shard, /);
  expect(ingest.remarks).toContain('warning: 8 users without any feature');

  const list = await desk.akin('list');
  expect(list.out).toMatch(/^population +generation +users .*\nshop +1 +400 /);
  const status = await desk.akin('status', '--population', 'shop', '--json');
  expect(JSON.parse(status.out)).toMatchObject({ population: 'shop', users: 400, usersWithoutFeatures: 8 });

  const expand = await desk.shell(`akin expand --population shop --seeds seeds.txt --size 30 --out audience.csv`);
  expect(expand).toMatchObject({ code: 0 });
  expect(expand.out).toContain('30 of 360 people most like 40 seeds, by auto\n');
  expect(expand.out).toMatch(
    /\nWhat 40 seeds tell that were held out in turn .*\nranking +AUC +recall@30 +lift@30\nauto: stack /,
  );
  expect(expand.out).toMatch(/\ngo: seeds that were held out rank above other users /);
  expect(expand.remarks).toContain('warning: only 40 seeds: expect a rough audience below 100');
  const rows = rowsOf(readFileSync(join(desk.folder, 'audience.csv'), 'utf8'));
  expect(rows[0]).toEqual(['rank', 'user_id', 'score']);
  expect(rows.slice(1).map(([rank]) => rank)).toEqual(Array.from({ length: 30 }, (_, n) => String(n + 1)));
  expect(rows.slice(1).filter(([, user]) => Number(user.slice(1)) % 4 !== 0).length).toBeLessThanOrEqual(3);

  const explain = await desk.shell(`akin explain --population shop --seeds seeds.txt --user ${rows[5][1]} --json`);
  const explained = Explained.parse(JSON.parse(explain.out));
  expect(explained).toEqual({ userId: rows[5][1], rank: 5, score: Number(rows[5][2]), role: 'candidate' });
  const told = await desk.akin('explain', '--population', 'shop', '--seeds', 'seeds.txt', '--user', rows[5][1]);
  expect(told.out).toMatch(new RegExp(`^${rows[5][1]}: score .*, rank 5 of 360\nfeature +adds to the score\n`));

  const gone = await desk.akin('delete', '--population', 'shop');
  expect(gone.out).toBe('deleted shop (400 users), its index and its audiences\n');
  expect(desk.files()).toEqual(['audience.csv', 'seeds.txt', 'users.ndjson']);
  expect((await desk.akin('list')).out).toBe('no populations in .akin\n');
});

it(
  'shows what it can do, in plain lines where nobody watches',
  async () => {
    const desk = new Desk();

    const { code, out, remarks } = await desk.akin('demo');

    expect({ code, remarks }).toEqual({ code: 0, remarks: '' });
    expect(out).not.toMatch(/[\p{Cc}--\n]/v);
    expect(out).toMatch(/^read the users +\d+\.\d\d s$/m);
    for (const ranking of ['auto', 'information value', 'mean cosine', 'random'])
      expect(out).toContain(`\n${ranking} `);
    expect(out).toMatch(
      /\nWhat 574 seeds tell that were held out in turn .*\nranking +AUC +recall@1000 +lift@1000\nauto: /,
    );
    expect(out).toMatch(/\nrecall@1000 was expected to be 0\.\d{3} \(0\.\d{3} to 0\.\d{3}\), and is 0\.\d{3}\n/);
    for (const file of ['audience.csv', 'report.json', 'manifest.json']) {
      expect(out).toContain(`wrote ${join('.akin', 'demo', file)}\n`);
      expect(desk.files()).toContain(join('.akin', 'demo', file));
    }
    const csv = readFileSync(join(desk.folder, '.akin/demo/audience.csv'), 'utf8');
    expect(rowsOf(csv)).toHaveLength(1001);
  },
  DEMO_MS,
);

it('helps, with examples, on every command', async () => {
  const desk = new Desk();
  const commands = ['ingest', 'list', 'status', 'delete', 'seeds', 'expand', 'evaluate', 'explain', 'demo'];

  const helps = await Promise.all(commands.map((command) => desk.akin(command, '--help')));
  const [all, version] = await Promise.all([desk.akin('--help'), desk.akin('--version')]);

  for (const [n, { code, out }] of helps.entries()) {
    expect(code).toBe(0);
    expect(out).toContain(`akin ${commands[n]}`);
    expect(out).toMatch(/Examples?:/);
    expect(all.out).toMatch(new RegExp(`^ +${commands[n]} `, 'm'));
  }
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
});
