/** What akin does not do: one sentence that says why, exit code 2, and not a file changed. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { groupedPeople } from '../application/people.ts';
import { Desk, type Ending } from './command-line.ts';

/** Remarks but for the lines that tell how long a stage took. */
function sentencesOf({ remarks }: Ending): string[] {
  return remarks.split('\n').filter((line) => line !== '' && !/^[a-z ]+ +\d+\.\d\d s$/.test(line));
}

async function deskWithShop(): Promise<Desk> {
  const desk = new Desk();
  await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
  return desk;
}

async function refuse(desk: Desk, line: string, sentence: string): Promise<void> {
  const before = desk.files();

  const ending = await desk.shell(line);

  expect({ line, code: ending.code, sentences: sentencesOf(ending) }).toEqual({ line, code: 2, sentences: [sentence] });
  expect(ending.out).toBe('');
  expect(desk.files()).toEqual(before);
}

describe('bad users are refused', () => {
  const cut = gzipSync(
    Buffer.from(
      groupedPeople(3000)
        .map((user) => `${JSON.stringify(user)}\n`)
        .join(''),
    ),
  );

  it.each([
    [
      'no JSON',
      'bad.ndjson',
      '{"id":"u1","features":[]}\nu2\n',
      'bad.ndjson, line 2: expected a JSON object, got "u2"',
    ],
    [
      'a ragged row',
      'bad.csv',
      'id,age\nu1,5\nu2,6,7\n',
      'bad.csv, line 3: expected as many cells as in the first line (2), got 3',
    ],
    [
      'control characters',
      'bad.ndjson',
      '{"id":"\u001b[2J"}',
      'bad.ndjson, line 1: expected a JSON object, got "{\\"id\\":\\"\\u001b[2J\\"}"',
    ],
    [
      'ten megabytes in a cell',
      'bad.csv',
      `id,age\nu1,${'x'.repeat(10_000_000)}\n`,
      'bad.csv, line 2: expected a record of at most 4 MiB, got a longer one (is a quote not closed?)',
    ],
  ])('%s', async (_, name, content, sentence) => {
    const desk = new Desk();
    desk.put(name, content);

    await refuse(desk, `akin ingest users.ndjson ${name} --population shop`, `akin: ${sentence}`);
  });

  it('half a gzip file', async () => {
    const desk = new Desk();
    desk.put('half.gz', cut.subarray(0, cut.length / 2));

    const { code, remarks } = await desk.akin('ingest', 'half.gz', '--population', 'shop');

    expect(code).toBe(2);
    expect(remarks).toMatch(/^akin: half\.gz: expected a whole gzip file, but it is cut off after line \d+\n$/);
  });
});

it('what cannot be asked is refused', async () => {
  const desk = await deskWithShop();
  desk.put('none.txt', 'a\nb\nc\nd\n');
  const expand = 'akin expand --population shop --seeds seeds.txt --size 10';
  const size =
    'expected a size from 1 to 360 (all users but seeds and excluded ones), a share such as 5%, all, or a promise such as lift>=3; got';

  const asked = [
    ['akin expand --population shop --seeds seeds.txt --size -5', `${size} "-5"`],
    [
      'akin expand --population shop --seeds none.txt --size 1',
      'none.txt: expected seeds that are users of the population, but 0 of 4 are; they look like "a", "b", "c"',
    ],
    [
      'akin expand --population shop --seeds missing.txt --size 1',
      'expected a file at missing.txt, found nothing there',
    ],
    [
      'akin expand --population shopp --seeds seeds.txt --size 1',
      'expected the name of an ingested population, got "shopp" (nearest: "shop")',
    ],
    [
      "akin expand --population shop --seeds seeds.txt --size 'lift>3'",
      'expected a promise such as lift>=3, recall>=0.5 or precision>=0.1, got "lift>3"',
    ],
    [
      "akin expand --population shop --seeds seeds.txt --size 'precision>=0.1'",
      'expected a base rate beside a promise of precision: the share of all candidates who would do, got none',
    ],
    [
      "akin expand --population shop --seeds seeds.txt --size 'lift>=2' --evidence none",
      'expected evidence for a size by promise (lift>=2), short or full, got none',
    ],
    [
      `${expand} --evidence ful`,
      'expected evidence to be short, full, none, got "ful" (nearest: "full", "none", "short")',
    ],
    [`${expand} --effort 0`, 'expected an effort from 1 to 1000, got 0'],
    [`${expand} --negatives some`, 'expected negatives to be all or exposed or sampled or spy, got "some"'],
    [`${expand} --background nobody`, 'expected background to be population or candidates or exposed, got "nobody"'],
    [`${expand} --scaling 2`, 'expected scaling to be chosen or none or unit or idf-unit, got "2"'],
    [`${expand} --rounds three`, 'expected rounds to be two or one, got "three"'],
    [`${expand} --factors many`, 'expected factors to be cosine or regression, got "many"'],
    [`${expand} --ranker auto --negatives spy`, 'expected an option of the ranker auto (it has none), got negatives'],
    [`${expand} --exposed gone.csv`, 'expected a file at gone.csv, found nothing there'],
    [`${expand} --unlike gone.csv`, 'expected a file at gone.csv, found nothing there'],
    ['akin expand --seeds seeds.txt --size 1', 'expected either --population or --users, got both or neither'],
    [`${expand} --out seeds.txt/a/b.csv`, 'expected a folder on the way to seeds.txt/a/b.csv, found a file'],
    [`AKIN_MIN_SEEDS=many ${expand}`, 'AKIN_MIN_SEEDS: expected a whole number from 1 to 10000, got "many"'],
    [
      'akin explain --population shop --seeds seeds.txt --user u4000',
      'expected a user of the population, got "u4000" (nearest: "u100", "u200", "u300")',
    ],
    [
      'akin status --population ../shop',
      'expected a population name of 1 to 63 letters, digits, dots, dashes and underscores that starts with a letter or digit, got "../shop"',
    ],
    [
      'akin ingest /dev/zero --population shop',
      '/dev/zero, line 1: expected a line of at most 16 MiB, got a longer one',
    ],
  ];
  const endings = await Promise.all(asked.map(([line]) => desk.shell(line)));

  expect(
    endings.map(({ code, out, remarks }, n) => [asked[n][0], code, out, remarks.trimEnd().split('\n').at(-1)]),
  ).toEqual(asked.map(([line, sentence]) => [line, 2, '', `akin: ${sentence}`]));
});

