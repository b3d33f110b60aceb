import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Json, JsonObject } from '#infra/local/json.ts';
import { executionEvent } from '#infra/local/states/execution-events.ts';
import { temporaryFolder } from '../../../adapters/temporary-folder.ts';
import { errorNamed, lambda, MACHINE_ARN, openMachine, single } from '../machines.ts';

const ARN = 'arn:aws:states:us-east-1:000000000000:execution:Flow:job-1';

/** A machine whose only task waits until it is let go. */
function openGate(folder?: string) {
  const gate = Promise.withResolvers<Json>();
  const work = vi.fn(() => gate.promise);
  const opened = openMachine(single(lambda('work')), {
    functions: { work },
    options: { ...(folder !== undefined && { folder }) },
  });
  return { ...opened, gate, work };
}

describe('an execution', () => {
  it('is told of when it begins and when it ends', async () => {
    const { machine, changes, gate } = openGate();

    machine.start('job-1', { a: 1 });
    expect(changes).toEqual([
      {
        name: 'job-1',
        executionArn: ARN,
        stateMachineArn: MACHINE_ARN,
        status: 'RUNNING',
        input: '{"a":1}',
        startDate: expect.any(Number),
      },
    ]);
    gate.resolve('done');
    const ended = await machine.ended('job-1');

    expect(changes).toEqual([
      changes[0],
      { ...changes[0], status: 'SUCCEEDED', output: '"done"', stopDate: expect.any(Number) },
    ]);
    expect(machine.execution('job-1')).toEqual(ended);
  });

  it('is the same one if it is started again while it runs', async () => {
    const { machine, changes, gate, work } = openGate();

    const first = machine.start('job-1', { a: 1 });
    const second = machine.start('job-1', { a: 1 });
    gate.resolve(null);
    await machine.ended('job-1');

    expect(second).toEqual(first);
    expect(work).toHaveBeenCalledTimes(1);
    expect(changes).toHaveLength(2);
  });

  it('is not started under a name that runs with another input, or has ended', async () => {
    const { machine, gate, work } = openGate();
    machine.start('job-1', { a: 1 });

    expect(() => machine.start('job-1', { a: 2 })).toThrow('expected a new name');
    gate.resolve(null);
    await machine.ended('job-1');
    expect(() => machine.start('job-1', { a: 1 })).toThrow(expect.objectContaining({ code: 'ExecutionAlreadyExists' }));

    expect(work).toHaveBeenCalledTimes(1);
  });

  it('runs beside others', async () => {
    const { machine } = openMachine(single(lambda('echo')), { functions: { echo: (payload) => payload } });

    for (const name of ['a', 'b', 'c']) machine.start(name, name);
    const outputs = await Promise.all(['a', 'b', 'c'].map(async (name) => (await machine.ended(name)).output));

    expect(outputs).toEqual(['"a"', '"b"', '"c"']);
  });

  it.each(['', 'a b', 'a/b', 'a:b', 'a\n', '*', 'x'.repeat(81)])('is not named %j', (name) => {
    expect(() => openGate().machine.start(name, {})).toThrow(expect.objectContaining({ code: 'InvalidName' }));
  });

  it('times out with its machine', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const slow = Promise.withResolvers<Json>();
    const after = vi.fn();
    const { machine } = openMachine(
      { ...single(lambda('slow', { Next: 'After' }), { After: lambda('after', { End: true }) }), TimeoutSeconds: 10 },
      { functions: { slow: () => slow.promise, after } },
    );
    machine.start('job-1', {});

    await vi.advanceTimersByTimeAsync(10_000);
    slow.resolve(null);
    await vi.advanceTimersByTimeAsync(0);
    vi.useRealTimers();

    expect(await machine.ended('job-1')).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
    expect(after).not.toHaveBeenCalled();
  });

  it('does not try again what it waited for when it timed out', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const broken = vi.fn(() => Promise.reject(errorNamed('Busy')));
    const task = lambda('broken', { Retry: [{ ErrorEquals: ['Busy'], IntervalSeconds: 60 }] });
    const { machine } = openMachine(
      { ...single(task), TimeoutSeconds: 10 },
      { functions: { broken }, options: { secondsPerSecond: 1 } },
    );
    machine.start('job-1', {});

    await vi.advanceTimersByTimeAsync(100_000);
    vi.useRealTimers();

    expect((await machine.ended('job-1')).status).toBe('TIMED_OUT');
    expect(broken).toHaveBeenCalledTimes(1);
  });

  it('begins no further item of a map when it has timed out', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const begun: Json[] = [];
    const gate = Promise.withResolvers<void>();
    const ItemProcessor = { StartAt: 'Each', States: { Each: lambda('each', { End: true }) } };
    const { machine } = openMachine(
      { ...single({ Type: 'Map', MaxConcurrency: 1, ItemProcessor }), TimeoutSeconds: 10 },
      { functions: { each: (item) => begun.push(item) && gate.promise } },
    );
    machine.start('job-1', [1, 2, 3]);

    await vi.advanceTimersByTimeAsync(10_000);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    vi.useRealTimers();

    expect([(await machine.ended('job-1')).status, begun]).toEqual(['TIMED_OUT', [1]]);
  });

  it('is not asked for if it is none', async () => {
    await expect(openGate().machine.ended('nobody')).rejects.toThrow('expected an execution of Flow, got nobody');
  });
});

