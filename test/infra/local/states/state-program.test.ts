import { describe, expect, it, vi } from 'vitest';
import { AwsFault, arnOf } from '#infra/local/aws-service.ts';
import type { Json, JsonObject } from '#infra/local/json.ts';
import { errorNamed, execute, lambda, openMachine, outputOf, single } from '../machines.ts';

const echo = (payload: Json) => payload;

describe('tasks', () => {
  it('invoke the function that they name, with their input', async () => {
    const invoke = vi.fn(async () => ({ users: 3 }));

    const output = await outputOf(single(lambda('count')), { population: 'people' }, { options: { invoke } });

    expect(output).toEqual({ users: 3 });
    expect(invoke.mock.calls).toEqual([
      ['arn:aws:lambda:us-east-1:000000000000:function:count', { population: 'people' }],
    ]);
  });

  it('invoke through the service integration, which wraps the payload', async () => {
    const task = {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Parameters: { FunctionName: arnOf('lambda', 'function:echo'), 'Payload.$': '$.people' },
    };

    const wrapped = await outputOf(single(task), { people: ['a'] }, { functions: { echo } });
    const bare = await outputOf(
      single({ ...task, OutputPath: '$.Payload' }),
      { people: ['a'] },
      { functions: { echo } },
    );

    expect(wrapped).toEqual({ ExecutedVersion: '$LATEST', Payload: ['a'], StatusCode: 200 });
    expect(bare).toEqual(['a']);
  });

  it.each([[null], [0], [false], [''], [[]], [{}]])('give %j from one to the next', async (value) => {
    const next = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', OutputPath: '$.Payload', End: true };
    const Parameters = { FunctionName: arnOf('lambda', 'function:echo'), 'Payload.$': '$' };
    const seen: Json[] = [];
    const functions = { value: () => value, echo: (payload: Json) => seen.push(payload) && payload };

    const output = await outputOf(
      single(lambda('value', { Next: 'Second' }), { Second: { ...next, Parameters } }),
      {},
      { functions },
    );

    expect([seen, output]).toEqual([[value], value]);
  });

  it('give null for a function that returns nothing', async () => {
    expect(await outputOf(single(lambda('silent')), {}, { functions: { silent: () => undefined } })).toBeNull();
  });

  it('take and give the parts that their paths name', async () => {
    const task = lambda('double', {
      InputPath: '$.in',
      Parameters: { 'n.$': '$.n', factor: 2 },
      ResultSelector: { 'value.$': '$.product' },
      ResultPath: '$.out.double',
      OutputPath: '$.out',
    });
    const double = (payload: Json) => ({ product: JSON.parse(JSON.stringify(payload)).n * 2 });

    expect(await outputOf(single(task), { in: { n: 21 }, out: { old: 1 } }, { functions: { double } })).toEqual({
      old: 1,
      double: { value: 42 },
    });
  });

  it.each([
    ['the whole', { ResultPath: '$' }, 'new'],
    ['nothing', { ResultPath: null }, { old: 1 }],
    ['all of it', { InputPath: '$', OutputPath: '$' }, 'new'],
    ['none of it', { OutputPath: null }, {}],
  ])('may replace %s', async (_, paths, expected) => {
    expect(await outputOf(single(lambda('x', paths)), { old: 1 }, { functions: { x: () => 'new' } })).toEqual(expected);
  });

  it('know their execution and their machine', async () => {
    const Parameters = {
      'id.$': '$$.Execution.Id',
      'name.$': '$$.Execution.Name',
      'x.$': '$$.Execution.Input.x',
      'm.$': '$$.StateMachine.Id',
    };

    const first = lambda('drop', { Next: 'Second' });
    const output = await outputOf(
      single(first, { Second: { Type: 'Pass', Parameters, End: true } }),
      { x: 1 },
      { functions: { drop: () => ({ x: 2 }) } },
    );

    expect(output).toEqual({
      id: 'arn:aws:states:us-east-1:000000000000:execution:Flow:run',
      name: 'run',
      x: 1,
      m: 'arn:aws:states:us-east-1:000000000000:stateMachine:Flow',
    });
  });

  it('that take too long fail with States.Timeout', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { machine } = openMachine(single(lambda('slow', { TimeoutSeconds: 3 })), {
      functions: { slow: () => new Promise(() => {}) },
    });
    machine.start('run', {});

    await vi.advanceTimersByTimeAsync(2999);
    expect(machine.execution('run')?.status).toBe('RUNNING');
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();

    expect(await machine.ended('run')).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  it('may take longer than a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const slow = Promise.withResolvers<Json>();
    const { machine } = openMachine(single(lambda('slow')), { functions: { slow: () => slow.promise } });
    machine.start('run', {});

    await vi.advanceTimersByTimeAsync(800_000);
    slow.resolve('done');
    await vi.advanceTimersByTimeAsync(0);
    vi.useRealTimers();

    expect(await machine.ended('run')).toMatchObject({ status: 'SUCCEEDED', output: '"done"' });
  });
});

