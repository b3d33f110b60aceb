import { describe, expect, it, vi } from 'vitest';
import type { Json, JsonObject } from '#infra/local/json.ts';
import { errorNamed, execute, lambda, type MachineWorld, outputOf, single } from '../machines.ts';

const echo = (payload: Json) => payload;

function map(more: JsonObject, task: JsonObject = lambda('each'), mode = 'INLINE'): JsonObject {
  const ProcessorConfig = { Mode: mode, ...(mode === 'DISTRIBUTED' && { ExecutionType: 'STANDARD' }) };
  return {
    Type: 'Map',
    ItemProcessor: { ProcessorConfig, StartAt: 'Each', States: { Each: { ...task, End: true } } },
    ...more,
  };
}

const distributed = (more: JsonObject, task?: JsonObject) => map(more, task, 'DISTRIBUTED');

const READER = {
  Resource: 'arn:aws:states:::s3:getObject',
  ReaderConfig: { InputType: 'JSON' },
  Parameters: { Bucket: 'data', 'Key.$': '$.key' },
};

describe.each([
  ['inline', map],
  ['distributed', distributed],
])('an %s map', (_, mapOf) => {
  it('gives the results in the order of the items', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const each = async (item: Json) => {
      if (item === 1) await gates[0].promise;
      else gates[0].resolve();
      return [item];
    };

    expect(
      await outputOf(single(mapOf({ ItemsPath: '$.items' })), { items: [1, 2, 3] }, { functions: { each } }),
    ).toEqual([[1], [2], [3]]);
  });

  it('has nothing to do for no items', async () => {
    expect(await outputOf(single(mapOf({})), [])).toEqual([]);
  });

  it('makes each item’s input of the item, its place, and the state’s input', async () => {
    const ItemSelector = {
      'item.$': '$$.Map.Item.Value',
      'name.$': '$$.Map.Item.Value.name',
      'at.$': '$$.Map.Item.Index',
      'population.$': '$.population',
      'by.$': '$$.Execution.Name',
      note: 'same',
    };

    const output = await outputOf(
      single(mapOf({ ItemsPath: '$.items', ItemSelector, ResultPath: '$.results' })),
      { population: 'people', items: [{ name: 'a' }, { name: 'b' }] },
      { functions: { each: echo } },
    );

    const common = { population: 'people', by: 'run', note: 'same' };
    expect(output).toMatchObject({
      results: [
        { ...common, item: { name: 'a' }, name: 'a', at: 0 },
        { ...common, item: { name: 'b' }, name: 'b', at: 1 },
      ],
    });
  });

  it('runs no more at once than it may', async () => {
    let [running, most] = [0, 0];
    const each = async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    };

    await outputOf(
      single(mapOf({ MaxConcurrency: 3 })),
      Array.from({ length: 10 }, (_item, at) => at),
      {
        functions: { each },
      },
    );

    expect(most).toBe(3);
  });

  it('begins no further item after one has failed', async () => {
    const begun: Json[] = [];
    const each = async (item: Json) => {
      begun.push(item);
      if (item === 2) throw errorNamed('Invalid');
    };

    const { status } = await execute(single(mapOf({ MaxConcurrency: 1 })), [1, 2, 3, 4], { functions: { each } });
    await new Promise(setImmediate);

    expect([status, begun]).toEqual(['FAILED', [1, 2]]);
  });

  it('retries an item in its own state', async () => {
    let tries = 0;
    const each = (item: Json) => {
      if (item === 2 && ++tries < 3) throw errorNamed('Busy');
      return item;
    };
    const task = lambda('each', { Retry: [{ ErrorEquals: ['Busy'] }] });

    expect(await outputOf(single(mapOf({}, task)), [1, 2, 3], { functions: { each } })).toEqual([1, 2, 3]);
  });

  it.each([{}, { items: { a: 1 } }, { items: 'abc' }])('fails if its items are no list: %j', async (input) => {
    const { status, error } = await execute(single(mapOf({ ItemsPath: '$.items' })), input);

    expect([status, error]).toEqual(['FAILED', 'States.Runtime']);
  });
});

describe('an inline map', () => {
  it('fails with what its item failed with', async () => {
    const each = () => Promise.reject(errorNamed('Invalid'));

    expect(await execute(single(map({})), [1], { functions: { each } })).toMatchObject({ error: 'Invalid' });
  });

  it('begins no further item after one has failed, also if the failure is caught', async () => {
    const begun: Json[] = [];
    const gate = Promise.withResolvers<void>();
    const each = async (item: Json) => {
      begun.push(item);
      if (item === 1) throw errorNamed('Invalid');
      await gate.promise;
    };
    const late = async () => {
      gate.resolve();
      await new Promise(setImmediate);
    };
    const state = map({ MaxConcurrency: 2, Catch: [{ ErrorEquals: ['Invalid'], Next: 'Caught' }] });

    await outputOf(single(state, { Caught: lambda('late', { End: true }) }), [1, 2, 3, 4], {
      functions: { each, late },
    });

    expect(begun).toEqual([1, 2]);
  });

  it('runs at most 40 items at once', async () => {
    let [running, most] = [0, 0];
    const each = async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    };

    await outputOf(
      single(map({})),
      Array.from({ length: 100 }, (_, at) => at),
      { functions: { each } },
    );

    expect(most).toBe(40);
  });

  it('may stand in another', async () => {
    const ItemProcessor = { StartAt: 'Inner', States: { Inner: lambda('each', { End: true }) } };
    const inner = { Type: 'Map', ItemsPath: '$.inner', ItemProcessor };
    const each = (item: Json) => Number(item) * 10;

    expect(
      await outputOf(single(map({}, inner)), [{ inner: [1, 2] }, { inner: [3] }], { functions: { each } }),
    ).toEqual([[10, 20], [30]]);
  });
});

