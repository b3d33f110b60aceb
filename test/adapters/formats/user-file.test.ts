import { gzipSync } from 'node:zlib';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { openInput } from '#adapters/formats/input-file.ts';
import { readUsers } from '#adapters/formats/user-file.ts';
import { Invalid } from '#application/errors.ts';
import type { User } from '#domain/features/shard.ts';
import { usersOfRows } from '../../domain/rows-of-users.ts';
import { allOf } from '../all-of.ts';
import { temporaryFile } from '../temporary-folder.ts';

function usersIn(content: string | Uint8Array): Promise<User[]> {
  return usersOf(temporaryFile(content));
}

async function usersOf(path: string): Promise<User[]> {
  return usersOfRows(await allOf(readUsers(await openInput(path))));
}

/** The sentence that refuses the content, without the path that it starts with. */
async function refusalOf(content: string | Uint8Array): Promise<string> {
  const path = temporaryFile(content);
  try {
    await usersOf(path);
  } catch (error) {
    if (error instanceof Invalid && error.message.startsWith(path)) return error.message.slice(path.length);
    throw error;
  }
  return 'not refused';
}

describe('users as NDJSON', () => {
  it('have an id, features, and weights if they like', async () => {
    const users = await usersIn(`{"id":"u1","features":["age:25-34","item:12"],"weights":[1,5]}
{"id":"u2","features":[]}
`);

    expect(users).toEqual([
      { id: 'u1', features: ['age:25-34', 'item:12'], weights: [1, 5] },
      { id: 'u2', features: [] },
    ]);
  });

  it('may stand between blank lines, end in CRLF, begin with a byte order mark, and lack the last line end', async () => {
    const users = await usersIn('\ufeff\r\n{"id":"u1","features":["a"]}\r\n \t\r\n\r\n{"id":"u2","features":["b"]}');

    expect(users.map(({ id }) => id)).toEqual(['u1', 'u2']);
  });

  it('may have ids and features of any Unicode, and keys that are nobody’s business', async () => {
    const line = {
      ['__proto__']: 1,
      id: '__proto__',
      features: ['😀:\u001b[31m', 'a\r\nb'],
      name: ['x'],
      constructor: {},
    };

    expect(await usersIn(JSON.stringify(line))).toEqual([{ id: line.id, features: line.features }]);
  });

  it('may be gzipped', async () => {
    expect(await usersIn(gzipSync('{"id":"u1","features":["a"]}\n'))).toEqual([{ id: 'u1', features: ['a'] }]);
  });

  it('are given again as they come: who reads decides which counts', async () => {
    const users = await usersIn('{"id":"u1","features":["a"]}\n{"id":"u1","features":["b"]}\n');

    expect(users.map(({ features }) => features)).toEqual([['a'], ['b']]);
  });

  it.each([
    ['no JSON', 'u1,a', 'expected a JSON object, got "u1,a"'],
    ['JSON that is cut off', '{"id":"u1","fea', 'expected a JSON object, got "{\\"id\\":\\"u1\\",\\"fea"'],
    ['a list', '["u1"]', 'expected a JSON object, got ["u1"]'],
    ['a number', '7', 'expected a JSON object, got 7'],
    ['nothing but null', 'null', 'expected a JSON object, got null'],
    ['no id', '{"features":[]}', 'expected id to be a text that is not empty, got nothing'],
    ['an empty id', '{"id":"","features":[]}', 'expected id to be a text that is not empty, got ""'],
    ['a number for an id', '{"id":7,"features":[]}', 'expected id to be a text that is not empty, got 7'],
    ['no features', '{"id":"u1"}', 'expected features to be a list of texts, got nothing'],
    ['one feature', '{"id":"u1","features":"a"}', 'expected features to be a list of texts, got "a"'],
    [
      'a number for a feature',
      '{"id":"u1","features":["a",1]}',
      'expected features to be texts that are not empty, got 1',
    ],
    ['an empty feature', '{"id":"u1","features":[""]}', 'expected features to be texts that are not empty, got ""'],
    [
      'a feature twice',
      '{"id":"u1","features":["a","b","a"]}',
      'expected each feature once (weights say how much), got "a" twice',
    ],
    [
      'a negative weight',
      '{"id":"u1","features":["a"],"weights":[-1]}',
      'expected weights from 0 to 1000000000000000, got -1',
    ],
    [
      'a weight beyond any number',
      '{"id":"u1","features":["a"],"weights":[1e999]}',
      'expected weights from 0 to 1000000000000000, got Infinity',
    ],
    [
      'a weight that is no number',
      '{"id":"u1","features":["a"],"weights":["1"]}',
      'expected weights from 0 to 1000000000000000, got "1"',
    ],
    [
      'NaN',
      '{"id":"u1","features":["a"],"weights":[NaN]}',
      'expected a JSON object, got "{\\"id\\":\\"u1\\",\\"features\\":[\\"a\\"],\\"weights\\":[NaN]}"',
    ],
    [
      'too few weights',
      '{"id":"u1","features":["a","b"],"weights":[1]}',
      'expected a weight for each of the 2 features, got 1',
    ],
    ['one weight', '{"id":"u1","features":["a"],"weights":1}', 'expected weights to be a list of numbers, got 1'],
    [
      'half a surrogate pair',
      '{"id":"\\ud800","features":[]}',
      'expected Unicode text, got half a surrogate pair in "\\ud800"',
    ],
    [
      'half a surrogate pair in a feature',
      '{"id":"u1","features":["\\udfff"]}',
      'expected Unicode text, got half a surrogate pair in "\\udfff"',
    ],
    [
      'lists deeper than the stack is high',
      `{"id":"u1","features":[${'['.repeat(200_000)}${']'.repeat(200_000)}]}`,
      'expected features to be texts that are not empty, got ["…"]',
    ],
  ])('are refused with their line where it has %s', async (_, line, fault) => {
    expect(await refusalOf(`{"id":"u0","features":["a"]}\n\n${line}\n`)).toBe(`, line 3: ${fault}`);
  });

  it('are refused where one has too much, or too long a name', async () => {
    const many = Array.from({ length: 10_001 }, (_, n) => `f${n}`);
    const long = 'x'.repeat(1025);

    expect(await refusalOf(JSON.stringify({ id: 'u1', features: many }))).toBe(
      ', line 1: expected at most 10000 features, got 10001',
    );
    expect(await refusalOf(JSON.stringify({ id: 'u1', features: [long] }))).toBe(
      ', line 1: expected a feature of at most 1024 characters, got 1025',
    );
    expect(await refusalOf(JSON.stringify({ id: long, features: [] }))).toBe(
      ', line 1: expected an id of at most 1024 characters, got 1025',
    );
    expect(await usersIn(JSON.stringify({ id: long.slice(1), features: many.slice(1) }))).toHaveLength(1);
  });

  it('are refused with 10 MB in one field', async () => {
    expect(await refusalOf(JSON.stringify({ id: 'u1', features: ['x'.repeat(10_000_000)] }))).toBe(
      ', line 1: expected a feature of at most 1024 characters, got 10000000',
    );
  });
});

