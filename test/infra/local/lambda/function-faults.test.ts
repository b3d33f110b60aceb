/** How a function fails, in the words of Lambda, and that the next invocation starts afresh where Lambda would. */
import { existsSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAlive, localFunction } from './bundled-function.ts';

/** Reads its orders from the event; each is one way to fail. */
const UNRULY = `
import { spawn } from 'node:child_process';
const kept = [];
const orders = {
  throw: async () => { throw Object.assign(new RangeError('expected 1, got 2'), { name: 'Invalid' }); },
  throwAtOnce: () => { throw new TypeError('at once'); },
  throwText: async () => { throw 'only a text'; },
  circle: async () => { const circle = {}; circle.circle = circle; return circle; },
  uncaught: () => new Promise(() => { setTimeout(() => { throw new TypeError('too late'); }); }),
  rejected: () => new Promise(() => { setTimeout(() => { void Promise.reject(new Error('forgotten')); }); }),
  exit: async ({ code }) => { process.exit(code); },
  abandon: async () => { console.log(spawn('sleep', ['600'], { stdio: 'inherit' }).pid); process.exit(3); },
  abort: async () => { process.abort(); },
  never: () => new Promise(() => {}),
  hang: () => new Promise(() => { console.log('begun'); setInterval(() => {}, 1000); }),
  loop: () => { for (;;); },
  heap: () => { for (;;) kept.push(new Array(1e6).fill({})); },
  buffers: async () => { kept.push(Buffer.alloc(300 * 1024 * 1024, 1)); await orders.hang(); },
  spike: async () => { Buffer.alloc(80 * 1024 * 1024, 1); return 'survived'; },
  lateExit: async () => { setImmediate(() => process.exit(1)); return 'answered'; },
  fine: async () => 'fine',
};
export const handler = (event) => orders[event.order](event);
`;

const EXIT = /^RequestId: [0-9a-f-]{36} Error: Runtime exited /;

describe('an error of the handler', () => {
  it.each([
    ['throw', 'Invalid', 'expected 1, got 2'],
    ['throwAtOnce', 'TypeError', 'at once'],
    ['throwText', 'string', 'only a text'],
    ['circle', 'Runtime.JSONStringifyError', 'Unable to stringify response body'],
  ])('by %s is told with its type and message, and the process lives on', async (order, errorType, errorMessage) => {
    const { local } = localFunction(UNRULY);

    await expect(local.invoke({ order })).rejects.toMatchObject({
      errorType,
      errorMessage,
      name: errorType,
      message: errorMessage,
    });

    expect(await local.invoke({ order: 'fine' })).toMatchObject({ payload: 'fine', isCold: false });
  });

  it('is told with the lines of its stack, in the payload and in the log', async () => {
    const { local, log } = localFunction(UNRULY);

    const fault = await local.invoke({ order: 'throwAtOnce' }).catch((error: unknown) => error);

    const trace = expect.arrayContaining(['TypeError: at once', expect.stringContaining('/index.mjs:')]);
    expect(fault).toMatchObject({ payload: { errorType: 'TypeError', errorMessage: 'at once', trace } });
    await expect.poll(() => log.lines.join('\n')).toMatch(/\tERROR\tInvoke Error\t\{"errorType":"TypeError"/);
  });
});

describe('a process that ends', () => {
  it.each([
    [{ order: 'exit', code: 3 }, 'Runtime.ExitError', /exited with error: exit status 3$/],
    [{ order: 'exit', code: 0 }, 'Runtime.ExitError', /exited without providing a reason$/],
    [{ order: 'abort' }, 'Runtime.ExitError', /exited with error: signal: aborted$/],
    // Node ends when nothing is left that could settle what it waits for.
    [{ order: 'never' }, 'Runtime.ExitError', /exited with error: exit status 13$/],
    [{ order: 'uncaught' }, 'TypeError', /^too late$/],
    [{ order: 'rejected' }, 'Runtime.UnhandledPromiseRejection', /^Error: forgotten$/],
  ])('by %j fails the invocation, and the next starts another', async (event, errorType, errorMessage) => {
    const { local } = localFunction(UNRULY);

    const fault = await local.invoke(event).catch((error: unknown) => error);

    expect(fault).toMatchObject({ errorType, errorMessage: expect.stringMatching(errorMessage) });
    if (errorType === 'Runtime.ExitError') expect(fault).toMatchObject({ message: expect.stringMatching(EXIT) });
    expect(await local.invoke({ order: 'fine' })).toMatchObject({ payload: 'fine', isCold: true });
  });

  it('takes with it what it started, which would keep its streams open', async () => {
    const { local, log } = localFunction(UNRULY);

    await expect(local.invoke({ order: 'abandon' })).rejects.toThrow('exit status 3');

    const started = log.lines.map(Number);
    expect(started).toEqual([expect.any(Number)]);
    await expect.poll(() => started.filter(isAlive)).toEqual([]);
  });

  it('after it answered does not take its answer back', async () => {
    const { local } = localFunction(UNRULY);

    expect((await local.invoke({ order: 'lateExit' })).payload).toBe('answered');
    expect((await local.invoke({ order: 'fine' })).isCold).toBe(true);
  });

  it.each([
    ['SIGKILL', 'killed'],
    ['SIGTERM', 'terminated'],
  ] as const)('in the middle, by a %s from outside, fails with what runs and nothing else', async (signal, name) => {
    const { local, log } = localFunction(UNRULY, { concurrency: 2 });
    await Promise.all([local.invoke({ order: 'fine' }), local.invoke({ order: 'fine' })]);
    const running = local.invoke({ order: 'hang' }).catch((error: unknown) => error);
    await log.written('begun');

    const killed = local.kill(signal);

    expect(killed).toBe(1);
    expect(await running).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(
        `^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: signal: ${name}$`,
      ),
    });
    expect(local.pids).toHaveLength(1);
    expect((await local.invoke({ order: 'fine' })).isCold).toBe(false);
  });

  it('by a signal is never one that only waits for its next event', async () => {
    const { local } = localFunction(UNRULY);
    await local.invoke({ order: 'fine' });

    expect(local.kill()).toBe(0);
    expect((await local.invoke({ order: 'fine' })).isCold).toBe(false);
  });
});