describe('a function’s error', () => {
  it('fails the execution under its own name, with all that Lambda says as the cause', async () => {
    const broken = () => {
      throw Object.assign(errorNamed('Invalid', 'expected seeds'), { trace: ['at x'] });
    };

    const { status, error, cause } = await execute(single(lambda('broken')), {}, { functions: { broken } });

    expect([status, error]).toEqual(['FAILED', 'Invalid']);
    expect(JSON.parse(cause ?? '')).toEqual({ errorMessage: 'expected seeds', errorType: 'Invalid', trace: ['at x'] });
  });

  it('is one of Lambda’s if the function could not be invoked', async () => {
    const invoke = () => Promise.reject(new AwsFault(404, 'ResourceNotFoundException', 'no such function'));

    expect(await execute(single(lambda('x')), {}, { options: { invoke } })).toMatchObject({
      error: 'Lambda.ResourceNotFoundException',
      cause: 'no such function',
    });
  });

  const RULES = [
    ['its name', ['Invalid'], true],
    ['another name', ['Conflict'], false],
    ['one of several names', ['Conflict', 'Invalid'], true],
    ['States.ALL', ['States.ALL'], true],
    ['States.TaskFailed', ['States.TaskFailed'], true],
    ['States.Timeout', ['States.Timeout'], false],
  ] as const;

  it.each(RULES)('is retried and caught by %s or not', async (_, ErrorEquals, isMatch) => {
    const tries = vi.fn(() => {
      throw errorNamed('Invalid', 'no');
    });
    const rule = { ErrorEquals: [...ErrorEquals] };
    const task = lambda('x', {
      Retry: [{ ...rule, MaxAttempts: 2 }],
      Catch: [{ ...rule, Next: 'Caught', ResultPath: '$.error' }],
    });

    const { status, output } = await execute(
      single(task, { Caught: { Type: 'Pass', End: true } }),
      { in: 1 },
      { functions: { x: tries } },
    );

    expect(tries).toHaveBeenCalledTimes(isMatch ? 3 : 1);
    expect(status).toBe(isMatch ? 'SUCCEEDED' : 'FAILED');
    const Cause = JSON.stringify({ errorMessage: 'no', errorType: 'Invalid' });
    if (isMatch) expect(JSON.parse(output ?? '')).toEqual({ in: 1, error: { Error: 'Invalid', Cause } });
  });

  it.each(['Runtime.ExitError', 'Sandbox.Timedout', 'Conflict'])('may be called %s', async (name) => {
    let tries = 0;
    const task = lambda('x', { Retry: [{ ErrorEquals: [name] }] });
    const x = () => {
      if (++tries === 1) throw errorNamed(name);
      return tries;
    };

    expect(await outputOf(single(task), {}, { functions: { x } })).toBe(2);
  });

  it('is retried after pauses that grow, up to the longest', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const times: number[] = [];
    const started = Date.now();
    const Retry = [
      { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 4 },
    ];
    const { machine } = openMachine(single(lambda('x', { Retry })), {
      functions: {
        x: () => {
          times.push(Date.now() - started);
          throw errorNamed('Invalid');
        },
      },
      options: { secondsPerSecond: 0.01 },
    });
    machine.start('run', {});

    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();

    expect(times).toEqual([0, 20, 80, 180, 280]);
    expect(await machine.ended('run')).toMatchObject({ status: 'FAILED', error: 'Invalid' });
  });

  it('is retried by default three times, after one second, two and four', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const times: number[] = [];
    const started = Date.now();
    const { machine } = openMachine(single(lambda('x', { Retry: [{ ErrorEquals: ['States.ALL'] }] })), {
      functions: {
        x: () => {
          times.push(Date.now() - started);
          throw errorNamed('Invalid');
        },
      },
      options: { secondsPerSecond: 1 },
    });
    machine.start('run', {});

    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();

    expect(times).toEqual([0, 1000, 3000, 7000]);
    expect((await machine.ended('run')).status).toBe('FAILED');
  });

  it('is counted by each Retry for itself', async () => {
    const errors = ['A', 'B', 'A', 'B', 'A'];
    const names = errors.values();
    const Retry = [
      { ErrorEquals: ['A'], MaxAttempts: 2 },
      { ErrorEquals: ['B'], MaxAttempts: 9, JitterStrategy: 'FULL', MaxDelaySeconds: 2 },
    ];
    const x = vi.fn(() => {
      throw errorNamed(names.next().value ?? 'none');
    });

    expect(await execute(single(lambda('x', { Retry })), {}, { functions: { x } })).toMatchObject({ error: 'A' });
    expect(x).toHaveBeenCalledTimes(5);
  });
});

