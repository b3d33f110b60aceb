import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Json } from '#infra/local/json.ts';
import { checkPath, checkTemplate, compileTemplate } from '#infra/local/states/state-templates.ts';

const CONTEXT = { Execution: { Name: 'run', Input: { x: [1] } }, Map: { Item: { Index: 2, Value: { id: 'b' } } } };

function evaluate(template: Json, input: Json): Promise<Json> {
  checkTemplate(template, 'a test', 'item');
  return compileTemplate(template)(input, CONTEXT);
}

describe('a template', () => {
  it('takes parts of the input and of the context, at any depth', async () => {
    const template = {
      'part.$': '$.a.b[0]',
      'quoted.$': "$['a b'].c",
      'run.$': '$$.Execution.Name',
      'x.$': '$$.Execution.Input.x[0]',
      'id.$': '$$.Map.Item.Value.id',
      nested: [{ 'at.$': '$$.Map.Item.Index' }, 'fixed', 5, null],
      price$: '$.a',
    };

    expect(await evaluate(template, { a: { b: ['first'] }, 'a b': { c: 7 } })).toEqual({
      part: 'first',
      quoted: 7,
      run: 'run',
      x: 1,
      id: 'b',
      nested: [{ at: 2 }, 'fixed', 5, null],
      price$: '$.a',
    });
  });

  it.each<[string, Json]>([
    ["States.Format('{}: {} of {}', $.name, $.n, $$.Execution.Name)", 'a\\b "c": 3 of run'],
    ["States.Format('no placeholders')", 'no placeholders'],
    ["States.Format('costs $5, {}', $.n)", 'costs $5, 3'],
    ['States.Array($.n, true, null, 4)', [3, true, null, 4]],
    ['States.ArrayLength($.list)', 3],
    ["States.ArrayContains($.list, 'y')", true],
    ['States.ArrayPartition($.list, 2)', [['x', 'y'], ['z']]],
    ['States.MathAdd($.n, -5)', -2],
    ['States.ArrayLength(States.Array($.n, $.n))', 2],
  ])('calls %s', async (expression, expected) => {
    const output = await evaluate({ 'value.$': expression }, { name: 'a\\b "c"', n: 3, list: ['x', 'y', 'z'] });

    expect(output).toEqual({ value: expected });
  });

  it('makes another id each time', async () => {
    const template = compileTemplate({ 'id.$': 'States.UUID()' });

    const [first, second] = [await template({}, {}), await template({}, {})];

    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    });
    expect(second).not.toEqual(first);
  });

  it('fails for a part that is not there, and names it as it was written', async () => {
    const failure = { name: 'States.Runtime', isRetryable: false, isCatchable: false };

    await expect(evaluate({ 'a.$': '$.b' }, {})).rejects.toMatchObject({
      ...failure,
      message: expect.stringContaining("'$.b'"),
    });
    await expect(evaluate({ 'a.$': '$$.Execution.Id' }, {})).rejects.toMatchObject({
      ...failure,
      message: expect.stringContaining("'$$.Execution.Id'"),
    });
  });

  const json = fc.jsonValue({ maxDepth: 3 }).map((value): Json => JSON.parse(JSON.stringify(value)));

  test.prop([json], { examples: [[null], [0], [false], [''], ['\\'], [{ 'a\\': ['\\n', 'x'] }]] })(
    'gives the whole input back as it was',
    async (input) => {
      expect(await compileTemplate({ 'whole.$': '$', list: [{ 'again.$': '$' }] })(input, {})).toEqual({
        whole: input,
        list: [{ again: input }],
      });
    },
  );

  test.prop([fc.string({ unit: fc.constantFrom('a', '\\', "'", '{}', '$', '"', 'ü') }), fc.integer()])(
    'puts texts and numbers into a format as they are',
    async (text, number) => {
      const template = compileTemplate({ 'text.$': "States.Format('<{}|{}>', $.text, $.number)" });

      expect(await template({ text, number }, {})).toEqual({ text: `<${text}|${number}>` });
    },
  );

  it.each([
    '$.a[*]',
    '$..a',
    '$.a[-1]',
    '$.a[?(@.b)]',
    '$.a[0:2]',
    "$['a', 'b']",
    'a',
    '$$',
    '$$.State.Name',
    '$$.Task.Token',
    '$$.Execution.RoleArn',
    "States.Format('{}', $..a)",
  ])('is refused with the path %s', (path) => {
    const expected = path.includes('States') ? '$..a' : path;
    expect(() => checkTemplate({ a: [{ 'b.$': path }] }, 'a test')).toThrow(`got the path ${expected} in a test`);
  });

  it('is refused with an item where there is none', () => {
    expect(() => checkTemplate({ 'a.$': '$$.Map.Item.Value' }, 'a test')).toThrow('the path $$.Map.Item.Value');
  });

  it.each(['JsonToString', 'StringToJson', 'JsonMerge', 'Hash', 'MathRandom', 'ArrayGetItem', 'constructor'])(
    'is refused with the function States.%s',
    (name) => {
      expect(() => checkTemplate({ 'a.$': `States.Array(States.${name}($.x))` }, 'a test')).toThrow(
        `States.${name} in a test`,
      );
    },
  );

  it.each(["'a (b'", String.raw`'it\'s'`])(
    'is refused with the text %s, which the library would read differently',
    (text) => {
      expect(() => checkTemplate({ 'a.$': `States.Format(${text})` }, 'a test')).toThrow(`the text ${text} in a test`);
    },
  );

  it('is refused with a path that is no text', () => {
    expect(() => checkTemplate({ 'a.$': 5 }, 'a test')).toThrow('the path 5 in a test');
  });
});

describe('a path', () => {
  it.each(['$', '$.a', '$.a-b.c_d', '$.a[0].b', "$['a b']"])('may be %s', (path) => {
    expect(() => checkPath(path, 'a test')).not.toThrow();
  });

  it.each(['$.a[*]', '$$.Execution.Id', 'a', '', 5, null])('may not be %j', (path) => {
    expect(() => checkPath(path, 'a test')).toThrow('expected what the local stack knows');
  });
});
