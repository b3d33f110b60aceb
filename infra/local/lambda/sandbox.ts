/** One process of a function, with a Runtime API of its own: what Lambda calls an execution environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { arnOf } from '../aws-service.ts';
import type { Json } from '../json.ts';
import { type FunctionFault, processFault } from './function-fault.ts';
import { peakResidentMiB } from './resident-memory.ts';
import { type Outcome, RuntimeApi, type RuntimeListener } from './runtime-api.ts';
import { sandboxEnvironment } from './sandbox-environment.ts';
import { guard } from './warden.ts';

/** A function as the template has it. */
export interface FunctionProgram {
  readonly name: string;
  /** The folder of its bundle. */
  readonly task: string;
  /** File and export: `index.handler`. */
  readonly handler: string;
  readonly memoryMiB: number;
  readonly timeoutMs: number;
  /** How long it may take to load; Lambda gives ten seconds. */
  readonly initTimeoutMs?: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Folders whose nodejs/node_modules is there for `require`; the later goes before the earlier. */
  readonly layers: readonly string[];
  /** Under it, each process gets a folder of its own for temporary files. */
  readonly scratch: string;
  /** Takes each line that the function writes. */
  readonly log: (line: string) => void;
}

export interface Measured {
  readonly payload: Json;
  readonly durationMs: number;
  /** The peak of the process's whole life so far; nothing where the system does not tell. */
  readonly maxMemoryMiB: number | undefined;
}

const RUNTIME_CLIENT = fileURLToPath(new URL('./runtime-client.ts', import.meta.url));

/** Compiled code is kept between starts, the runtime client without its types first of all: that halves its start. */
const COMPILE_CACHE = fileURLToPath(new URL('../../../node_modules/.cache/akin', import.meta.url));

const INIT_TIMEOUT_MS = 10_000;

/** As often is a running process's memory looked at; what is above the limit in between counts as well. */
const MEMORY_LOOK_MS = 50;

/** The names that Lambda has for signals, where they are not those of the system. */
const SIGNAL_NAMES: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
  SIGTRAP: 'trace/breakpoint trap',
};

export class Sandbox {
  /** Fulfilled when the process is gone, and with it what it started and its temporary files. */
  readonly ended: Promise<void>;
  /** From the start of the process until it waited for its first event. */
  initMs = 0;
  readonly #program: FunctionProgram;
  readonly #temporary: string;
  readonly #over = Promise.withResolvers<void>();
  #api: RuntimeApi | undefined;
  #child: ChildProcess | undefined;
  #requestId: string;
  #peakMiB: number | undefined;
  #outcome: Outcome | undefined;
  /** Why it came to its end; a fault that the function told is an outcome, and no end. */
  #fault: FunctionFault | undefined;
  #isOver = false;
  #wake: () => void = () => {};

  /** Nothing runs yet; `requestId` is the invocation for which it is made. */
  constructor(program: FunctionProgram, requestId: string) {
    this.#program = program;
    this.#requestId = requestId;
    this.ended = this.#over.promise;
    mkdirSync(program.scratch, { recursive: true });
    this.#temporary = mkdtempSync(join(program.scratch, `${program.name}-`));
  }

