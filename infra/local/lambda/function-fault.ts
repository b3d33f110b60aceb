import { isObject, type Json } from '../json.ts';

/** A failed invocation in Lambda's own words, which the SDK and Step Functions pass on as they are. */
export class FunctionFault extends Error {
  /** `Invalid`, `Sandbox.Timedout`, `Runtime.ExitError` …: what a state machine's Retry and Catch look at. */
  readonly errorType: string;
  readonly errorMessage: string;
  /** The stack, where the function's process lived to tell it. */
  readonly trace: readonly string[] | undefined;

  constructor(errorType: string, errorMessage: string, trace?: readonly string[]) {
    super(errorMessage);
    this.name = errorType;
    this.errorType = errorType;
    this.errorMessage = errorMessage;
    this.trace = trace;
  }

  /** What the caller is given in place of a result; as text, a state machine's Cause. */
  get payload(): { readonly errorType: string; readonly errorMessage: string; readonly trace?: readonly string[] } {
    const { errorType, errorMessage, trace } = this;
    return { errorType, errorMessage, ...(trace && { trace }) };
  }
}

/** A fault that the process did not live to tell. */
export function processFault(errorType: string, requestId: string, reason: string): FunctionFault {
  return new FunctionFault(errorType, `RequestId: ${requestId} Error: ${reason}`);
}

/** The fault that a runtime posts, as JSON. */
export function postedFault(body: string): FunctionFault {
  const told: Json = JSON.parse(body);
  if (!isObject(told) || typeof told.errorType !== 'string' || typeof told.errorMessage !== 'string') {
    throw new Error(`expected errorType and errorMessage, got ${body.slice(0, 200)}`);
  }
  const trace = Array.isArray(told.trace) ? told.trace.map(String) : undefined;
  return new FunctionFault(told.errorType, told.errorMessage, trace);
}