describe('users as CSV', () => {
  it('have a field in each column', async () => {
    const users = await usersIn('id,age,city\nu1,25-34,Bonn\nu2,,Köln\nu3,,\n');

    expect(users).toEqual([
      { id: 'u1', features: ['age:25-34', 'city:Bonn'] },
      { id: 'u2', features: ['city:Köln'] },
      { id: 'u3', features: [] },
    ]);
  });

  it.each(['a:1|b:2', 'a:1;b:2', '"a:1,b:2"', '"[""a:1"",""b:2""]"', 'a:1 | b:2'])(
    'have a list of features in one column: %s',
    async (cell) => {
      expect(await usersIn(`id,features\nu1,${cell}\nu2,\nu3,"a:1"\n`)).toEqual([
        { id: 'u1', features: ['a:1', 'b:2'] },
        { id: 'u2', features: [] },
        { id: 'u3', features: ['a:1'] },
      ]);
    },
  );

  it.each(['1|0.5', '1;0.5', '"1,0.5"', '"[1,0.5]"', '1 | 5e-1'])(
    'have a list of weights beside it: %s',
    async (cell) => {
      expect(await usersIn(`features,weights,id\na|b,${cell},u1\nc,,u2\n`)).toEqual([
        { id: 'u1', features: ['a', 'b'], weights: [1, 0.5] },
        { id: 'u2', features: ['c'] },
      ]);
    },
  );

  it('may hold what looks like a separator where another one is used', async () => {
    expect(await usersIn('id,features\nu1,title:Star Wars: Part 4|price:1;5\n')).toEqual([
      { id: 'u1', features: ['title:Star Wars: Part 4', 'price:1;5'] },
    ]);
  });

  it('have one feature a row, the rows of a user together', async () => {
    expect(await usersIn('user_id,feature\nu2,a\nu2,b\nu1,a\n')).toEqual([
      { id: 'u2', features: ['a', 'b'] },
      { id: 'u1', features: ['a'] },
    ]);
    expect(await usersIn('user_id,feature,weight\nu2,a,0.5\nu2,b,3\n')).toEqual([
      { id: 'u2', features: ['a', 'b'], weights: [0.5, 3] },
    ]);
  });

  it.each([
    ['id,features,name', 'id, features', 'name'],
    ['user_id,feature,weight,when', 'user_id, feature, weight', 'when'],
  ])('have no column that would go unread: %s', async (header, known, other) => {
    await expect(usersIn(`${header}\n`)).rejects.toThrow(
      `line 1: expected no columns but ${known}, got also "${other}"`,
    );
  });

  it.each(['ID,FEATURES', 'User_Id,Features', 'userid,features', ' id , features ', '"id","features"'])(
    'have columns known by name in any case: %s',
    async (header) => {
      expect(await usersIn(`${header}\nu1,a|b\n`)).toEqual([{ id: 'u1', features: ['a', 'b'] }]);
    },
  );

  it('have the id in the column id where there is a user_id as well', async () => {
    expect(await usersIn('user_id,id\na,b\n')).toEqual([{ id: 'b', features: ['user_id:a'] }]);
  });

  it.each([
    ['a byte order mark', '\ufeffid,age,city\nu1,"5",x\n'],
    ['a byte order mark before a quote', '\ufeff"id","age","city"\nu1,5,x\n'],
    ['CRLF', 'id,age,city\r\nu1,5,x\r\n'],
    ['no line end at the end', 'id,age,city\nu1,5,x'],
    ['CRLF and no line end at the end', 'id,age,city\r\nu1,5,x'],
    ['semicolons', 'id;age;city\nu1;5;x\n'],
    ['tabs', 'id\tage\tcity\nu1\t5\tx\n'],
    ['blank lines', '\n\r\nid,age,city\n\n\r\nu1,5,x\n\n'],
    ['blank lines before semicolons', '\n\nid;age;city\nu1;5;x\n'],
    ['quotes', '"id","age","city"\n"u1","5","x"\n'],
    ['gzip', gzipSync('id,age,city\nu1,5,x\n')],
  ])('may have %s', async (_, content) => {
    expect(await usersIn(content)).toEqual([{ id: 'u1', features: ['age:5', 'city:x'] }]);
  });

  it('may have quotes, separators and line ends in a cell, which stay as they are', async () => {
    const users = await usersIn('id,note\r\n"u,1","a ""b"", c"\r\n"u\r\n2","d\ne\r\nf\rg"\r\n');

    expect(users).toEqual([
      { id: 'u,1', features: ['note:a "b", c'] },
      { id: 'u\r\n2', features: ['note:d\ne\r\nf\rg'] },
    ]);
  });

  it('may be as long as they like', async () => {
    const rows = Array.from({ length: 50_000 }, (_, n) => `u${n},${n % 7}\n`);

    const users = await usersIn(`id,age\n${rows.join('')}`);

    expect(users).toHaveLength(50_000);
    expect(users[49_999]).toEqual({ id: 'u49999', features: ['age:5'] });
  });

  it.each([
    ['no id column', 'name,age\nu1,5\n', 'line 1: expected a column id or user_id in the header, got "name,age"'],
    ['nothing but ids', 'id\nu1\n', 'line 1: expected a column of features beside id, got none'],
    ['a column without a name', 'id,,age\nu1,a,5\n', 'line 1: expected a name for every column, got an empty one'],
    ['a column twice', 'id,age,age\nu1,5,6\n', 'line 1: expected each column once, got "age" twice'],
    ['two id columns', 'id,ID\nu1,u2\n', 'line 1: expected one column id, got two'],
    [
      'a header further down',
      '\n\nname,age\nu1,5\n',
      'line 3: expected a column id or user_id in the header, got "name,age"',
    ],
    ['CR alone for a line end', 'id,age\ru1,5\ru2,6', 'line 1: expected lines that end in LF or CRLF, got CR alone'],
    ['an empty id', 'id,age\nu1,5\n,6\n', 'line 3: expected id to be a text that is not empty, got ""'],
    ['too many cells', 'id,age\nu1,5\nu2,6,7\n', 'line 3: expected as many cells as in the first line (2), got 3'],
    ['too few cells', 'id,age\nu1,5\nu2\n', 'line 3: expected as many cells as in the first line (2), got 1'],
    [
      'a quote that stays open',
      'id,age\nu1,5\nu2,"6\nu3,7\n',
      'line 3: expected a closing quote, got the end of the file',
    ],
    [
      'a quote in the middle',
      'id,age\nu1,5\nu2,6"7\n',
      'line 3: expected a quote only at the start of a cell (doubled inside one), got one in the middle',
    ],
    [
      'text after a quote',
      'id,age\nu1,5\nu2,"6"7\n',
      'line 3: expected the end of the cell after its closing quote, got more text',
    ],
    ['a weight without a number', 'id,features,weights\nu1,a,x\n', 'line 2: expected a weight, got "x"'],
    ['a weight that is empty', 'id,features,weights\nu1,a|b,1|\n', 'line 2: expected a weight, got ""'],
    [
      'an endless weight',
      'id,features,weights\nu1,a,Infinity\n',
      'line 2: expected weights from 0 to 1000000000000000, got Infinity',
    ],
    [
      'too few weights',
      'id,features,weights\nu1,a|b,1\n',
      'line 2: expected a weight for each of the 2 features, got 1',
    ],
    ['an empty feature', 'id,features\nu1,a||b\n', 'line 2: expected features to be texts that are not empty, got ""'],
    [
      'spaces for separators',
      'id,features\nu1,age:5 city:x\n',
      'line 2: expected features separated by | (or ; or ,), or a JSON array, got "age:5 city:x"',
    ],
    ['half a JSON array', 'id,features\nu1,"[""a"","\n', 'line 2: expected a JSON array, got "[\\"a\\","'],
    ['more than a JSON array', 'id,features\nu1,"[],""x"":[]"\n', 'line 2: expected a JSON array, got "[],\\"x\\":[]"'],
    [
      'numbers in a JSON array',
      'id,features\nu1,[1]\n',
      'line 2: expected features to be texts that are not empty, got 1',
    ],
    [
      'a bad weight in the first of a user’s rows',
      'id,feature,weight\nu1,a,-1\nu1,b,1\n',
      'line 2: expected weights from 0 to 1000000000000000, got -1',
    ],
    [
      'a feature twice in a user’s rows',
      'id,feature\nu1,a\nu1,a\nu1,b\n',
      'line 3: expected each feature once (weights say how much), got "a" twice',
    ],
    [
      'an empty feature in a row',
      'id,feature\nu1,\nu1,b\n',
      'line 2: expected features to be texts that are not empty, got ""',
    ],
    [
      'the rows of a user apart',
      'id,feature\nu1,a\nu2,a\nu1,b\n',
      'line 4: expected the rows of a user to stand together, got "u1" again; sort the file by id',
    ],
  ])('are refused with their line where it has %s', async (_, content, fault) => {
    expect(await refusalOf(content)).toBe(`, ${fault}`);
  });

  it.each([
    ['blank lines', 'id,age\n\n\nu1,5\n\nu2,6,7\n', 6],
    ['cells of several lines', 'id,age\nu1,"5\n5\n5"\nu2,6,7\n', 5],
    ['CRLF in cells', 'id,age\r\nu1,"5\r\n5"\r\nu2,6,7\r\n', 4],
    ['CR in cells', 'id,age\nu1,"5\r\r5"\nu2,6,7\n', 3],
    ['a thousand good rows', `id,age\n${'u,5\n'.repeat(1000)}u,6,7\n`, 1002],
    ['a hundred thousand good rows', `id,age\n${'u,5\n'.repeat(100_000)}u,6,7\n`, 100_002],
  ])('are refused with the right line after %s', async (_, content, line) => {
    expect(await refusalOf(content)).toBe(`, line ${line}: expected as many cells as in the first line (2), got 3`);
  });

  it('have the right line in what is refused later, too', async () => {
    expect(await refusalOf('id,age\r\n\r\nu1,"5\r\n5"\r\n"",6\r\n')).toBe(
      ', line 5: expected id to be a text that is not empty, got ""',
    );
  });

  it('are refused with 10 MB in one field', async () => {
    expect(await refusalOf(`id,age\nu1,${'x'.repeat(10_000_000)}\n`)).toBe(
      ', line 2: expected a record of at most 4 MiB, got a longer one (is a quote not closed?)',
    );
  });

  it('are refused soon after a quote that stays open, however much follows', async () => {
    const path = temporaryFile(`id,age\nu1,5\nu2,"6\n${'u3,7\n'.repeat(2_000_000)}`);
    let bytesRead = 0;

    const reading = openInput(path, (bytes) => {
      bytesRead = bytes;
    }).then((input) => allOf(readUsers(input)));

    await expect(reading).rejects.toThrow(
      `${path}, line 3: expected a record of at most 4 MiB, got a longer one (is a quote not closed?)`,
    );
    expect(bytesRead).toBeLessThan(6 << 20);
  });
});

