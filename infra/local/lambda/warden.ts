/** Sees to it that a process does not outlive this one, however this one ends. */
import { spawn } from 'node:child_process';

/** Ends when its input does, which is when this process is gone, and takes the group of the process `$0` with it. */
const SCRIPT = 'read -r _; kill -9 "-$0"';

/**
 * Watches over a process that leads a group of its own; the function that is returned ends the watch. A process that
 * computes without end would not notice that nobody waits for it any more, so this is another one's work.
 */
export function guard(pid: number): () => void {
  const warden = spawn('sh', ['-c', SCRIPT, String(pid)], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  warden.unref();
  return () => {
    warden.kill('SIGKILL');
  };
}