  /** Whether an invocation can be given to it. */
  get isUsable(): boolean {
    return this.#fault === undefined && !this.#isOver;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Loads the function. */
  async start(): Promise<void> {
    const begin = performance.now();
    const ready = this.#untilItWaits(this.#program.initTimeoutMs ?? INIT_TIMEOUT_MS);
    try {
      this.#api = await RuntimeApi.open(this.#listener());
      // It may have been ended meanwhile.
      if (this.#fault) this.#finish();
      else this.#spawn(this.#api.address);
    } catch (error) {
      this.#finish();
      throw error;
    }
    await ready;
    this.initMs = performance.now() - begin;
    if (this.#fault) throw this.#fault;
  }

  /** Gives it an event, and waits until it is ready for the next one. */
  async invoke(requestId: string, event: string): Promise<Measured> {
    const { name, timeoutMs } = this.#program;
    this.#requestId = requestId;
    this.#outcome = undefined;
    const begin = performance.now();
    const ready = this.#untilItWaits(timeoutMs);
    const deadline = new Date(Date.now() + timeoutMs);
    this.#api?.send({ requestId, functionArn: arnOf('lambda', `function:${name}`), deadline, event });
    await ready;
    const durationMs = performance.now() - begin;
    this.#lookAtMemory();
    return { payload: await this.#payload(), durationMs, maxMemoryMiB: this.#peakMiB };
  }

  /** Sends the process a signal; whether there was one. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  /** Ends the process at once, and fails what it does. */
  async end(): Promise<void> {
    this.#kill(processFault('Runtime.ExitError', this.#requestId, exitReason(null, 'SIGKILL')));
    await this.ended;
  }

  #listener(): RuntimeListener {
    return {
      waits: () => this.#wake(),
      answers: (outcome) => {
        this.#outcome = outcome;
      },
      failsToStart: (fault) => {
        this.#fault ??= fault;
      },
    };
  }

  #spawn(runtimeApi: string): void {
    const { memoryMiB, task, log } = this.#program;
    const temporary = this.#temporary;
    const environment = sandboxEnvironment({ ...this.#program, runtimeApi, temporary, logStream: newLogStream() });
    const child = spawn(process.execPath, [...heapLimits(memoryMiB), RUNTIME_CLIENT], {
      cwd: task,
      env: { ...environment, NODE_COMPILE_CACHE: COMPILE_CACHE },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C is for the stack, which ends its functions itself.
      detached: true,
    });
    const { pid } = child;
    const unguard = pid === undefined ? () => {} : guard(pid);
    this.#child = child;
    child.on('error', (error) => {
      this.#fault ??= processFault('Runtime.InvalidEntrypoint', this.#requestId, error.message);
    });
    child.on('exit', () => killGroup(pid));
    child.on('close', (code, signal) => {
      unguard();
      if (!this.#outcome) this.#fault ??= processFault('Runtime.ExitError', this.#requestId, exitReason(code, signal));
      this.#finish();
    });
    for (const stream of [child.stdout, child.stderr]) eachLine(stream, log);
  }

  /** Until the process asks for an event, or is gone. */
  async #untilItWaits(limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const seconds = (limitMs / 1000).toFixed(2);
    const timer = setTimeout(() => {
      this.#kill(processFault('Sandbox.Timedout', this.#requestId, `Task timed out after ${seconds} seconds`));
    }, limitMs);
    const watch = setInterval(() => this.#lookAtMemory(), MEMORY_LOOK_MS);
    await promise;
    clearTimeout(timer);
    clearInterval(watch);
  }

  async #payload(): Promise<Json> {
    if (this.#fault) {
      await this.ended;
      throw this.#fault;
    }
    if (this.#outcome === undefined) throw new Error('expected an answer before the next event is asked for, got none');
    if ('fault' in this.#outcome) throw this.#outcome.fault;
    return this.#outcome.payload;
  }

  /** What was above the limit for a moment only is found as well, since it is the peak that is looked at. */
  #lookAtMemory(): void {
    const { pid } = this;
    if (pid === undefined || !this.isUsable) return;
    this.#peakMiB = peakResidentMiB(pid) ?? this.#peakMiB;
    if (this.#peakMiB === undefined || this.#peakMiB <= this.#program.memoryMiB) return;
    this.#kill(processFault('Runtime.OutOfMemory', this.#requestId, exitReason(null, 'SIGKILL')));
  }

  /** The first reason stands. */
  #kill(fault: FunctionFault): void {
    if (this.#isOver) return;
    this.#fault ??= fault;
    killGroup(this.pid);
  }

  #finish(): void {
    this.#isOver = true;
    this.#api?.close();
    rmSync(this.#temporary, { recursive: true, force: true });
    this.#wake();
    this.#over.resolve();
  }
}

/** As Lambda's own start script has them: of the memory, a tenth is for young objects, in two halves, and the rest for old ones. */
function heapLimits(memoryMiB: number): string[] {
  const newSpaceMiB = Math.floor(memoryMiB / 10);
  return [`--max-semi-space-size=${Math.floor(newSpaceMiB / 2)}`, `--max-old-space-size=${memoryMiB - newSpaceMiB}`];
}

function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === 0) return 'Runtime exited without providing a reason';
  const reason = signal ? `signal: ${SIGNAL_NAMES[signal] ?? signal}` : `exit status ${code}`;
  return `Runtime exited with error: ${reason}`;
}

/** Everything that the process started goes with it. A group that has ended is not there, or on macOS not to be killed. */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM');
    if (!isGone) throw error;
  }
}

/** Each process writes to a log stream of its own. */
function newLogStream(): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[$LATEST]${randomBytes(16).toString('hex')}`;
}

function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