it.each(['', '\n\n', '\ufeff', 'id,age\n', gzipSync('')])('a file without users is refused: %j', async (content) => {
  expect(await refusalOf(content)).toBe(': expected at least one user, got none');
});

describe('users of another shape than the usual one', () => {
  const COUNT = 40_000;
  const usual = Array.from({ length: COUNT }, (_, u) => ({ id: `u${u}`, features: [`a:${u % 7}`, `b:${u}`] }));
  const wide = usual.map(({ id, features: [a, b] }) => [id, a.slice(2), b.slice(2)]);

  it.each<[string, (u: number) => string]>([
    ['in another order', (u) => JSON.stringify({ features: usual[u].features, id: usual[u].id })],
    ['now and then', (u) => JSON.stringify({ ...usual[u], ...(u % 5 === 0 && { more: [{}] }) })],
    ['with escapes', (u) => JSON.stringify(usual[u]).replace('"u', '"\\u0075')],
  ])('are read as they come, however many: NDJSON %s', async (_, lineOf) => {
    expect(await usersIn(usual.map((__, u) => `${lineOf(u)}\n`).join(''))).toEqual(usual);
  });

  it('are read as they come, however many: CSV whose lines end in CR CR LF', async () => {
    const users = await usersIn(`id,a,b\n${wide.map((cells) => `${cells.join()}\r\r\n`).join('')}`);

    expect(users).toEqual(usual.map(({ id, features: [a, b] }) => ({ id, features: [a, `${b}\r`] })));
  });

  it('are refused with the line of the first that is wrong, among many', async () => {
    const lines = wide.map((cells, u) => `${u === 30_000 ? '' : cells.join()}${u === 30_000 ? ',1,2' : ''}\r\r\n`);

    expect(await refusalOf(`id,a,b\n${lines.join('')}`)).toBe(
      ', line 30002: expected id to be a text that is not empty, got ""',
    );
  });

  it.each([
    ['NDJSON', (users: readonly User[]) => users.map((user) => `${JSON.stringify(user)}\n`).join('')],
    [
      'CSV',
      (users: readonly User[]) =>
        `id,features\n${users.map((user) => `${user.id},${user.features.join('|')}\n`).join('')}`,
    ],
  ])('may be longer than what is read at once: %s', async (_, textOf) => {
    const features = Array.from({ length: 9_000 }, (__, f) => `${'x'.repeat(200)}:${f}`);
    const users = [
      { id: 'u1', features: ['a'] },
      { id: 'u2', features },
      { id: 'u3', features: ['b', ...features] },
      { id: 'u4', features: ['b'] },
    ];

    expect(await usersIn(textOf(users))).toEqual(users);
  });
});

