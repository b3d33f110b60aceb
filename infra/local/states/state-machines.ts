/**
 * State machines of Step Functions and their executions. An execution's name is taken for good: starting it again gives the
 * same one while it runs with the same input, and is refused otherwise.
 *
 * Executions do not outlive the process. What was running when the stack was stopped is told of as ABORTED at its next
 * start, so that whoever waits for the end of an execution learns of it.
 */
import { ExecutionTimeoutError } from 'aws-local-stepfunctions';
import { AwsFault } from '../aws-service.ts';
import { type Json, jsonBytes } from '../json.ts';
import { type Execution, ExecutionRecords } from './executions.ts';
import type { Program, StatesHost } from './program.ts';
import { checkedDefinition } from './state-definition.ts';
import { compileProgram } from './state-program.ts';
import { MOST_BYTES, StatesFailure } from './states-failure.ts';

export interface StateMachineOptions extends Omit<StatesHost, 'secondsPerSecond'> {
  readonly name: string;
  readonly arn: string;
  /** Parsed JSON of the Amazon States Language. */
  readonly definition: unknown;
  /** By default a second takes a second. */
  readonly secondsPerSecond?: number;
  /** Where executions are remembered after the process; of this machine alone. */
  readonly folder?: string;
  /** Told when an execution begins and when it ends. */
  readonly changed: (execution: Execution) => void;
}

/** Without blanks, brackets, wildcards, control characters and others that AWS does not take in a name. */
const NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u;

interface Running {
  readonly ended: Promise<Execution>;
  readonly stopping: AbortController;
}

export class StateMachine {
  readonly arn: string;
  readonly #name: string;
  readonly #program: Program;
  readonly #records: ExecutionRecords;
  readonly #changed: (execution: Execution) => void;
  readonly #running = new Map<string, Running>();

  /** Refuses a definition that would not run here as it does in AWS. */
  constructor({ name, arn, definition, folder, changed, secondsPerSecond = 1, ...host }: StateMachineOptions) {
    this.arn = arn;
    this.#name = name;
    this.#program = compileProgram(checkedDefinition(definition), { ...host, secondsPerSecond });
    this.#records = new ExecutionRecords(folder);
    this.#changed = changed;
  }

  start(name: string, input: Json): Execution {
    if (!NAME.test(name)) throw new AwsFault(400, 'InvalidName', `expected the name of an execution, got ${name}`);
    if (jsonBytes(input) > MOST_BYTES) {
      throw new AwsFault(
        400,
        'ValidationException',
        `expected an input of at most ${MOST_BYTES} bytes, got a larger one`,
      );
    }
    const known = this.#records.read(name);
    if (known !== undefined) return this.#again(known, input);
    const execution: Execution = {
      name,
      executionArn: `${this.arn.replace(':stateMachine:', ':execution:')}:${name}`,
      stateMachineArn: this.arn,
      status: 'RUNNING',
      input: JSON.stringify(input),
      startDate: Date.now(),
    };
    this.#records.write(execution);
    this.#changed(execution);
    const stopping = new AbortController();
    this.#running.set(name, { stopping, ended: this.#run(execution, input, stopping.signal) });
    return execution;
  }

  execution(name: string): Execution | undefined {
    return this.#records.read(name);
  }

  /** Resolves with the execution when it has ended; at once if it has. */
  async ended(name: string): Promise<Execution> {
    const execution = (await this.#running.get(name)?.ended) ?? this.#records.read(name);
    if (execution === undefined) throw new Error(`expected an execution of ${this.#name}, got ${name}`);
    return execution;
  }

  /** Tells of all executions that a former process has left behind; to be called before the first start. */
  abortInterrupted(): void {
    for (const execution of this.#records.running().filter(({ name }) => !this.#running.has(name))) {
      const cause = 'The local stack was stopped while the execution was running.';
      this.#end({ ...execution, status: 'ABORTED', stopDate: Date.now(), cause });
    }
  }

  /** Lets go of all executions, as the end of the process does: nobody is told, until the next start. */
  stop(): void {
    for (const { stopping } of this.#running.values()) stopping.abort();
    this.#running.clear();
  }

  #again(known: Execution, input: Json): Execution {
    if (this.#running.has(known.name) && known.input === JSON.stringify(input)) return known;
    const message = `expected a new name or the running execution’s own input, got ${known.name} again`;
    throw new AwsFault(400, 'ExecutionAlreadyExists', message);
  }

  async #run(execution: Execution, input: Json, signal: AbortSignal): Promise<Execution> {
    const outcome = await outcomeOf(this.#program, execution, input, signal);
    if (signal.aborted) return execution;
    const end = { ...execution, ...outcome, stopDate: Date.now() };
    this.#running.delete(execution.name);
    this.#end(end);
    return end;
  }

  #end(execution: Execution): void {
    this.#records.write(execution);
    this.#changed(execution);
  }
}

export type Outcome = Pick<Execution, 'status' | 'output' | 'error' | 'cause'>;

/** Runs a program as an execution, and says how it ended. */
export function outcomeOf(
  program: Program,
  { name, executionArn, stateMachineArn, startDate }: Execution,
  input: Json,
  signal: AbortSignal,
): Promise<Outcome> {
  const context = {
    Execution: { Id: executionArn, Name: name, Input: input, StartTime: new Date(startDate).toISOString() },
    StateMachine: { Id: stateMachineArn, Name: stateMachineArn.replace(/^.*:/, '') },
  };
  return program.run(input, { context, signal }).then(succeeded, failed);
}

function succeeded(output: Json): Outcome {
  return { status: 'SUCCEEDED', output: JSON.stringify(output) };
}

function failed(reason: unknown): Outcome {
  if (reason instanceof ExecutionTimeoutError) return { status: 'TIMED_OUT', error: 'States.Timeout' };
  const { name, message } = reason instanceof Error ? reason : StatesFailure.terminal('States.Runtime', String(reason));
  return { status: 'FAILED', ...(name !== '' && { error: name }), ...(message !== '' && { cause: message }) };
}
