/** Functions written by a test, and what they wrote to their logs. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type FunctionOptions, LocalFunction } from '#infra/local/lambda/local-function.ts';
import { temporaryFolder } from '../../../adapters/temporary-folder.ts';

/** A folder with that text as the bundle of a function. */
export function bundleOf(source: string, file = 'index.mjs'): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, file), source);
  return folder;
}

/** Options that suit most tests; with them comes a log that can be waited for. */
export function optionsFor(source: string, overrides: Partial<FunctionOptions> = {}) {
  const log = new LogBook();
  const options: FunctionOptions = {
    name: 'expand',
    task: bundleOf(source),
    handler: 'index.handler',
    memoryMiB: 256,
    timeoutMs: 20_000,
    environment: {},
    layers: [],
    scratch: temporaryFolder(),
    concurrency: 1,
    log: log.take,
    ...overrides,
  };
  return { options, log };
}

/** A function that is stopped when the test is over. */
export function localFunction(source: string, overrides: Partial<FunctionOptions> = {}) {
  const { options, log } = optionsFor(source, overrides);
  const local = new LocalFunction(options);
  onTestFinished(() => local.stop());
  return { local, log, options };
}

export class LogBook {
  readonly lines: string[] = [];
  readonly #waiting = new Set<() => void>();

  readonly take = (line: string): void => {
    this.lines.push(line);
    for (const look of this.#waiting) look();
  };

  /** Fulfilled when that line was written that often. */
  async written(line: string, times = 1): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (this.lines.filter((each) => each === line).length >= times) resolve();
    };
    this.#waiting.add(look);
    look();
    await promise;
    this.#waiting.delete(look);
  }
}

/** Whether a process does anything any more; one that ended is still known until its parent asks for its exit code. */
export function isAlive(pid: number): boolean {
  if (existsSync('/proc/self/stat')) {
    const path = `/proc/${pid}/stat`;
    return existsSync(path) && !/\) [ZX] /.test(readFileSync(path, 'utf8'));
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
