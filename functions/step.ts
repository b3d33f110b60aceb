/** The way in from a state machine: check the task, run the use case, give its result to the next state. */
import type * as z from 'zod';
import { leavingReason } from '#application/step-failure.ts';
import { count, logger, observed, traceOf } from './observed.ts';
import { type FunctionPorts, ports } from './ports.ts';

/** `folder` is where the reason of a failure is left that the caller can act on. */
export function step<Task>(
  schema: z.ZodType<Task>,
  folder: (task: Task) => string,
  run: (ports: FunctionPorts, task: Task) => Promise<unknown>,
) {
  return observed<unknown, unknown>(async (event) => {
    const task = schema.parse(event);
    try {
      return (await leavingReason(ports().objects, folder(task), () => run(ports(), task))) ?? null;
    } catch (error) {
      logger.error('the step failed', traceOf(error));
      count('failed');
      throw error;
    }
  });
}
