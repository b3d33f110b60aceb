/** What a function on the laptop gets and gives, and the life of its processes. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { LocalFunction } from '#infra/local/lambda/local-function.ts';
import { temporaryFolder } from '../../../adapters/temporary-folder.ts';
import { bundleOf, isAlive, localFunction, optionsFor } from './bundled-function.ts';

const ECHO = 'export const handler = async (event) => event;';

describe('an invocation', () => {
  it('gives the event to the handler and its value to the caller', async () => {
    const { local } = localFunction('export const handler = async ({ a, b }) => ({ sum: a + b, "ü": ["💡"] });');

    const { payload } = await local.invoke({ a: 1, b: 2 });

    expect(payload).toEqual({ sum: 3, ü: ['💡'] });
  });

  it('gives null for a handler that returns nothing, and an empty object to one that is given nothing', async () => {
    const { local } = localFunction('export const handler = async (event) => { if (event.a) return event; };');

    expect((await local.invoke(undefined)).payload).toBeNull();
    expect((await local.invoke({ a: 1 })).payload).toEqual({ a: 1 });
  });

  it('takes a handler that is no async function, in a CommonJS bundle, below the folder', async () => {
    const task = temporaryFolder();
    mkdirSync(join(task, 'sub'));
    writeFileSync(join(task, 'sub', 'index.js'), 'exports.handler = (event) => event.n + 1;');
    const { local } = localFunction('', { task, handler: 'sub/index.handler' });

    expect((await local.invoke({ n: 1 })).payload).toBe(2);
  });

  it('tells the handler its context', async () => {
    const { local } = localFunction(
      `export const handler = async (event, context) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { context, left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID };
      };`,
      { memoryMiB: 192, timeoutMs: 9_000 },
    );

    const { payload, requestId } = await local.invoke({});

    expect(payload).toEqual({
      context: {
        awsRequestId: requestId,
        functionName: 'expand',
        functionVersion: '$LATEST',
        invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:expand',
        memoryLimitInMB: '192',
        logGroupName: '/aws/lambda/expand',
        logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
      },
      left: expect.closeTo(8_500, -3),
      trace: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/),
    });
  });

  it('has a request id and a trace of its own', async () => {
    const { local } = localFunction(
      'export const handler = async (event, { awsRequestId }) => [awsRequestId, process.env._X_AMZN_TRACE_ID];',
    );

    const [first, second] = [await local.invoke({}), await local.invoke({})];

    expect(new Set([first.payload, second.payload].flat()).size).toBe(4);
  });

  it('passes on the lines that the function writes, to either stream, the last without its end', async () => {
    const { local, log } = localFunction(
      `export const handler = async () => {
        console.log('one\\n\\ntwo \\u2028 "ü"');
        console.error('wrong');
        process.stdout.write('half');
        process.exit(3);
      };`,
    );

    await expect(local.invoke({})).rejects.toThrow('exit status 3');

    expect(log.lines.filter((line) => line !== 'wrong')).toEqual(['one', '', 'two \u2028 "ü"', 'half']);
    expect(log.lines).toContain('wrong');
  });

  it('is measured', async () => {
    const { local } = localFunction(
      `const kept = [];
      export const handler = async ({ waitMs, bytes }) => {
        kept.push(Buffer.alloc(bytes, 1));
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      };`,
    );

    const small = await local.invoke({ waitMs: 0, bytes: 0 });
    const large = await local.invoke({ waitMs: 150, bytes: 64 * 1024 * 1024 });

    expect(small.initMs).toBeGreaterThan(10);
    expect(large.initMs).toBe(0);
    expect(large.durationMs).toBeGreaterThanOrEqual(149);
    if (!existsSync('/proc/self/status')) return;
    expect(small.maxMemoryMiB).toBeGreaterThan(30);
    expect((large.maxMemoryMiB ?? 0) - (small.maxMemoryMiB ?? 0)).toBeGreaterThan(60);
  });
});

describe('a function’s processes', () => {
  it('are kept: the second call is not cold', async () => {
    const { local } = localFunction('let calls = 0; export const handler = async () => [++calls, process.pid];');

    const [first, second] = [await local.invoke({}), await local.invoke({})];

    const [pid] = local.pids;
    expect([first.isCold, first.payload]).toEqual([true, [1, pid]]);
    expect([second.isCold, second.payload]).toEqual([false, [2, pid]]);
  });

  it('run up to the concurrency at the same time, and what is beyond waits for the first that is free', async () => {
    const { local, log, options } = localFunction(
      `import { existsSync } from 'node:fs';
      export const handler = async ({ gate }) => {
        console.log('begun');
        while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 5));
        return process.pid;
      };`,
      { concurrency: 2 },
    );
    const gate = join(options.scratch, 'gate');

    const calls = [1, 2, 3].map(() => local.invoke({ gate }));
    await log.written('begun', 2);
    const running = local.pids;
    writeFileSync(gate, '');
    const results = await Promise.all(calls);

    expect(running).toHaveLength(2);
    expect(results.map(({ isCold }) => isCold)).toEqual([true, true, false]);
    expect(new Set(results.map(({ payload }) => payload))).toEqual(new Set(running));
    expect(log.lines).toEqual(['begun', 'begun', 'begun']);
  });

  it('are replaced when they ended while nobody called', async () => {
    const { local } = localFunction('export const handler = async () => process.pid;');
    await local.invoke({});
    const [pid] = local.pids;

    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(local.pids).toEqual([]));
    const after = await local.invoke({});

    expect(after.isCold).toBe(true);
    expect(after.payload).not.toBe(pid);
  });

  it('have a folder for temporary files each, which goes with them', async () => {
    const { local, options } = localFunction(
      `import { tmpdir } from 'node:os';
      import { writeFileSync } from 'node:fs';
      export const handler = async () => {
        writeFileSync(tmpdir() + '/kept', 'x');
        await new Promise((resolve) => setTimeout(resolve, 50));
        return tmpdir();
      };`,
      { concurrency: 2 },
    );

    const results = await Promise.all([local.invoke({}), local.invoke({})]);
    const folders = results.map(({ payload }) => payload);

    expect(new Set(folders).size).toBe(2);
    expect(new Set(readdirSync(options.scratch).map((name) => join(options.scratch, name)))).toEqual(new Set(folders));
    await local.stop();
    expect(readdirSync(options.scratch)).toEqual([]);
  });
});

describe('payloads', () => {
  const EVENT_LIMIT = 6_291_456;
  const RESPONSE_LIMIT = 6_291_556;
  const SIZE_OF =
    'export const handler = async (event) => typeof event === "number" ? "r".repeat(event - 2) : event.length;';

  it('may have six megabytes on the way in, and not a byte more', async () => {
    const { local } = localFunction(SIZE_OF);

    expect((await local.invoke('e'.repeat(EVENT_LIMIT - 2))).payload).toBe(EVENT_LIMIT - 2);
    await expect(local.invoke('e'.repeat(EVENT_LIMIT - 1))).rejects.toMatchObject({
      name: 'AwsFault',
      status: 413,
      code: 'RequestEntityTooLargeException',
      message: '6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)',
    });
    // Two bytes each in UTF-8.
    await expect(local.invoke('ü'.repeat(EVENT_LIMIT / 2))).rejects.toMatchObject({ status: 413 });
  });

  it('may have a hundred bytes more on the way out, and the process lives on', async () => {
    const { local } = localFunction(SIZE_OF);

    expect((await local.invoke(RESPONSE_LIMIT)).payload).toHaveLength(RESPONSE_LIMIT - 2);
    await expect(local.invoke(RESPONSE_LIMIT + 1)).rejects.toMatchObject({
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
    });
    expect((await local.invoke('abc')).isCold).toBe(false);
  });
});

describe('the Runtime API', () => {
  it('refuses an answer to what it did not ask, and one that is none', async () => {
    const { local } = localFunction(
      `const post = async (path, body) => {
        const url = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/' + path;
        return (await fetch(url, { method: 'POST', body })).status;
      };
      export const handler = async (event, { awsRequestId }) => [
        await post('invocation/another/response', '1'),
        await post('invocation/' + awsRequestId + '/error', '{"errorType":1}'),
        await post('init/error', 'broken'),
        await post('somewhere', '1'),
      ];`,
    );

    expect((await local.invoke({})).payload).toEqual([400, 400, 400, 400]);
  });
});

describe('a stop', () => {
  it('ends every process, fails what runs and what waits, and takes no more', async () => {
    const { local, log } = localFunction(
      `export const handler = () => new Promise(() => { console.log('begun'); setInterval(() => {}, 1000); });`,
    );
    const running = local.invoke({}).catch((error: unknown) => error);
    const waiting = local.invoke({}).catch((error: unknown) => error);
    await log.written('begun');
    const { pids } = local;

    await local.stop();

    expect(pids.map(isAlive)).toEqual([false]);
    expect(local.pids).toEqual([]);
    expect(await running).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(await waiting).toMatchObject({ message: 'expected a function that runs, got expand after its stop' });
    await expect(local.invoke({})).rejects.toThrow('after its stop');
    await local.stop();
  });

  it.each([
    ['its invocation has not begun', async () => {}],
    ['its Runtime API is not open yet', () => Promise.resolve()],
    // Looked for each millisecond: within the usual fifty a quick process has loaded it, and answered.
    ['it loads the function', (local: LocalFunction) => vi.waitUntil(() => local.pids.length > 0, { interval: 1 })],
  ])('leaves nothing of a process when %s', async (_, come) => {
    const { local, options } = localFunction(ECHO);
    const starting = local.invoke({}).catch((error: unknown) => error);
    await come(local);
    const { pids } = local;

    await local.stop();

    expect(await starting).toBeInstanceOf(Error);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(readdirSync(options.scratch)).toEqual([]);
  });

  it('takes with it what the function started', async () => {
    const { local } = localFunction(
      `import { spawn } from 'node:child_process';
      export const handler = async () => spawn('sleep', ['600']).pid;`,
    );
    const started = Number((await local.invoke({})).payload);
    const before = isAlive(started);

    await local.stop();

    expect([before, isAlive(started)]).toEqual([true, false]);
  });
});

it('a function without its bundle is refused before anything runs', () => {
  const { options } = optionsFor(ECHO, { task: join(bundleOf(ECHO), 'nowhere') });

  expect(() => new LocalFunction(options)).toThrow(`expected the bundle of expand, got no ${options.task}`);
});
