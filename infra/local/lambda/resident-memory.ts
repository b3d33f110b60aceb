/** How much memory a process has had at most. */
import { readFileSync } from 'node:fs';

/** The peak of what a process had in memory so far, or nothing where the system does not tell, or the process is gone. */
export function peakResidentMiB(pid: number): number | undefined {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(statusOf(pid)) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
}
