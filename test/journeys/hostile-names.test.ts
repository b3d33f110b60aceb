/** Ids and features that somebody chose in order to break something. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { readIds } from '#adapters/formats/id-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { Desk } from './command-line.ts';

const NAMES = [
  ['__proto__', 'constructor', 'toString', '../../etc/passwd', '..', '/', 'a,b', '"', 'a"b', "'", 'a\nb', 'a\r\nb'],
  ['\r', '\t', ' lead', 'trail ', '\ufeffbom', 'bom', '\0', '\u001b[2J\u001b[31m', '\u009b31m', '\u202eevil', '\u2028'],
  [
    '😀',
    '👩‍👩‍👧',
    'é',
    'e\u0301',
    '=1+1',
    '{guid}',
    '[1]',
    '#',
    '\\',
    '%s',
    '$(id)',
    'id',
    'user_id',
    'null',
    '1',
    '01',
  ],
  ["=cmd|' /C calc'!A0", '@SUM(1)', '-1+1', '<script>alert(1)</script>', '"><img src=x>', '\u0085', '__defineGetter__'],
  ['x'.repeat(1_024), '😀'.repeat(512), '../'.repeat(300)],
].flat();
const EVERYBODY = [...NAMES, ...Array.from({ length: 40 }, (_, n) => `seed ${n}`)];

it('are ingested, ranked, explained and written as they are, and shown harmlessly', async () => {
  const desk = new Desk();
  const people = EVERYBODY.map((id, n) => ({
    id,
    features: [NAMES[n % NAMES.length], `${NAMES[(n * 7) % NAMES.length]}:x`],
  }));
  desk.put('hostile.ndjson', people.map((user) => `${JSON.stringify(user)}\n`).join(''));
  desk.put('who.txt', EVERYBODY.slice(NAMES.length).join('\n'));
  const ask = ['--population', 'shop', '--seeds', 'who.txt'];

  const ingest = await desk.akin('ingest', 'hostile.ndjson', '--population', 'shop');
  const expand = await desk.akin('expand', ...ask, '--size', 'all', '--out', 'a.csv');
  const status = await desk.akin('status', '--population', 'shop');

  expect([ingest.code, expand.code, status.code]).toEqual([0, 0, 0]);
  expect(ingest.out).toContain(`shop: ${EVERYBODY.length} users`);
  for (const text of [ingest, expand, status].flatMap(({ out, remarks }) => [out, remarks])) {
    expect(text).not.toMatch(/[[\p{Cc}\p{Cf}]--\n]/v);
  }
  const { ids } = await readIds(await openInput(join(desk.folder, 'a.csv')));
  expect(ids.toSorted()).toEqual(NAMES.toSorted());

  const Explained = z.object({ userId: z.string(), rank: z.number() });
  for (const user of ['__proto__', '../../etc/passwd', 'a\r\nb', '\u001b[2J\u001b[31m', '\ufeffbom']) {
    const explain = await desk.akin('explain', ...ask, '--user', user, '--json');
    expect(Explained.parse(JSON.parse(explain.out))).toEqual({ userId: user, rank: ids.indexOf(user) + 1 });
  }
  expect(readFileSync(join(desk.folder, 'a.csv'), 'utf8')).toContain('"a\r\nb"');
});
