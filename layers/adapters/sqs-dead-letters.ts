/** Messages that nobody could do anything with, put away with the reason, for a person to look at. */
import type { SQSClient } from '@aws-sdk/client-sqs';

export interface DeadLetters {
  put(body: string, reason: string, messageId: string): Promise<void>;
}

/** Long enough for any sentence of ours. */
const MAX_REASON = 1_000;

/** What SQS refuses in a text; control characters that somebody wrote into a file, say. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

export function sqsDeadLetters(queueUrl: string, open: () => Promise<SQSClient>): DeadLetters {
  return {
    async put(body, reason, messageId) {
      const { SendMessageCommand } = await import('@aws-sdk/client-sqs');
      const client = await open();
      const attribute = (text: string) => ({ DataType: 'String', StringValue: text });
      await client.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: body,
          MessageAttributes: {
            reason: attribute(reason.slice(0, MAX_REASON).replace(FORBIDDEN, '\ufffd')),
            messageId: attribute(messageId),
          },
        }),
      );
    },
  };
}
