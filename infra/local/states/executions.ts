/** What is known of a machine's executions. With a folder they outlive the process, as a file each. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '#adapters/atomic-file.ts';

export interface Execution {
  readonly name: string;
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** JSON as text, as is the output. */
  readonly input: string;
  /** Times are milliseconds since 1970. */
  readonly startDate: number;
  readonly stopDate?: number;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

export class ExecutionRecords {
  readonly #folder: string | undefined;
  readonly #known = new Map<string, Execution>();

  constructor(folder?: string) {
    this.#folder = folder;
    if (folder === undefined || !existsSync(folder)) return;
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const execution = stored(join(folder, file));
      this.#known.set(execution.name, execution);
    }
  }

  read(name: string): Execution | undefined {
    return this.#known.get(name);
  }

  write(execution: Execution): void {
    if (this.#folder !== undefined) {
      writeFileAtomically(join(this.#folder, fileOf(execution.name)), [JSON.stringify(execution)]);
    }
    this.#known.set(execution.name, execution);
  }

  running(): readonly Execution[] {
    return [...this.#known.values()].filter(({ status }) => status === 'RUNNING');
  }
}

/** Names that differ in case only are two, whatever the file system thinks. */
function fileOf(name: string): string {
  return `${createHash('sha256').update(name).digest('hex')}.json`;
}

function stored(file: string): Execution {
  try {
    const execution = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof execution?.name === 'string' && typeof execution.status === 'string') return execution;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(`${file}: expected an execution, got something else; without the file it was never started`);
}