describe('a restart', () => {
  it('tells of what was running as aborted, once', async () => {
    const folder = temporaryFolder();
    const before = openGate(folder);
    before.machine.start('job-1', { a: 1 });
    before.machine.stop();
    before.gate.resolve(null);
    await new Promise(setImmediate);
    expect(before.changes).toHaveLength(1);

    const after = openGate(folder);
    expect(after.changes).toEqual([]);
    after.machine.abortInterrupted();
    after.machine.abortInterrupted();

    expect(after.changes).toEqual([
      {
        ...before.changes[0],
        status: 'ABORTED',
        stopDate: expect.any(Number),
        cause: 'The local stack was stopped while the execution was running.',
      },
    ]);
    expect(after.work).not.toHaveBeenCalled();
    const again = openGate(folder);
    again.machine.abortInterrupted();
    expect(again.changes).toEqual([]);
  });

  it('does not abort what runs now', async () => {
    const { machine, changes, gate } = openGate(temporaryFolder());
    machine.start('job-1', {});

    machine.abortInterrupted();
    gate.resolve('done');

    expect((await machine.ended('job-1')).status).toBe('SUCCEEDED');
    expect(changes).toHaveLength(2);
  });

  it('remembers which names are taken, and how executions ended', async () => {
    const folder = temporaryFolder();
    const { machine, gate } = openGate(folder);
    machine.start('ended', {});
    gate.resolve('done');
    const ended = await machine.ended('ended');
    const interrupted = openGate(folder).machine;
    interrupted.start('interrupted', {});
    interrupted.stop();

    const reopened = openGate(folder).machine;

    expect(reopened.execution('ended')).toEqual(ended);
    expect(() => reopened.start('ended', {})).toThrow('expected a new name');
    expect(() => reopened.start('interrupted', {})).toThrow('expected a new name');
    reopened.start('new', {});
    reopened.stop();
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it.each(['', '{"name":', '[]', '{"name":"a"}'])('refuses a file that is no execution: %j', (content) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'x.json'), content);

    expect(() => openGate(folder)).toThrow(`${join(folder, 'x.json')}: expected an execution`);
  });
});

describe('the event of an execution', () => {
  const ended = (state: JsonObject, input: Json) => {
    const { machine } = openMachine(single(state));
    machine.start('run', input);
    return machine.ended('run');
  };

  it('is that of Step Functions', async () => {
    const execution = await ended({ Type: 'Fail', Error: 'Invalid', Cause: 'no seeds' }, { a: 1 });

    expect(executionEvent(execution)).toEqual({
      source: 'aws.states',
      detailType: 'Step Functions Execution Status Change',
      resources: [execution.executionArn],
      detail: {
        executionArn: execution.executionArn,
        stateMachineArn: MACHINE_ARN,
        name: 'run',
        status: 'FAILED',
        startDate: execution.startDate,
        stopDate: execution.stopDate,
        input: '{"a":1}',
        output: null,
        inputDetails: { included: true },
        outputDetails: null,
        error: 'Invalid',
        cause: 'no seeds',
      },
    });
  });

  it('has no end while the execution runs', () => {
    const { machine } = openGate();

    expect(executionEvent(machine.start('job-1', {})).detail).toMatchObject({
      status: 'RUNNING',
      stopDate: null,
      output: null,
    });
  });

  it.each([
    ['the input, if both are too large together', 130_000, 130_000, [false, true]],
    ['both, if the output is too large', 10, 255_000, [false, false]],
    ['nothing of what fits', 120_000, 120_000, [true, true]],
  ])('leaves out %s', async (_, input, output, expected) => {
    const execution = await ended({ Type: 'Pass', Result: 'a'.repeat(output) }, 'a'.repeat(input));
    const { detail } = executionEvent(execution);

    expect([detail.inputDetails, detail.outputDetails]).toEqual(expected.map((included) => ({ included })));
    expect([detail.input !== null, detail.output !== null]).toEqual(expected);
  });
});