describe('where a file is cut into chunks', () => {
  const CHUNK = 1 << 18;
  const NDJSON_USERS = [
    { id: 'ünal "😀"', features: ['a\r\nb', '😀:é', 'c'], weights: [1, 0.25, 7] },
    { id: '二', features: [] },
  ];
  const ndjsonTail = Buffer.from(`${NDJSON_USERS.map((user) => JSON.stringify(user)).join('\r\n')}\r\n`);
  const csvTail = Buffer.from('"ünal ""😀""","é\r\n,x"\r\n二,\r\n');
  const csvUsers = [
    { id: 'ünal "😀"', features: ['age:é\r\n,x'] },
    { id: '二', features: [] },
  ];

  /** The border of a chunk falls so many bytes into the tail. */
  const border = (tail: Buffer) => fc.integer({ min: -1, max: tail.length });

  test.prop([border(ndjsonTail), fc.boolean()], { seed: 1, numRuns: 60 })(
    'does not matter in NDJSON, gzipped or not',
    async (at, zipped) => {
      const [before, after] = ['{"id":"u0","features":[],"x":"', '"}\n'];
      const padding = 'x'.repeat(CHUNK - at - before.length - after.length);
      const content = Buffer.concat([Buffer.from(before + padding + after), ndjsonTail]);

      expect((await usersIn(zipped ? gzipSync(content, { level: 1 }) : content)).slice(1)).toEqual(NDJSON_USERS);
    },
  );

  test.prop([border(csvTail), fc.constantFrom(CHUNK, 1 << 16)], { seed: 1, numRuns: 60 })(
    'does not matter in CSV',
    async (at, chunk) => {
      const header = 'id,age\r\n';
      const row = (bytes: number) => `u0,${'x'.repeat(bytes - 5)}\r\n`;
      const left = chunk - at - header.length;
      const rows = row(512).repeat(Math.floor(left / 512) - 1) + row(512 + (left % 512));

      expect((await usersIn(Buffer.concat([Buffer.from(header + rows), csvTail]))).slice(-2)).toEqual(csvUsers);
    },
  );
});

describe('what one program writes, akin reads', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.constantFrom('', '"', ',', ';', '\t', '\n', '\r\n', '\r', ' x ', '""', '\ufeff'),
  );
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

  test.prop(
    [
      fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(',', ';', '\t'),
      fc.constantFrom('\n', '\r\n'),
    ],
    { seed: 1 },
  )('whatever stands in the cells', async (rows, separator, end) => {
    const people = rows.map(([age, city], n) => ({ id: `u${n}`, age, city }));
    const lines = people.map(({ id, age, city }) => [id, quoted(age), quoted(city)].join(separator) + end);

    const users = await usersIn(`id${separator}age${separator}city${end}${lines.join('')}`);

    expect(users).toEqual(
      people.map(({ id, age, city }) => ({
        id,
        features: [...(age === '' ? [] : [`age:${age}`]), ...(city === '' ? [] : [`city:${city}`])],
      })),
    );
  });
});
