/** Messages as those of a queue of SQS, which holds each back for as long as it is told. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Messages } from '#application/ports.ts';

export function sqsMessages(queueUrl: string, open: () => Promise<SQSClient>): Messages {
  return {
    async send(message, delaySeconds) {
      const { SendMessageCommand } = await import('@aws-sdk/client-sqs');
      const command = { QueueUrl: queueUrl, MessageBody: JSON.stringify(message), DelaySeconds: delaySeconds };
      await (await open()).send(new SendMessageCommand(command));
    },
  };
}
