/** Workflows as Step Functions: the execution's name makes a second start of the same work no second work. */
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { Workflows } from '#application/ports.ts';
import { isAwsFault } from './aws-faults.ts';

export function sfnWorkflows(
  machines: Readonly<Record<'upload' | 'expansion', string>>,
  open: () => Promise<SFNClient>,
): Workflows {
  return {
    async start(workflow, name, input) {
      const { StartExecutionCommand } = await import('@aws-sdk/client-sfn');
      const client = await open();
      try {
        await client.send(
          new StartExecutionCommand({ stateMachineArn: machines[workflow], name, input: JSON.stringify(input) }),
        );
        return 'running';
      } catch (error) {
        // While the first runs, AWS answers with it; once it has ended, with this.
        if (isAwsFault(error, 'ExecutionAlreadyExists')) return 'ended';
        throw error;
      }
    },
  };
}
