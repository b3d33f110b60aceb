import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { arnOf } from '#infra/local/aws-service.ts';
import { attributesMd5 } from '#infra/local/sqs/message-attributes.ts';
import { Queue } from '#infra/local/sqs/queues.ts';
import { SqsService } from '#infra/local/sqs/sqs-service.ts';
import { localEndpoint } from '../local-endpoint.ts';

const ARN = arnOf('sqs', 'work');

async function openSqs() {
  const deadLetter = new Queue({ name: 'dead', arn: arnOf('sqs', 'dead'), delaySeconds: 0, visibilitySeconds: 30 });
  const queue = new Queue({
    name: 'work',
    arn: ARN,
    delaySeconds: 0,
    visibilitySeconds: 30,
    deadLetter,
    maxReceiveCount: 3,
  });
  const { config, calls } = await localEndpoint({ sqs: new SqsService([queue, deadLetter]) });
  const client = new SQSClient(config);
  onTestFinished(() => client.destroy());
  return { client, queue, calls, QueueUrl: `${config.endpoint}/000000000000/work` };
}

describe('the SQS client', () => {
  it('sends, receives and deletes a message with its attributes', async () => {
    const { client, queue, QueueUrl, calls } = await openSqs();
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'ingest' },
      raw: { DataType: 'Binary.png', BinaryValue: Uint8Array.of(0, 255, 3) },
    };

    const sent = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'Grüße ✓', MessageAttributes }));
    const { Messages: [message] = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] }),
    );
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));

    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: 'Grüße ✓',
      MD5OfBody: sent.MD5OfMessageBody,
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      MessageAttributes,
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Number(message.Attributes?.SentTimestamp)) },
    });
    expect(queue.messages()).toEqual([]);
    expect(calls).toEqual([`sqs:SendMessage ${ARN}`, `sqs:ReceiveMessage ${ARN}`, `sqs:DeleteMessage ${ARN}`]);
  });

  it('shows only the attributes that were asked for', async () => {
    const { client, QueueUrl } = await openSqs();
    const text = { DataType: 'String', StringValue: 'x' };
    const MessageAttributes = { 'a.b': text, 'a.c': text, d: text };
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a', MessageAttributes }));

    const receive = async (MessageAttributeNames?: string[]) => {
      const command = { QueueUrl, VisibilityTimeout: 0, ...(MessageAttributeNames && { MessageAttributeNames }) };
      const { Messages: [message] = [] } = await client.send(new ReceiveMessageCommand(command));
      return [Object.keys(message.MessageAttributes ?? {}), message.Attributes];
    };

    expect(await receive(['a.*'])).toEqual([['a.b', 'a.c'], undefined]);
    expect(await receive(['d'])).toEqual([['d'], undefined]);
    expect(await receive()).toEqual([[], undefined]);
  });

  it('has a queue by any address that ends in its name', async () => {
    const { client, queue } = await openSqs();

    await client.send(new SendMessageCommand({ QueueUrl: 'https://sqs.example.com/1/work', MessageBody: 'a' }));

    expect(queue.messages()).toHaveLength(1);
  });

  it('sends a batch, each message with its own fate', async () => {
    const { client, queue, QueueUrl } = await openSqs();
    const Entries = [
      { Id: '1', MessageBody: 'a' },
      { Id: '2', MessageBody: '\u0000' },
      { Id: '3', MessageBody: 'late', DelaySeconds: 900 },
      { Id: '4', MessageBody: 'late', DelaySeconds: 901 },
    ];

    const { Successful, Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));

    expect(Successful?.map(({ Id }) => Id)).toEqual(['1', '3']);
    expect(Failed).toMatchObject([
      { Id: '2', Code: 'InvalidMessageContents', SenderFault: true },
      { Id: '4', Code: 'ValidationException', SenderFault: true },
    ]);
    expect(queue.counts()).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
  });

  it.each([
    ['no entries', [], 'at least one entry'],
    ['more than ten', Array.from({ length: 11 }, (_, at) => ({ Id: `${at}`, MessageBody: 'a' })), 'at most 10 entries'],
    ['an id twice', ['x', 'x'].map((Id) => ({ Id, MessageBody: 'a' })), 'distinct ids'],
    ['too many bytes', ['1', '2'].map((Id) => ({ Id, MessageBody: 'a'.repeat(600_000) })), 'at most 1048576 bytes'],
  ])('refuses a batch of %s', async (_, Entries, expected) => {
    const { client, queue, QueueUrl } = await openSqs();

    await expect(client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).rejects.toThrow(
      `expected ${expected}`,
    );

    expect(queue.messages()).toEqual([]);
  });

  it('waits for a message as long as it is told', async () => {
    const { client, queue, QueueUrl } = await openSqs();

    const receiving = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    queue.send('late', { delaySeconds: 0.03 });

    expect((await receiving).Messages?.map(({ Body }) => Body)).toEqual(['late']);
  });

  it('receives nothing at once from an empty queue', async () => {
    const { client, QueueUrl } = await openSqs();

    expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  });

  it('changes how long a message is out of sight', async () => {
    const { client, queue, QueueUrl } = await openSqs();
    queue.send('a');
    const { Messages: [{ ReceiptHandle } = {}] = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl }));

    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));

    expect(queue.counts().visible).toBe(1);
  });

  it('tells what it knows of a queue', async () => {
    const { client, queue, QueueUrl } = await openSqs();
    queue.send('a');

    const all = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    const one = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] }));

    expect(all.Attributes).toEqual({
      QueueArn: ARN,
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      DelaySeconds: '0',
      VisibilityTimeout: '30',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('sqs', 'dead'), maxReceiveCount: 3 }),
    });
    expect(one.Attributes).toEqual({ VisibilityTimeout: '30' });
  });

  it('finds a queue’s address by its name', async () => {
    const { client, QueueUrl } = await openSqs();

    expect((await client.send(new GetQueueUrlCommand({ QueueName: 'work' }))).QueueUrl).toBe(QueueUrl);
  });
});

