/**
 * Files of users and of ids by a grammar: whole ones in every format that akin reads, and what people, programs and disks do
 * to them.
 */
import { gzipSync } from 'node:zlib';
import { fc } from '@fast-check/vitest';
import { seededRandom } from '#domain/random.ts';
import { damaged } from '../../damage.ts';

export interface BrokenFile {
  readonly bytes: Buffer;
  /** The source gives so many bytes at a time. */
  readonly chunkBytes: number;
}

const HOSTILE = [
  ['__proto__', 'constructor', 'toString', '..', '../../etc/passwd', '/', '\\', 'C:\\x', '', ' ', 'id', 'null', '%00'],
  ['=cmd|/C calc!A0', '@SUM(1)', '-1+1', '<script>alert(1)</script>', '"><img src=x>', '{{x}}', '[1]', '{', '$(id)'],
  ['😀', 'e\u0301', '\0', '\u001b[2J', '\u009b31m', '\u202e', '\u2028', '\u0085', '\ufeff', '\ufeffx', '\r', '\t', '"'],
  ['a,b', 'a;b', 'a|b', 'a\nb', 'a\r\nb', "'", '""', 'x'.repeat(1_024), 'x'.repeat(1_025), '😀'.repeat(5_000)],
  ['k:v w:x', 'size:5"', '::', ': :'],
].flat();
const NUMBERS = [
  '1',
  '0',
  '-0',
  '0.5',
  '1e15',
  '1e16',
  '1e999',
  '-1',
  'NaN',
  'Infinity',
  '',
  ' 2 ',
  '0x10',
  '1_0',
  '١',
];

const often = <T>(weight: number, usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });
const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 12 }));
const id = often(
  12,
  fc.nat(40).map((n) => `u${n}`),
  hostile,
);
const feature = often(12, fc.constantFrom('age:25-34', 'item:12', 'city:Köln', 'a', 'b', 'c d'), hostile);
const features = fc.uniqueArray(feature, { maxLength: 4 });
const weight = often(12, fc.constantFrom('1', '2', '0.25'), fc.constantFrom(...NUMBERS));

/** One JSON value a line: a user, or what somebody took for one. */
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '[]',
    'null',
    '{}',
    '7',
    '"u1"',
    '{"id":"\\ud800","features":[]}',
    '{"id":"u1","features":["\\udfff"]}',
  ),
  fc.constantFrom(
    '{"id":"u1","features":{"length":1}}',
    '{"__proto__":{"id":"u1"},"features":["a"]}',
    '{"id":"u1","id":"u2","features":["a","a"]}',
    '{"constructor":{"prototype":{"polluted":1}},"__proto__":{"polluted":1},"id":"u1","features":["a"]}',
  ),
  fc.constantFrom(...NUMBERS).map((number) => `{"id":"u1","features":["a"],"weights":[${number}]}`),
  fc.constantFrom('[', '{"a":').map((open) => `{"id":"u1","features":${open.repeat(10_000)}`),
  fc.constant(`{"id":"u1","features":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
);
const user = fc.record({ id, features }).map((value) => JSON.stringify(value));
const weighted = fc.record({ id, features, weight }).map(({ weight: each, ...rest }) => {
  const weights = rest.features.map(() => each).join();
  return `${JSON.stringify(rest).slice(0, -1)},"weights":[${weights}]}`;
});
const ndjson = fc.array(often(20, fc.oneof(user, weighted), odd), { maxLength: 8 });
const jsonIds = fc.array(
  often(
    20,
    fc.tuple(fc.constantFrom('id', 'user_id'), id).map(([key, value]) => JSON.stringify({ [key]: value })),
    odd,
  ),
  { maxLength: 8 },
);

/** A cell as a careful program writes it, as one that always quotes, or as one that never does. */
const spelling = fc.constantFrom('careful', 'careful', 'careful', 'always', 'never');
function spelled(cell: string, way: string, delimiter: string): string {
  const isPlain = !/["\r\n]/.test(cell) && !cell.includes(delimiter);
  return way === 'never' || (way === 'careful' && isPlain) ? cell : `"${cell.replaceAll('"', '""')}"`;
}

/** Lines of CSV of a header and rows. */
function csv(header: fc.Arbitrary<readonly string[]>, row: fc.Arbitrary<readonly string[]>): fc.Arbitrary<string[]> {
  return fc
    .record({
      header,
      rows: fc.array(row, { maxLength: 8 }),
      delimiter: fc.constantFrom(',', ',', ';', '\t'),
      way: spelling,
    })
    .map(({ header: names, rows, delimiter, way }) =>
      [names, ...rows].map((cells) => cells.map((cell) => spelled(cell, way, delimiter)).join(delimiter)),
    );
}

