import { finishExpansion } from '#application/expansion/end-expansion.ts';
import { ExpansionJob } from '#application/expansion/expansion-job.ts';
import { STOPPED } from '#application/step-failure.ts';
import { executionEnded, onMessage } from './message.ts';

/** The execution of an expansion has failed: whoever waits is told why. */
export const handler = onMessage(executionEnded(ExpansionJob), {
  async run(ports, { detail: { status, input } }) {
    await finishExpansion(ports, input, Date.now(), status === 'ABORTED' ? STOPPED : undefined);
    return status;
  },
});
