/**
 * One command line of akin, or of another script, as a process of its own: how long it takes from start to end, and its peak
 * memory.
 *
 * n.b. Linux counts the memory of the process that starts another into the peak of the started one: a shell, which is small,
 *      starts them.
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

export function measuredRun(args: readonly string[], script = AKIN): MeasuredRun {
  return measured(process.execPath, ['--import', PRELOAD, script, ...args], (remarks, peak) => ({ remarks, peak }));
}

/** A Python script that writes its peak memory in KiB as the last line of its standard error. */
export function measuredPython(python: string, args: readonly string[]): MeasuredRun {
  return measured(python, args, (remarks) => ({ remarks, peak: remarks.trimEnd().split('\n').at(-1) ?? '' }));
}

function measured(
  program: string,
  args: readonly string[],
  peakOf: (remarks: string, peak: string) => { readonly remarks: string; readonly peak: string },
): MeasuredRun {
  const start = performance.now();
  const { status, error, output } = spawnSync('/bin/sh', ['-c', '"$0" "$@"; exit $?', program, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    maxBuffer: 2 ** 28,
  });
  const seconds = (performance.now() - start) / 1000;
  if (error) throw error;
  const [, out, errors, told] = output.map((text) => text ?? '');
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with exit code ${status}:\n${errors}`);
  const { remarks, peak } = peakOf(errors, told);
  return { seconds, peakMebibytes: Number(peak) / 1024, output: out, remarks };
}

/** The middle one of an odd number of values, or the lower of the two middle ones. */
export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[(values.length - 1) >> 1];
}
