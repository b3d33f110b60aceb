/**
 * Standard queues of SQS: a message that is received is out of sight until it is deleted or its visibility timeout has
 * passed; one that comes back too often goes to the dead-letter queue. Messages survive a restart, as a file for each
 * queue. One departure: nobody who had received a message is alive after a restart, so that all are in sight again at once.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFileAtomically } from '#adapters/atomic-file.ts';
import { AwsFault } from '../aws-service.ts';
import type { MessageAttributes } from './message-attributes.ts';

const MS_PER_SECOND = 1000;

/** The longest that setTimeout can wait: 2³¹ − 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;

export interface Message {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  /** Times are milliseconds since 1970. */
  readonly sentAt: number;
  readonly visibleAt: number;
  readonly firstReceivedAt?: number;
  readonly receiveCount: number;
  /** Names the latest receipt; empty while nobody has the message. */
  readonly receiptHandle: string;
  /** The queue whose dead letter this is. */
  readonly sourceArn?: string;
}

export interface QueueOptions {
  readonly name: string;
  readonly arn: string;
  readonly delaySeconds: number;
  readonly visibilitySeconds: number;
  /** With `deadLetter`: how often a message is received before it goes there. */
  readonly maxReceiveCount?: number;
  readonly deadLetter?: Queue;
  /** Where messages outlive the process. */
  readonly file?: string;
  readonly now?: () => number;
}

/** How many messages are in sight, received, or still held back. */
export interface MessageCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export class Queue {
  readonly options: QueueOptions;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly #messages: Map<string, Message>;
  readonly #waiting = new Set<() => void>();

  constructor(options: QueueOptions) {
    const { maxReceiveCount, deadLetter, file, now = Date.now } = options;
    if ((maxReceiveCount === undefined) !== (deadLetter === undefined)) {
      throw new Error(`${options.name}: expected maxReceiveCount and deadLetter together, got one of them`);
    }
    this.options = options;
    this.now = now;
    this.#messages = new Map(storedMessages(file, now()).map((message) => [message.messageId, message]));
  }

  get name(): string {
    return this.options.name;
  }

  get arn(): string {
    return this.options.arn;
  }

  send(
    body: string,
    {
      delaySeconds = this.options.delaySeconds,
      attributes = {},
    }: { readonly delaySeconds?: number; readonly attributes?: MessageAttributes } = {},
  ): Message {
    const sentAt = this.now();
    const visibleAt = sentAt + delaySeconds * MS_PER_SECOND;
    const message = {
      messageId: randomUUID(),
      body,
      attributes,
      sentAt,
      visibleAt,
      receiveCount: 0,
      receiptHandle: '',
    };
    this.#put(message);
    return message;
  }

  /** At most `max` of the messages in sight, oldest first; from now on they are out of sight. */
  receive(max: number, visibilitySeconds = this.options.visibilitySeconds): Message[] {
    const now = this.now();
    const visible = this.messages().filter(({ visibleAt }) => visibleAt <= now);
    const spent = visible.filter((message) => this.#isSpent(message));
    for (const message of spent) this.#bury(message, now);
    const received = visible
      .filter((message) => !this.#isSpent(message))
      .slice(0, max)
      .map((message) => ({
        ...message,
        receiveCount: message.receiveCount + 1,
        firstReceivedAt: message.firstReceivedAt ?? now,
        visibleAt: now + visibilitySeconds * MS_PER_SECOND,
        receiptHandle: `${message.messageId}/${randomUUID()}`,
      }));
    for (const message of received) this.#messages.set(message.messageId, message);
    if (spent.length + received.length > 0) this.#save();
    return received;
  }

  /** Of an older receipt, or of a message that is gone: nothing happens, as in AWS. */
  delete(receiptHandle: string): void {
    const message = this.#receipt(receiptHandle);
    if (message === undefined) return;
    this.#messages.delete(message.messageId);
    this.#save();
  }

  /** From now on the message is out of sight for that long. */
  changeVisibility(receiptHandle: string, seconds: number): void {
    const message = this.#receipt(receiptHandle);
    const now = this.now();
    if (message === undefined || message.visibleAt <= now) {
      throw new AwsFault(400, 'MessageNotInflight', 'expected a message that was received and is out of sight');
    }
    this.#put({ ...message, visibleAt: now + seconds * MS_PER_SECOND });
  }

  /** All that are in the queue now, oldest first. */
  messages(): readonly Message[] {
    return [...this.#messages.values()];
  }

  counts(): MessageCounts {
    const now = this.now();
    const hidden = this.messages().filter(({ visibleAt }) => visibleAt > now);
    const inFlight = hidden.filter(({ receiptHandle }) => receiptHandle !== '').length;
    return { visible: this.#messages.size - hidden.length, inFlight, delayed: hidden.length - inFlight };
  }

  /** Waits until there may be something to receive, at most that long, and no longer than until the signal. */
  async arrival(withinMs: number, signal?: AbortSignal): Promise<void> {
    const next = Math.min(...this.messages().map(({ visibleAt }) => visibleAt)) - this.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    // A timer may be a moment ahead of the clock: what it waits for would not be in sight yet.
    const timer = setTimeout(resolve, Math.min(Math.max(next, 0) + 1, withinMs, LONGEST_TIMER_MS));
    this.#waiting.add(resolve);
    const stop = () => resolve();
    signal?.addEventListener('abort', stop);
    if (!signal?.aborted) await promise;
    signal?.removeEventListener('abort', stop);
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }

  #isSpent({ receiveCount }: Message): boolean {
    return receiveCount >= (this.options.maxReceiveCount ?? Number.POSITIVE_INFINITY);
  }

  /** First there, then no longer here: a crash in between repeats a message and loses none. */
  #bury(message: Message, now: number): void {
    const { deadLetter } = this.options;
    if (deadLetter) deadLetter.#put({ ...message, visibleAt: now, receiptHandle: '', sourceArn: this.arn });
    this.#messages.delete(message.messageId);
  }

  #receipt(receiptHandle: string): Message | undefined {
    const [messageId, receipt] = receiptHandle.split('/');
    if (receipt === undefined) {
      throw new AwsFault(400, 'ReceiptHandleIsInvalid', 'expected a receipt handle of this queue, got another text');
    }
    const message = this.#messages.get(messageId);
    return message?.receiptHandle === receiptHandle ? message : undefined;
  }

  #put(message: Message): void {
    this.#messages.set(message.messageId, message);
    this.#save();
    for (const wake of this.#waiting) wake();
  }

  #save(): void {
    const { file } = this.options;
    if (file !== undefined) writeFileAtomically(file, [JSON.stringify({ messages: this.messages() })]);
  }
}

/** What SQS itself knows of a message that was received. */
export function systemAttributesOf(message: Message) {
  return {
    SenderId: 'local', // nobody is asked who sent a message
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    ...(message.sourceArn !== undefined && { DeadLetterQueueSourceArn: message.sourceArn }),
  };
}

function storedMessages(file: string | undefined, now: number): Message[] {
  if (file === undefined || !existsSync(file)) return [];
  const messages: Message[] = parsed(file);
  return messages.map((message) =>
    message.receiptHandle === '' ? message : { ...message, receiptHandle: '', visibleAt: now },
  );
}

function parsed(file: string) {
  try {
    const stored = JSON.parse(readFileSync(file, 'utf8'));
    if (Array.isArray(stored?.messages)) return stored.messages;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(`${file}: expected the messages of a queue, got something else; without the file the queue is empty`);
}
