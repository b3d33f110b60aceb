/**
 * The way in for events, from a queue or straight from the event bus: an event is read, one use case runs, and what cannot be
 * done is put away.
 *
 * A failure that the caller can act on goes to the dead letters at once, with its reason: to try again would come to the
 * same. Any other is tried again by whoever sent the event, and goes there after the last try.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { isCallers, UNEXPECTED } from '#application/step-failure.ts';
import { count, logger, observed, traceOf } from './observed.ts';
import { type FunctionPorts, ports } from './ports.ts';

export interface MessageHandler<Message> {
  /** Gives in a word what has become of the message. */
  run(ports: FunctionPorts, message: Message, messageId: string): Promise<string>;
  /** Tells whoever waits that a message from a queue was tried for the last time. */
  giveUp?(ports: FunctionPorts, message: Message, messageId: string): Promise<void>;
}

const BusEvent = z.object({ id: z.string() });

export function onMessage<Message>(schema: z.ZodType<Message>, handler: MessageHandler<Message>) {
  return observed<unknown, SQSBatchResponse>(async (event) => {
    if (isFromQueue(event)) return { batchItemFailures: await failuresAmong(schema, handler, event) };
    const { id } = BusEvent.parse(event);
    await settle(schema, handler, { messageId: id, body: JSON.stringify(event), tries: 0 });
    return { batchItemFailures: [] };
  });
}

function isFromQueue(event: unknown): event is SQSEvent {
  return typeof event === 'object' && event !== null && 'Records' in event;
}

async function failuresAmong<Message>(
  schema: z.ZodType<Message>,
  handler: MessageHandler<Message>,
  { Records }: SQSEvent,
): Promise<SQSBatchResponse['batchItemFailures']> {
  const failures: { itemIdentifier: string }[] = [];
  for (const { messageId, body, attributes } of Records) {
    const tries = Number(attributes.ApproximateReceiveCount);
    try {
      await settle(schema, handler, { messageId, body, tries });
    } catch {
      failures.push({ itemIdentifier: messageId }); // it was logged, and the queue gives it again
    }
  }
  return failures;
}

interface Given {
  readonly messageId: string;
  readonly body: string;
  /** This one counted; 0 where whoever sent it counts for himself. */
  readonly tries: number;
}

/** Throws where the message is to be tried again. */
async function settle<Message>(schema: z.ZodType<Message>, handler: MessageHandler<Message>, given: Given) {
  const { messageId, body, tries } = given;
  const message = schema.safeParse(jsonOf(body));
  if (!message.success) {
    await putAway(given, `expected an event, because ${message.error.issues[0].message}`);
    return;
  }
  if (tries > ports().maxTries) {
    // The process itself died in the last try, of memory or of time, and could say nothing.
    await giveUp(handler, message.data, given);
    return;
  }
  try {
    const outcome = await handler.run(ports(), message.data, messageId);
    logger.info('handled a message', { messageId, outcome });
  } catch (error) {
    logger.error('could not handle a message', { messageId, ...traceOf(error) });
    if (isCallers(error)) {
      await putAway(given, error.message);
    } else if (tries === ports().maxTries) {
      await giveUp(handler, message.data, given);
    } else {
      throw error;
    }
  }
}

async function giveUp<Message>(handler: MessageHandler<Message>, message: Message, given: Given): Promise<void> {
  await handler.giveUp?.(ports(), message, given.messageId);
  await putAway(given, UNEXPECTED);
}

async function putAway({ body, messageId }: Given, reason: string): Promise<void> {
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