describe('other states', () => {
  it.each([[null], [0], [false], [''], [[]], [{ a: 1 }]])('pass on the Result %j', async (Result) => {
    expect(await outputOf(single({ Type: 'Pass', Result }), { old: 1 })).toEqual(Result);
  });

  it('pass on parts of their input', async () => {
    expect(await outputOf(single({ Type: 'Pass', Parameters: { 'b.$': '$.a' }, ResultPath: '$.c' }), { a: 1 })).toEqual(
      {
        a: 1,
        c: { b: 1 },
      },
    );
  });

  it('wait as long as they say, in the seconds of the local stack', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const wait = { Type: 'Wait', SecondsPath: '$.seconds', Next: 'Last' };
    const { machine } = openMachine(single(wait, { Last: { Type: 'Wait', Seconds: 50, End: true } }), {
      options: { secondsPerSecond: 0.01 },
    });
    machine.start('run', { seconds: 100 });

    await vi.advanceTimersByTimeAsync(1499);
    expect(machine.execution('run')?.status).toBe('RUNNING');
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();

    expect(await machine.ended('run')).toMatchObject({ status: 'SUCCEEDED', output: '{"seconds":100}' });
  });

  it('wait until a time, which may have passed', async () => {
    const soon = new Date(Date.now() + 20_000).toISOString();
    const wait = { Type: 'Wait', TimestampPath: '$.soon', Next: 'Past' };

    const output = await outputOf(
      single(wait, { Past: { Type: 'Wait', Timestamp: '2020-01-01T00:00:00Z', End: true } }),
      { soon },
    );

    expect(output).toEqual({ soon });
  });

  it('do not wait for what is no time', async () => {
    expect(await execute(single({ Type: 'Wait', SecondsPath: '$.x' }), { x: 'soon' })).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
    });
  });

  it('succeed with a part of their input', async () => {
    expect(await outputOf(single({ Type: 'Succeed', OutputPath: '$.a' }), { a: [1] })).toEqual([1]);
  });

  it('fail with the error that they name, or with none', async () => {
    const named = await execute(single({ Type: 'Fail', Error: 'Conflict', Cause: 'somebody was faster' }), {});
    const found = await execute(single({ Type: 'Fail', ErrorPath: '$.e', CausePath: '$.c' }), { e: 'E', c: 'C' });
    const nameless = await execute(single({ Type: 'Fail' }), {});

    expect(named).toMatchObject({ status: 'FAILED', error: 'Conflict', cause: 'somebody was faster' });
    expect(found).toMatchObject({ status: 'FAILED', error: 'E', cause: 'C' });
    expect([nameless.status, nameless.error, nameless.cause]).toEqual(['FAILED', undefined, undefined]);
  });

  it('run branches at the same time, each with the same input', async () => {
    const branch = (name: string) => ({ StartAt: name, States: { [name]: lambda(name, { End: true }) } });
    const gate = Promise.withResolvers<void>();
    const functions = {
      waits: (payload: Json) => gate.promise.then(() => payload),
      opens: (payload: Json) => {
        gate.resolve();
        return payload;
      },
    };
    const state = { Type: 'Parallel', Branches: [branch('waits'), branch('opens')], ResultPath: '$.both' };

    expect(await outputOf(single(state), { a: 1 }, { functions })).toEqual({ a: 1, both: [{ a: 1 }, { a: 1 }] });
  });

  it('fail with the first branch that fails, and begin nothing more in the others', async () => {
    const gate = Promise.withResolvers<void>();
    const after = vi.fn();
    const branches = [
      { StartAt: 'Broken', States: { Broken: lambda('broken', { End: true }) } },
      { StartAt: 'Slow', States: { Slow: lambda('slow', { Next: 'After' }), After: lambda('after', { End: true }) } },
    ];
    const functions = {
      broken: () => Promise.reject(errorNamed('Invalid')),
      slow: () => gate.promise,
      after,
    };

    const execution = await execute(single({ Type: 'Parallel', Branches: branches }), {}, { functions });
    gate.resolve();
    await new Promise(setImmediate);

    expect(execution).toMatchObject({ status: 'FAILED', error: 'Invalid' });
    expect(after).not.toHaveBeenCalled();
  });

  it('begin nothing more in the other branches, also if the failure is caught', async () => {
    const gate = Promise.withResolvers<void>();
    const next = vi.fn();
    const branches = [
      { StartAt: 'Broken', States: { Broken: lambda('broken', { End: true }) } },
      { StartAt: 'Slow', States: { Slow: lambda('slow', { Next: 'After' }), After: lambda('next', { End: true }) } },
    ];
    const state = { Type: 'Parallel', Branches: branches, Catch: [{ ErrorEquals: ['Invalid'], Next: 'Caught' }] };
    const late = async () => {
      gate.resolve();
      await new Promise(setImmediate);
      return 'late';
    };
    const functions = { broken: () => Promise.reject(errorNamed('Invalid')), slow: () => gate.promise, next, late };

    const output = await outputOf(single(state, { Caught: lambda('late', { End: true }) }), {}, { functions });

    expect(output).toBe('late');
    expect(next).not.toHaveBeenCalled();
  });

  it('retry and catch what a branch failed with', async () => {
    let tries = 0;
    const broken = () => Promise.reject(errorNamed(++tries === 1 ? 'Busy' : 'Invalid'));
    const state = {
      Type: 'Parallel',
      Branches: [{ StartAt: 'A', States: { A: lambda('broken', { End: true }) } }],
      Retry: [{ ErrorEquals: ['Busy'] }],
      Catch: [{ ErrorEquals: ['Invalid'], Next: 'Caught', ResultPath: '$' }],
    };

    const output = await outputOf(
      single(state, { Caught: { Type: 'Pass', End: true } }),
      {},
      { functions: { broken } },
    );

    expect([tries, output]).toMatchObject([2, { Error: 'Invalid' }]);
  });

  it('may be named as they like', async () => {
    const States = {
      'gate of b': { Type: 'Pass', Parameters: { a: 1 }, Next: 'b' },
      b: { Type: 'Pass', Result: 2, ResultPath: '$.b', Next: 'constructor' },
      constructor: { Type: 'Pass', Result: 3, ResultPath: '$.c', End: true },
    };

    expect(await outputOf({ StartAt: 'gate of b', States }, {})).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('fail if there is nothing that a result could be a part of', async () => {
    expect(await execute(single({ Type: 'Pass', Result: 1, ResultPath: '$.a' }), [])).toMatchObject({
      error: 'States.ResultPathMatchFailure',
    });
  });
});

