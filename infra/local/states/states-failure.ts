/** How an execution fails: an error that Retry and Catch match by its name, and a cause that people read. */

import { AwsFault } from '../aws-service.ts';
import { type Json, jsonBytes } from '../json.ts';

/** The largest input and output of a state and of an execution, as JSON. */
export const MOST_BYTES = 262_144;

export class StatesFailure extends Error {
  /** The library asks for these two before it looks at a state's Retry and Catch. */
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  constructor(error: string, cause: string, isTerminal = false) {
    super(cause);
    this.name = error;
    this.isRetryable = !isTerminal;
    this.isCatchable = !isTerminal;
  }

  /** One that no wildcard matches, so that the execution fails. */
  static terminal(error: string, cause: string): StatesFailure {
    return new StatesFailure(error, cause, true);
  }
}

/** What a function failed with, as Step Functions tells it: the error type, and all that Lambda says as JSON. */
export function lambdaFailure(error: unknown): StatesFailure {
  if (error instanceof AwsFault) return new StatesFailure(`Lambda.${error.code}`, error.message);
  const errorType = error instanceof Error ? error.name : 'Error';
  const errorMessage = error instanceof Error ? error.message : String(error);
  const trace = error instanceof Error && 'trace' in error && Array.isArray(error.trace) ? { trace: error.trace } : {};
  return new StatesFailure(errorType, JSON.stringify({ errorMessage, errorType, ...trace }));
}

/** Refuses what is too large to go from a state to the next. */
export function checkSize(value: Json, what: string): void {
  if (jsonBytes(value) <= MOST_BYTES) return;
  throw StatesFailure.terminal(
    'States.DataLimitExceeded',
    `The state/task ${what} with a size exceeding the maximum number of bytes service limit.`,
  );
}
