/** The `akin` command as somebody else's program runs it: a process of its own, its output and its exit code. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../adapters/temporary-folder.ts';
import { groupedPeople, groupIds } from '../application/people.ts';

export const AKIN = fileURLToPath(new URL('../../infra/cli/akin.ts', import.meta.url));

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly remarks: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ending: Promise<Ending>;
}

/** A working folder with 400 people, in four groups, and 40 seeds of the first group. */
export class Desk {
  readonly folder = temporaryFolder();

  constructor() {
    this.put(
      'users.ndjson',
      groupedPeople(400)
        .map((user) => `${JSON.stringify(user)}\n`)
        .join(''),
    );
    this.put('seeds.txt', `${groupIds(40).join('\n')}\n`);
  }

  put(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  pipe(name: string): string {
    const path = join(this.folder, name);
    execFileSync('mkfifo', [path]);
    return path;
  }

  /** All files below the folder, by their paths in it. */
  files(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
  }

  akin(...args: readonly string[]): Promise<Ending> {
    return this.start(process.execPath, [AKIN, ...args]).ending;
  }

  /** The command within a line of the shell, where it is called `akin`. */
  shell(line: string): Promise<Ending> {
    return this.start('bash', ['-c', `akin() { "${process.execPath}" "${AKIN}" "$@"; }; ${line}`]).ending;
  }

  begin(...args: readonly string[]): Running {
    return this.start(process.execPath, [AKIN, ...args]);
  }

  /** Another program, with variables beside those of this one. */
  start(command: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): Running {
    const env = { ...process.env, ...variables };
    const child = spawn(command, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'], env });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const ending = new Promise<Ending>((resolve, reject) => {
      let [out, remarks] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        remarks += text;
      });
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, out, remarks }));
    });
    return { process: child, ending };
  }
}

/** The cells of a CSV without quotes. */
export function rowsOf(csv: string): string[][] {
  return csv
    .trim()
    .split('\n')
    .map((line) => line.split(','));
}