describe('a limit', () => {
  it.each(['hang', 'loop'])('of time ends a process that would %s, and the next starts another', async (order) => {
    const { local } = localFunction(UNRULY, { timeoutMs: 400 });

    const begin = performance.now();
    await expect(local.invoke({ order })).rejects.toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.40 seconds$/),
    });

    expect(performance.now() - begin).toBeGreaterThanOrEqual(399);
    expect((await local.invoke({ order: 'fine' })).isCold).toBe(true);
  });

  it('of time is counted from the event, not from the start of the process', async () => {
    const { local } = localFunction(
      `await new Promise((resolve) => setTimeout(resolve, 1_100));
      export const handler = async (event, context) => context.getRemainingTimeInMillis();`,
      { timeoutMs: 1_000 },
    );

    expect((await local.invoke({})).payload).toBeGreaterThan(300);
  });

  it('of the heap aborts the process', async () => {
    const { local, log } = localFunction(UNRULY, { memoryMiB: 1280 });

    await expect(local.invoke({ order: 'heap' })).rejects.toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/Runtime exited with error: signal: aborted$/),
    });

    expect(log.lines.join('\n')).toContain('JavaScript heap out of memory');
    expect((await local.invoke({ order: 'fine' })).isCold).toBe(true);
  });

  it.skipIf(!existsSync('/proc/self/status')).each([
    ['buffers', 256],
    // So short that it may begin and end between two looks.
    ['spike', 128],
  ])(
    'of memory ends a process with too large %s, kept or not, and the next starts another',
    async (order, memoryMiB) => {
      const { local } = localFunction(UNRULY, { memoryMiB });

      await expect(local.invoke({ order })).rejects.toMatchObject({
        errorType: 'Runtime.OutOfMemory',
        errorMessage: expect.stringMatching(
          /^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: signal: killed$/,
        ),
      });

      expect((await local.invoke({ order: 'fine' })).isCold).toBe(true);
    },
  );
});

describe('a function that cannot be loaded', () => {
  it.each([
    ['throws', `throw new RangeError('no such index');`, 'RangeError', /^no such index$/],
    [
      'has no such export',
      'export const other = 1;',
      'Runtime.HandlerNotFound',
      /^index\.handler is undefined or not exported$/,
    ],
    ['is no program', 'export const handler = async () => {', 'Runtime.UserCodeSyntaxError', /^SyntaxError: /],
    ['lacks a module', `import 'not-bundled';`, 'Runtime.ImportModuleError', /Cannot find package 'not-bundled'/],
    [
      'takes a callback',
      'export const handler = (a, b, callback) => {};',
      'Runtime.CallbackHandlerDeprecated',
      /callback/,
    ],
    ['exits', 'process.exit(7);', 'Runtime.ExitError', /Runtime exited with error: exit status 7$/],
    [
      'rejects',
      `Promise.reject(new Error('forgotten')); await new Promise((resolve) => setTimeout(resolve, 1000));`,
      'Runtime.ExitError',
      /exit status 128$/,
    ],
  ])('because it %s fails each invocation with the reason', async (_, source, errorType, errorMessage) => {
    const { local } = localFunction(source);
    const fault = { errorType, errorMessage: expect.stringMatching(errorMessage) };

    await expect(local.invoke({})).rejects.toMatchObject(fault);
    await expect(local.invoke({})).rejects.toMatchObject(fault);

    expect(local.pids).toEqual([]);
  });

  it.each([
    ['handler', 'Runtime.MalformedHandlerName'],
    ['../index.handler', 'Runtime.MalformedHandlerName'],
    ['other.handler', 'Runtime.ImportModuleError'],
  ])('because its handler is %s says so', async (handler, errorType) => {
    const { local } = localFunction('export const handler = async () => 1;', { handler });

    await expect(local.invoke({})).rejects.toMatchObject({ errorType });
  });

  it('in time is ended', async () => {
    const { local } = localFunction('for (;;);', { initTimeoutMs: 500 });

    await expect(local.invoke({})).rejects.toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/Task timed out after 0\.50 seconds$/),
    });
    expect(local.pids).toEqual([]);
  });

  it('because its folder is gone says so', async () => {
    const { local, options } = localFunction(UNRULY);
    rmSync(options.task, { recursive: true });

    await expect(local.invoke({})).rejects.toMatchObject({ errorType: 'Runtime.InvalidEntrypoint' });
    expect(local.pids).toEqual([]);
  });

  it('once may be loaded the next time', async () => {
    const { local } = localFunction(
      `import { existsSync, writeFileSync } from 'node:fs';
      const mark = import.meta.dirname + '/mark';
      if (!existsSync(mark)) { writeFileSync(mark, ''); throw new Error('not yet'); }
      export const handler = async () => 'now';`,
    );

    await expect(local.invoke({})).rejects.toMatchObject({ errorType: 'Error', errorMessage: 'not yet' });
    expect((await local.invoke({})).payload).toBe('now');
  });
});
