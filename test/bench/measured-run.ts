/**
 * One command line of akin as a process of its own: how long it takes from start to end, and its peak memory.
 *
 * n.b. Linux counts the memory of the process that starts another into the peak of the started one, so whoever
 *      measures must stay small; a peak that this could have caused is refused.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface MeasuredRun {
  readonly seconds: number;
  readonly peakMebibytes: number;
  readonly output: string;
  /** Progress and warnings. */
  readonly remarks: string;
}

const AKIN = fileURLToPath(new URL('../../infra/cli/akin.ts', import.meta.url));
const PRELOAD = new URL('./report-peak-memory.ts', import.meta.url).href;

export function measuredRun(args: readonly string[]): MeasuredRun {
  const start = performance.now();
  const { status, error, output } = spawnSync(process.execPath, ['--import', PRELOAD, AKIN, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const seconds = (performance.now() - start) / 1000;
  if (error) throw error;
  const [, out, remarks, peak] = output.map((text) => text ?? '');
  if (status !== 0) throw new Error(`akin ${args.join(' ')} ended with exit code ${status}:\n${remarks}`);
  const peakKibibytes = Number(peak);
  if (!(peakKibibytes > process.resourceUsage().maxRSS)) {
    throw new Error(`expected a peak above this process's own ${process.resourceUsage().maxRSS} KiB, got ${peak}`);
  }
  return { seconds, peakMebibytes: peakKibibytes / 1024, output: out, remarks };
}

/** The middle one of an odd number of values, or the lower of the two middle ones. */
export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[(values.length - 1) >> 1];
}