describe('a distributed map', () => {
  it('fails with an error of its own, which a Retry and a Catch of the map see', async () => {
    const each = vi.fn(() => Promise.reject(errorNamed('Invalid')));
    const state = distributed({
      Retry: [
        { ErrorEquals: ['Invalid'] },
        { ErrorEquals: ['States.ExceedToleratedFailureThreshold'], MaxAttempts: 1 },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
    });

    const output = await outputOf(single(state, { Caught: { Type: 'Pass', End: true } }), [1], { functions: { each } });

    expect(output).toEqual({
      Error: 'States.ExceedToleratedFailureThreshold',
      Cause: 'The specified tolerated failure threshold was exceeded',
    });
    expect(each).toHaveBeenCalledTimes(2);
  });

  it('runs each item as an execution of its own', async () => {
    const task = lambda('each', { Parameters: { 'id.$': '$$.Execution.Id', 'input.$': '$$.Execution.Input' } });

    const [first, second] = JSON.parse(
      JSON.stringify(await outputOf(single(distributed({}, task)), ['a', 'b'], { functions: { each: echo } })),
    );

    expect([first.input, second.input]).toEqual(['a', 'b']);
    expect(first.id).toMatch(/^arn:aws:states:us-east-1:000000000000:execution:Flow\/Only:[0-9a-f-]{36}$/);
    expect(second.id).not.toBe(first.id);
  });

  const read = (InputType: string, text: string, more: JsonObject = {}, world: MachineWorld = {}) =>
    execute(
      single(distributed({ ItemReader: { ...READER, ReaderConfig: { InputType } }, ...more })),
      { key: 'a/items' },
      { functions: { each: echo }, objects: { 'data/a/items': text }, ...world },
    );

  it.each([
    ['JSON', '[{"id":1}, 2]'],
    ['JSONL', '{"id":1}\n\n2\n'],
    ['JSONL', '{"id":1}\r\n2'],
  ])('reads its items from S3, as %s', async (InputType, text) => {
    expect(await read(InputType, text)).toMatchObject({ status: 'SUCCEEDED', output: '[{"id":1},2]' });
  });

  it('reads more than the state’s input may hold', async () => {
    const items = Array.from({ length: 40_000 }, (_, at) => ({ id: at, name: 'a'.repeat(20) }));

    const { output } = await read(
      'JSON',
      JSON.stringify(items),
      {
        ItemBatcher: { MaxItemsPerBatch: 5000 },
        ResultSelector: { 'batches.$': 'States.ArrayLength($)' },
      },
      { functions: { each: () => null } },
    );

    expect(output).toBe('{"batches":8}');
  });

  it.each([
    ['what is not there', 'JSON', '', { Parameters: { Bucket: 'data', Key: 'nothing' } }, 'does not exist'],
    ['what is no JSON', 'JSON', '[1,', {}, 'JSON'],
    ['what is no list', 'JSON', '{"a":1}', {}, 'expected a list of items'],
    ['a line that is no JSON', 'JSONL', '1\nx', {}, 'JSON'],
  ])('fails to read %s, and a Catch sees that', async (_, InputType, text, reader, expected) => {
    const ItemReader = { ...READER, ReaderConfig: { InputType }, ...reader };
    const state = distributed({ ItemReader, Catch: [{ ErrorEquals: ['States.ItemReaderFailed'], Next: 'Caught' }] });

    const output = await outputOf(
      single(state, { Caught: { Type: 'Pass', End: true } }),
      { key: 'a/items' },
      { objects: { 'data/a/items': text } },
    );

    expect(output).toMatchObject({ Error: 'States.ItemReaderFailed', Cause: expect.stringContaining(expected) });
  });

  it('gives items in batches, with what they have in common', async () => {
    const ItemBatcher = { MaxItemsPerBatch: 2, BatchInput: { 'key.$': '$.key', fixed: true } };
    const ItemSelector = { 'v.$': '$$.Map.Item.Value' };

    const { output } = await read('JSON', '[1,2,3]', { ItemBatcher, ItemSelector });

    const BatchInput = { key: 'a/items', fixed: true };
    expect(JSON.parse(output ?? '')).toEqual([
      { BatchInput, Items: [{ v: 1 }, { v: 2 }] },
      { BatchInput, Items: [{ v: 3 }] },
    ]);
  });

  it('fails if a batch is larger than an execution’s input may be', async () => {
    const each = vi.fn();
    const items = JSON.stringify(['a'.repeat(131_072), 'b'.repeat(131_072)]);

    expect(await read('JSON', items, { ItemBatcher: { MaxItemsPerBatch: 2 } }, { functions: { each } })).toMatchObject({
      status: 'FAILED',
    });
    expect(each).not.toHaveBeenCalled();
  });
});