const LIMIT = 262_144;

/** JSON of just that many bytes, with characters of two bytes. */
const textOf = (bytes: number) => 'ü'.repeat((bytes - 2) / 2);

describe('data of 256 KiB', () => {
  it('is as much as an input, an output and what is between may be', async () => {
    expect(await outputOf(single(lambda('echo')), textOf(LIMIT), { functions: { echo } })).toHaveLength(LIMIT / 2 - 1);
  });

  it('and more is refused as an input', () => {
    const { machine } = openMachine(single({ Type: 'Succeed' }));

    expect(() => machine.start('run', textOf(LIMIT + 2))).toThrow('expected an input of at most 262144 bytes');
    expect(machine.execution('run')).toBeUndefined();
  });

  const EXCEEDED = { status: 'FAILED', error: 'States.DataLimitExceeded' };
  const large = () => textOf(LIMIT + 2);
  const half = () => textOf(LIMIT / 2);
  const STEPS: [string, JsonObject][] = [
    ['as the result of a function', lambda('large', { ResultPath: null })],
    [
      'as the result of a service',
      {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: { FunctionName: arnOf('lambda', 'function:almost'), Payload: {} },
        OutputPath: '$.Payload',
      },
    ],
    ['as the input of a task', lambda('small', { Parameters: { 'a.$': '$.half', 'b.$': '$.half' }, ResultPath: null })],
    ['as a result in its place', lambda('half', { ResultPath: '$.more' })],
    [
      'as the results of branches',
      {
        Type: 'Parallel',
        Branches: ['A', 'B'].map((name) => ({ StartAt: name, States: { [name]: lambda('half', { End: true }) } })),
        ResultPath: null,
      },
    ],
    [
      'as the results of items',
      {
        Type: 'Map',
        ItemsPath: '$.items',
        ItemProcessor: { StartAt: 'A', States: { A: lambda('half', { End: true }) } },
        ResultPath: null,
      },
    ],
  ];

  it.each(STEPS)('and more fails the execution %s, and nothing catches it', async (_, step) => {
    const after = vi.fn();
    const caught = {
      Retry: [{ ErrorEquals: ['States.ALL'] }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }],
    };
    const functions = { large, half, after, small: () => null, almost: () => textOf(LIMIT) };

    const execution = await execute(
      single({ ...step, ...caught, Next: 'After' }, { After: lambda('after', { Parameters: {}, End: true }) }),
      { half: half(), items: [1, 2] },
      { functions },
    );

    expect(execution).toMatchObject(EXCEEDED);
    expect(execution.cause).toContain('exceeding the maximum number of bytes service limit');
    expect(after).not.toHaveBeenCalled();
  });

  it('and more is not tried again', async () => {
    const result = vi.fn(large);

    await execute(
      single(lambda('result', { Retry: [{ ErrorEquals: ['States.ALL'] }] })),
      {},
      { functions: { result } },
    );

    expect(result).toHaveBeenCalledTimes(1);
  });

  it('and more fails an execution at its end', async () => {
    const Parameters = { 'a.$': '$', 'b.$': '$' };

    expect(await execute(single({ Type: 'Pass', Parameters }), half())).toMatchObject(EXCEEDED);
    expect(
      await execute(single(lambda('half', { ResultPath: '$.b' })), { a: half() }, { functions: { half } }),
    ).toMatchObject(EXCEEDED);
  });
});
