/** What a function has around it: what Lambda gives, and nothing of the person's. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../../../adapters/temporary-folder.ts';
import { localFunction } from './bundled-function.ts';

describe('a function’s surroundings', () => {
  it('are what Lambda gives and what the template gives, and nothing of the person’s', async () => {
    vi.stubEnv('AWS_PROFILE', 'the-company');
    vi.stubEnv('NODE_OPTIONS', '--title=person');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { local, options } = localFunction('export const handler = async () => process.env;', {
      environment: {
        AWS_ACCESS_KEY_ID: 'AKIDEXPAND',
        NODE_OPTIONS: '--enable-source-maps',
        TZ: 'Europe/Oslo',
        AWS_REGION: 'mars-1',
      },
    });

    const { payload } = await local.invoke({});

    const temporary = expect.stringMatching(`^${options.scratch}/expand-\\w+$`);
    expect(payload).toEqual({
      AWS_ACCESS_KEY_ID: 'AKIDEXPAND',
      NODE_OPTIONS: '--enable-source-maps',
      TZ: 'Europe/Oslo',
      LANG: 'en_US.UTF-8',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      NODE_PATH: '',
      LAYER_FOLDERS: '',
      AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: 'expand',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/expand',
      AWS_LAMBDA_LOG_STREAM_NAME: expect.any(String),
      AWS_LAMBDA_RUNTIME_API: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      LAMBDA_TASK_ROOT: options.task,
      _HANDLER: 'index.handler',
      _X_AMZN_TRACE_ID: expect.any(String),
      TMPDIR: temporary,
      HOME: temporary,
    });
  });

  it('are the time of UTC and the folder of the bundle', async () => {
    const { local, options } = localFunction(
      'export const handler = async () => [new Date(0).getTimezoneOffset(), process.cwd()];',
    );

    expect((await local.invoke({})).payload).toEqual([0, options.task]);
  });

  it('have the modules of the layers for require, the later layer’s before the earlier’s', async () => {
    const layers = ['first', 'second'].map((name) => {
      const layer = temporaryFolder();
      for (const each of ['both', `only-${name}`]) {
        const folder = join(layer, 'nodejs', 'node_modules', each);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, 'index.js'), `module.exports = ${JSON.stringify(`${each} of ${name}`)};`);
      }
      return layer;
    });
    const { local } = localFunction(
      `import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      export const handler = async () => ['both', 'only-first', 'only-second'].map((name) => require(name));`,
      { layers },
    );

    const { payload } = await local.invoke({});

    expect(payload).toEqual(['both of second', 'only-first of first', 'only-second of second']);
  });

  it('limit the heap to nine tenths of the memory', async () => {
    const { local } = localFunction(
      `import { getHeapStatistics } from 'node:v8';
      export const handler = async () => getHeapStatistics().heap_size_limit / 1024 / 1024;`,
      { memoryMiB: 1000 },
    );

    // Old objects have 900 MiB, young ones three half spaces of 50 MiB, which V8 rounds.
    expect(Number((await local.invoke({})).payload)).toBeCloseTo(1050, -2);
  });
});