describe('SQS refuses', () => {
  const refused = async (send: (client: SQSClient, QueueUrl: string) => Promise<unknown>) => {
    const { client, QueueUrl } = await openSqs();
    return send(client, QueueUrl).then(
      () => 'nothing',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  };

  it('what it does not know, by its name', async () => {
    expect(await refused((client, QueueUrl) => client.send(new PurgeQueueCommand({ QueueUrl })))).toContain(
      'sqs:PurgeQueue',
    );
    expect(
      await refused((client, QueueUrl) =>
        client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a', MessageGroupId: 'g' })),
      ),
    ).toContain('the field MessageGroupId of SendMessage');
    expect(
      await refused((client, QueueUrl) =>
        client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] })),
      ),
    ).toContain('the queue attribute Policy');
  });

  it('a queue that is not there', async () => {
    const QueueUrl = 'http://127.0.0.1/000000000000/other';

    expect(await refused((client) => client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' })))).toBe(
      'QueueDoesNotExist: expected a queue that exists, got other',
    );
  });

  it.each([
    [{ MessageBody: '' }, 'MissingParameter'],
    [{ MessageBody: 'a\u0001' }, 'InvalidMessageContents'],
    [{ MessageBody: 'a\ud800' }, 'InvalidMessageContents'],
    [{ MessageBody: 'ü'.repeat(524_289) }, 'expected a message of at most 1048576 bytes, got one of 1048578'],
    [{ MessageBody: 'a', DelaySeconds: -1 }, 'a whole number from 0 to 900'],
    [{ MessageBody: 'a', MessageAttributes: { x: { DataType: 'Text', StringValue: 'x' } } }, 'got Text'],
    [{ MessageBody: 'a', MessageAttributes: { x: { DataType: 'String', StringValue: '' } } }, 'expected a value'],
    [{ MessageBody: 'a', MessageAttributes: { x: { DataType: 'Binary', StringValue: 'x' } } }, 'expected a value'],
  ])('the message %j', async (message, expected) => {
    expect(
      await refused((client, QueueUrl) => client.send(new SendMessageCommand({ QueueUrl, ...message }))),
    ).toContain(expected);
  });

  it('a message of more bytes than it holds, attributes included', async () => {
    const { client, queue, QueueUrl } = await openSqs();
    const MessageAttributes = { name: { DataType: 'String', StringValue: '12345' } };
    const send = (length: number) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a'.repeat(length), MessageAttributes }));

    await expect(send(1_048_576 - 14)).rejects.toThrow('expected a message of at most 1048576 bytes');
    await send(1_048_576 - 15);

    expect(queue.messages()).toHaveLength(1);
  });

  it('to receive more than ten at a time', async () => {
    expect(
      await refused((client, QueueUrl) =>
        client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 11 })),
      ),
    ).toContain('a whole number from 1 to 10');
  });
});

describe('the MD5 of attributes', () => {
  // Answers of AWS that the tests of boto and moto have kept.
  it('is the one that AWS computes', () => {
    const number = (value: string) => ({ dataType: 'Number', value });

    expect(attributesMd5({ timestamp: number('1493147359900') })).toBe('235c5c510d26fb653d073faed50ae77c');
    expect(attributesMd5({ Foo: { dataType: 'String', value: 'Bar' }, Count: number('1') })).toBe(
      '324758f82d026ac6ec5b31a3b192d1e3',
    );
  });

  it('does not depend on their order', () => {
    const [a, b] = [
      { dataType: 'String', value: 'x' },
      { dataType: 'Binary', value: 'AQ==' },
    ];

    expect(attributesMd5({ a, b })).toBe(attributesMd5({ b, a }));
  });
});
