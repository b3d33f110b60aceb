import { SQSClient } from '@aws-sdk/client-sqs';
import { onTestFinished } from 'vitest';
import { sqsMessages } from '#adapters/sqs-messages.ts';
import { arnOf } from '#infra/local/aws-service.ts';
import { Queue } from '#infra/local/sqs/queues.ts';
import { SqsService } from '#infra/local/sqs/sqs-service.ts';
import { messagesContract } from '../contracts/messages.contract.ts';
import { localEndpoint } from '../infra/local/local-endpoint.ts';

messagesContract('SQS, of the local stack', async (now) => {
  const queue = new Queue({ name: 'work', arn: arnOf('sqs', 'work'), delaySeconds: 5, visibilitySeconds: 30, now });
  const { config } = await localEndpoint({ sqs: new SqsService([queue]) });
  const client = new SQSClient(config);
  onTestFinished(() => client.destroy());
  return {
    messages: sqsMessages(`${config.endpoint}/000000000000/work`, async () => client),
    async come() {
      const received = queue.receive(10);
      for (const { receiptHandle } of received) queue.delete(receiptHandle);
      return received.map(({ body }) => JSON.parse(body));
    },
  };
});
