/**
 * The way in from a queue: each message is an event; it is read, one use case runs, and what cannot be done is put away.
 *
 * A failure that the caller can act on goes to the dead letters at once, with its reason: to try again would come to the
 * same. Any other is tried again, and goes there after the last try.
 */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { isCallers, UNEXPECTED } from '#application/step-failure.ts';
import { count, logger, observed, traceOf } from './observed.ts';
import { type FunctionPorts, ports } from './ports.ts';

/** `giveUp` tells whoever waits that a message was tried for the last time. */
export interface QueueHandler<Message> {
  /** Gives in a word what has become of the message. */
  run(ports: FunctionPorts, message: Message, messageId: string): Promise<string>;
  giveUp?(ports: FunctionPorts, message: Message, messageId: string): Promise<void>;
}

export function queue<Message>(schema: z.ZodType<Message>, handler: QueueHandler<Message>) {
  return observed<SQSEvent, SQSBatchResponse>(async ({ Records }) => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const record of Records) {
      if (!(await isSettled(schema, handler, record))) batchItemFailures.push({ itemIdentifier: record.messageId });
    }
    return { batchItemFailures };
  });
}

/** Whether the message may be taken from its queue. */
async function isSettled<Message>(schema: z.ZodType<Message>, handler: QueueHandler<Message>, record: SQSRecord) {
  const { messageId, body, attributes } = record;
  const message = schema.safeParse(jsonOf(body));
  if (!message.success) {
    await putAway(record, `expected an event, because ${message.error.issues[0].message}`);
    return true;
  }
  try {
    const outcome = await handler.run(ports(), message.data, messageId);
    logger.info('handled a message', { messageId, outcome });
    return true;
  } catch (error) {
    logger.error('could not handle a message', { messageId, ...traceOf(error) });
    if (isCallers(error)) {
      await putAway(record, error.message);
      return true;
    }
    if (Number(attributes.ApproximateReceiveCount) < ports().maxTries) return false;
    await handler.giveUp?.(ports(), message.data, messageId);
    await putAway(record, UNEXPECTED);
    return true;
  }
}

async function putAway({ body, messageId }: SQSRecord, reason: string): Promise<void> {
  await ports().deadLetters.put(body, reason, messageId);
  count('refused');
}

/** What EventBridge says of an object that was written. */
export const ObjectCreated = z.object({ detail: z.object({ object: z.object({ key: z.string() }) }) });

/** What EventBridge says of an execution that has ended; its input is what it was started with. */
export function executionEnded<Job>(job: z.ZodType<Job>) {
  return z.object({
    detail: z.object({ status: z.string(), input: z.string().transform(jsonOf).pipe(job) }),
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema refuses it
  }
}
