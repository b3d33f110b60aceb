/**
 * One Lambda function on the laptop: its bundle in processes of its own, each of which takes one event at a time and is
 * kept for the next one. Memory, time and size of payloads are limited as in Lambda; processors, the size of /tmp and the
 * freeze between two invocations are not. Beyond its concurrency invocations wait, where Lambda would refuse them.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { AwsFault } from '../aws-service.ts';
import type { Json } from '../json.ts';
import { type FunctionProgram, Sandbox } from './sandbox.ts';

export interface FunctionOptions extends FunctionProgram {
  /** So many invocations run at the same time at most. */
  readonly concurrency: number;
}

export interface InvokeResult {
  readonly requestId: string;
  readonly payload: Json;
  /** Whether a process was started for it. */
  readonly isCold: boolean;
  /** How long that took; 0 without. */
  readonly initMs: number;
  readonly durationMs: number;
  /** The most that its process has had in memory so far; nothing where the system does not tell. */
  readonly maxMemoryMiB: number | undefined;
}

/** The size of an event that is answered in the same call. */
const EVENT_LIMIT_BYTES = 6 * 1024 * 1024;

export class LocalFunction {
  readonly #options: FunctionOptions;
  readonly #sandboxes = new Set<Sandbox>();
  /** The one used last is used first, so that the others may be forgotten. */
  readonly #idle: Sandbox[] = [];
  readonly #queue: (() => void)[] = [];
  #free: number;
  #isStopped = false;

  constructor(options: FunctionOptions) {
    if (!existsSync(options.task)) throw new Error(`expected the bundle of ${options.name}, got no ${options.task}`);
    this.#options = options;
    this.#free = options.concurrency;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Rejects with a FunctionFault as Lambda would tell it, and with an AwsFault when Lambda would not have called the function. */
  async invoke(event: unknown): Promise<InvokeResult> {
    const text = JSON.stringify(event) ?? '{}';
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes > EVENT_LIMIT_BYTES) {
      const limit = `the RequestResponse invocation type (limit ${EVENT_LIMIT_BYTES} bytes)`;
      const message = `${sizeBytes} byte payload is too large for ${limit}`;
      throw new AwsFault(413, 'RequestEntityTooLargeException', message);
    }
    await this.#turn();
    try {
      return await this.#run(randomUUID(), text);
    } finally {
      this.#passTurn();
    }
  }

  /** Sends a signal to each process that loads the function or runs an invocation, for trying what happens then; how many. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): number {
    return [...this.#sandboxes].filter((sandbox) => !this.#idle.includes(sandbox) && sandbox.signal(signal)).length;
  }

  /** The processes that there are now. */
  get pids(): readonly number[] {
    return [...this.#sandboxes].flatMap(({ pid }) => pid ?? []);
  }

  /** Ends all processes, fails the invocations that run and those that wait, and takes no more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.end()));
  }

  async #run(requestId: string, event: string): Promise<InvokeResult> {
    if (this.#isStopped) throw new Error(`expected a function that runs, got ${this.name} after its stop`);
    const warm = this.#takeIdle();
    const sandbox = warm ?? (await this.#newSandbox(requestId));
    try {
      const measured = await sandbox.invoke(requestId, event);
      return { requestId, isCold: !warm, initMs: warm ? 0 : sandbox.initMs, ...measured };
    } finally {
      this.#idle.push(sandbox);
    }
  }

  async #newSandbox(requestId: string): Promise<Sandbox> {
    const sandbox = new Sandbox(this.#options, requestId);
    this.#sandboxes.add(sandbox);
    void sandbox.ended.then(() => this.#sandboxes.delete(sandbox));
    await sandbox.start();
    return sandbox;
  }

  /** Passes over those whose process ended while nobody needed it. */
  #takeIdle(): Sandbox | undefined {
    for (;;) {
      const sandbox = this.#idle.pop();
      if (sandbox === undefined || sandbox.isUsable) return sandbox;
    }
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  #passTurn(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#free++;
  }
}