it('a promise that no size keeps is refused, with the best there is', async () => {
  const desk = await deskWithShop();

  const { code, out, remarks } = await desk.shell(
    "akin expand --population shop --seeds seeds.txt --size 'lift>=1000000'",
  );

  expect([code, out]).toEqual([2, '']);
  expect(remarks).toMatch(
    /\nakin: expected a size that keeps lift>=1000000, but the best there is has a lift of \d\S* to \d\S* \(expected: \d\S*\), at \d+ of 360 users\n$/,
  );
});

it('a command that is none is refused, with what may have been meant', async () => {
  const desk = new Desk();

  const asked = [
    ['akin', 'Usage: akin'],
    ['akin expnd', "error: unknown command 'expnd'\n(Did you mean expand?)"],
    ['akin ingest users.ndjson', "error: required option '--population <name>' not specified"],
    ['akin expand --effort x', "error: option '--effort <n>' argument 'x' is invalid. expected a whole number"],
    ['akin expand --effort -1', "error: option '--effort <n>' argument '-1' is invalid. expected a whole number"],
    [
      'akin expand --base-rate 2',
      "error: option '--base-rate <share>' argument '2' is invalid. expected a share above 0",
    ],
    [
      'akin expand --base-rate 5%',
      "error: option '--base-rate <share>' argument '5%' is invalid. expected a share above 0",
    ],
    ['akin expand --seed x', "error: option '--seed <n>' argument 'x' is invalid. expected a whole number"],
  ];
  const endings = await Promise.all(asked.map(([line]) => desk.shell(line)));

  for (const [n, { code, remarks, out }] of endings.entries()) {
    expect([asked[n][0], code, out]).toEqual([asked[n][0], 2, '']);
    expect(remarks).toContain(asked[n][1]);
  }
  expect(desk.files()).toEqual(['seeds.txt', 'users.ndjson']);
});

describe('a data folder', () => {
  const lines = [
    'akin list',
    'akin status --population shop',
    'akin expand --population shop --seeds seeds.txt --size 1',
    'akin ingest users.ndjson --population shop',
    'akin delete --population shop',
  ];
  const manifest = join('.akin', 'catalog', 'shop', '00000001.json');

  it('of a newer format is refused by every command, with both versions', async () => {
    const desk = await deskWithShop();
    const path = join(desk.folder, manifest);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"formatVersion": 1', '"formatVersion": 99'));

    const sentence = `akin: ${manifest}: expected format version 1 or older, got 99; a newer akin wrote it, so update this one`;
    await Promise.all(lines.map((line) => refuse(desk, line, sentence)));
  });

  it('with half a manifest is refused by its path', async () => {
    const desk = await deskWithShop();
    truncateSync(join(desk.folder, manifest), 40);

    const sentence = `akin: ${manifest}: the manifest is damaged: expected JSON`;
    await Promise.all(lines.slice(0, 1).map((line) => refuse(desk, line, sentence)));
  });

  it('with half a shard is refused by its name', async () => {
    const desk = await deskWithShop();
    const below = join(desk.folder, '.akin', 'index', 'shop');
    const [shard] = readdirSync(below).filter((name) => name.endsWith('-0.arrow'));
    truncateSync(join(below, shard), 99);

    await refuse(
      desk,
      'akin seeds --population shop --seeds seeds.txt',
      `akin: index/shop/${shard}: the shard is damaged: its 99 bytes are not those that were written; delete the population and ingest it again`,
    );
  });
});
