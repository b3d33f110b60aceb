/** The event by which Step Functions tells of an execution that began or ended. */
import type { EventEntry } from '../events/event-bus.ts';
import type { Execution } from './executions.ts';

/** What is larger, escaped, is left out: an event has room for 256 KiB. */
const MOST_BYTES = 248 * 1024;

export function executionEvent(execution: Execution): EventEntry {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate, input, output, error, cause } = execution;
  const hasOutput = escapedBytes(output) <= MOST_BYTES;
  const hasInput = escapedBytes(input) + escapedBytes(output) <= MOST_BYTES;
  return {
    source: 'aws.states',
    detailType: 'Step Functions Execution Status Change',
    resources: [executionArn],
    detail: {
      executionArn,
      stateMachineArn,
      name,
      status,
      startDate,
      stopDate: stopDate ?? null,
      input: hasInput ? input : null,
      output: hasOutput ? (output ?? null) : null,
      inputDetails: { included: hasInput },
      outputDetails: output === undefined ? null : { included: hasOutput },
      error: error ?? null,
      cause: cause ?? null,
    },
  };
}

function escapedBytes(text: string | undefined): number {
  return text === undefined ? 0 : Buffer.byteLength(JSON.stringify(text));
}