const headerOf = (...names: string[]) =>
  often(
    12,
    fc.constant(names),
    fc.oneof(
      fc.constant(names.map((name) => ` ${name.toUpperCase()} `)),
      fc.constant([...names, names[0]]),
      fc.constant(names.slice(1)),
      fc.constant([...names.slice(0, -1), '']),
      fc.constant([...names, 'more']),
    ),
  );
const listed = fc
  .tuple(features, fc.constantFrom('|', ';', ',', ' ', ' | '))
  .chain(([list, separator]) => fc.constantFrom(list.join(separator), JSON.stringify(list)));

const FORMATS = {
  users: fc.oneof(
    ndjson,
    csv(headerOf('id', 'age', 'city'), fc.tuple(id, feature, fc.constantFrom('', 'Köln', 'x'))),
    csv(headerOf('user_id', 'features'), fc.tuple(id, listed)),
    csv(
      headerOf('id', 'features', 'weights'),
      fc.tuple(
        id,
        fc.constantFrom('a|b', 'a', ''),
        fc.tuple(weight, weight).map((two) => two.join('|')),
      ),
    ),
    csv(headerOf('id', 'feature', 'weight'), fc.tuple(id, feature, weight)).map(([head, ...rows]) => [
      head,
      ...rows.toSorted(),
    ]),
  ),
  ids: fc.oneof(
    fc.array(id, { maxLength: 8 }),
    fc.array(id, { maxLength: 8 }).map((ids) => ids.map((each) => spelled(each, 'careful', ','))),
    csv(headerOf('id'), fc.tuple(id)),
    csv(headerOf('rank', 'user_id', 'score'), fc.tuple(fc.constantFrom('1', ''), id, weight)),
    jsonIds,
  ),
};

/** What is done to the lines. */
type LineFault = (lines: string[], at: number) => string[];
const lineFault = fc.constantFrom<LineFault[]>(
  (lines, at) => lines.toSpliced(at, 0, lines[at] ?? ''),
  (lines, at) => lines.toSpliced(at, 0, lines[0] ?? ''),
  (lines, at) => lines.toSpliced(at, 1),
  (lines, at) => lines.toSpliced(at, 0, ''),
  (lines, at) => lines.toSpliced(at, 0, ' \t'),
  (lines, at) => lines.with(at, `${lines[at]},`),
  (lines, at) => lines.with(at, `${lines[at]}"`),
  (lines, at) => lines.with(at, `"${lines[at]}`),
  (lines, at) => lines.with(at, `\ufeff${lines[at]}`),
  (lines, at) => lines.with(at, `${lines[at]}\r`),
  (lines, at) => lines.with(at, lines[at].replace(/[,;\t]/, '')),
  (lines, at) => lines.with(at, lines[at].slice(0, lines[at].length >> 1)),
);

/** No UTF-8: half of a surrogate pair, a NUL of two bytes, a byte alone, a letter of Latin-1. */
const NO_UTF8 = [[0xed, 0xa0, 0x80], [0xc0, 0x80], [0xff], [0xe4]];

type ByteFault = (bytes: Buffer, place: number, seed: number) => Buffer;
const inserted = (bytes: Buffer, at: number, more: readonly number[] | Buffer) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(more), bytes.subarray(at)]);
const damage: ByteFault = (bytes, _, seed) => Buffer.from(damaged(bytes, seededRandom(seed)));
const byteFault = fc.constantFrom<ByteFault[]>(
  damage,
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, seed) => inserted(bytes, at, NO_UTF8[seed % NO_UTF8.length]),
  (bytes, at) => inserted(bytes, at, [0]),
);

/** How the bytes come. */
const packing = often<ByteFault>(
  3,
  fc.constantFrom<ByteFault[]>(
    (bytes) => bytes,
    (bytes) => bytes,
    (bytes) => gzipSync(bytes, { level: 1 }),
  ),
  fc.constantFrom<ByteFault[]>(
    (bytes, at) => Buffer.concat([gzipSync(bytes.subarray(0, at)), gzipSync(bytes.subarray(at))]),
    (bytes) => Buffer.concat([gzipSync(bytes), Buffer.alloc(512)]),
    (bytes) => Buffer.concat([gzipSync(bytes), Buffer.from('more')]),
    (bytes, at) => gzipSync(bytes).subarray(0, at),
    (bytes, at, seed) => damage(gzipSync(bytes), at, seed),
    (bytes) => gzipSync(gzipSync(bytes)),
  ),
);

/** Any file, whole in about a third of all. */
export function brokenFile(kind: keyof typeof FORMATS): fc.Arbitrary<BrokenFile> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  return fc
    .record({
      lines: FORMATS[kind],
      head: often(8, fc.constant(''), fc.constantFrom('\ufeff', '\n\n', '\r\n \n', '\ufeff\ufeff', '\ufeff\n')),
      ends: often<readonly string[]>(
        6,
        fc.constantFrom(['\n'], ['\r\n']),
        fc.constantFrom(['\n', '\r\n'], ['\r'], ['\r\n', '\r', '\n']),
      ),
      isEnded: fc.boolean(),
      lineFaults: often<[LineFault, number][]>(
        2,
        fc.constant([]),
        fc.array(fc.tuple(lineFault, place), { maxLength: 2 }),
      ),
      byteFaults: often<[ByteFault, number][]>(
        4,
        fc.constant([]),
        fc.array(fc.tuple(byteFault, place), { maxLength: 2 }),
      ),
      packing,
      place,
      seed: fc.nat(),
      chunkBytes: fc.constantFrom(1, 3, 64, 1 << 16),
    })
    .map(({ lines, head, ends, isEnded, lineFaults, byteFaults, packing: pack, place: at, seed, chunkBytes }) => {
      const changed = lineFaults.reduce(
        (all, [fault, where]) => (all.length === 0 ? all : fault(all, Math.floor(where * (all.length - 1)))),
        lines,
      );
      const text = changed.map((line, n) => line + (isEnded || n < changed.length - 1 ? ends[n % ends.length] : ''));
      const bytes = byteFaults.reduce<Buffer>(
        (all, [fault, where]) => fault(all, Math.floor(where * all.length), seed),
        Buffer.from(head + text.join('')),
      );
      return { bytes: pack(bytes, Math.floor(at * bytes.length), seed), chunkBytes };
    });
}

const list = fc.oneof({ weight: 9, arbitrary: fc.array(hostile, { maxLength: 3 }) }, { weight: 1, arbitrary: odd });
const campaign = often(
  10,
  fc
    .record(
      { campaign: often(9, fc.constant('c'), hostile), seeds: list, positives: list, drop: list },
      { requiredKeys: ['campaign', 'seeds', 'positives'] },
    )
    .map((value) => JSON.stringify(value)),
  odd,
);

/** A file of campaigns, one a line. */
export const campaigns: fc.Arbitrary<BrokenFile> = fc
  .record({
    lines: fc.array(campaign, { maxLength: 3 }),
    chunkBytes: fc.constantFrom(1, 64),
    head: often(8, fc.constant(''), fc.constantFrom('\n', '\ufeff\ufeff')),
  })
  .map(({ lines, chunkBytes, head }) => ({ bytes: Buffer.from(head + lines.join('\n')), chunkBytes }));

const names = ['mode', 'index', 'size', 'ranker', 'seed', 'effort', 'drop', 'exclude', 'binary'];
const option = fc.record(
  {
    mode: fc.constantFrom('upsert', 'replace', 'Upsert', 1),
    index: fc.constantFrom('auto', 'never', null),
    size: fc.oneof(fc.constantFrom('5%', 'all', 10, -1, '', null), hostile),
    drop: fc.oneof(fc.array(hostile, { maxLength: 2 }), fc.constant('a')),
    exclude: fc.array(fc.constantFrom('list.csv', '../x', ''), { maxLength: 2 }),
    binary: fc.constantFrom(true, 'true'),
    seed: fc.constantFrom(1, -1, 0.5, 1e10),
  },
  { requiredKeys: [] },
);
const stranger = fc
  .tuple(option, fc.oneof(hostile, fc.constantFrom(...names)), fc.jsonValue({ maxDepth: 1 }))
  .map(([value, key, more]) => JSON.stringify({ ...value, [key]: more }));

/** A file of options: those of uploads, those of campaigns, both, or something else. */
export const brokenOptions: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('{}', '{"mode":"replace"}', '{"size":10}', '{"size":"5%","drop":["a"]}', '{"index":"never"}'),
      option.map((value) => JSON.stringify(value)),
      stranger,
      odd,
    ),
    often(9, fc.constant(''), fc.constantFrom('\ufeff', '\ufeff\ufeff', ',')),
    often<ByteFault[]>(9, fc.constant([]), fc.tuple(byteFault)),
    fc.nat(),
  )
  .map(([text, head, faults, seed]) => {
    const bytes = Buffer.from(head + text);
    return faults.reduce<Buffer>((all, fault) => fault(all, seed % (all.length + 1), seed), bytes);
  });
