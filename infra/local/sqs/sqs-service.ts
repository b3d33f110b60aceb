/** SQS as its SDK client speaks to it. */
import {
  fieldsOf,
  jsonAnswer,
  objectsAt,
  operationOf,
  optionalIntegerAt,
  refuseOtherFields,
  textAt,
  textsAt,
} from '../aws-json.ts';
import {
  ACCOUNT,
  AwsFault,
  arnOf,
  type Call,
  notKnown,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from '../aws-service.ts';
import type { JsonObject } from '../json.ts';
import {
  attributeBytes,
  attributesMd5,
  bodyMd5,
  type MessageAttributes,
  parseMessageAttributes,
  renderMessageAttributes,
} from './message-attributes.ts';
import { type Message, type Queue, systemAttributesOf } from './queues.ts';

/** The largest message, with its attributes, and the largest batch: 1 MiB since August 2025. */
const MOST_BYTES = 1_048_576;
const MOST_ENTRIES = 10;
const LONGEST_DELAY_SECONDS = 900;
const LONGEST_VISIBILITY_SECONDS = 43_200;
const LONGEST_WAIT_SECONDS = 20;

/** What XML 1.0 cannot carry, SQS does not take: most control characters, lone surrogates, U+FFFE and U+FFFF. */
const UNFIT_TEXT = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

const MESSAGE_FIELDS = ['MessageBody', 'DelaySeconds', 'MessageAttributes'];
const SYSTEM_ATTRIBUTES = ['AttributeNames', 'MessageSystemAttributeNames'];

interface Operation {
  readonly action: string;
  readonly fields: readonly string[];
  answer(queue: Queue, fields: JsonObject, request: ServiceRequest): object | Promise<object>;
}

/** A batch asks for the permission of its parts. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  SendMessage: { action: 'SendMessage', fields: ['QueueUrl', ...MESSAGE_FIELDS], answer: sendMessage },
  SendMessageBatch: { action: 'SendMessage', fields: ['QueueUrl', 'Entries'], answer: sendMessageBatch },
  ReceiveMessage: {
    action: 'ReceiveMessage',
    fields: [
      'QueueUrl',
      ...SYSTEM_ATTRIBUTES,
      'MessageAttributeNames',
      'MaxNumberOfMessages',
      'VisibilityTimeout',
      'WaitTimeSeconds',
    ],
    answer: receiveMessage,
  },
  DeleteMessage: { action: 'DeleteMessage', fields: ['QueueUrl', 'ReceiptHandle'], answer: deleteMessage },
  ChangeMessageVisibility: {
    action: 'ChangeMessageVisibility',
    fields: ['QueueUrl', 'ReceiptHandle', 'VisibilityTimeout'],
    answer: changeMessageVisibility,
  },
  GetQueueAttributes: {
    action: 'GetQueueAttributes',
    fields: ['QueueUrl', 'AttributeNames'],
    answer: getQueueAttributes,
  },
  GetQueueUrl: { action: 'GetQueueUrl', fields: ['QueueName'], answer: getQueueUrl },
};

export class SqsService implements Service {
  readonly #queues: ReadonlyMap<string, Queue>;

  constructor(queues: Iterable<Queue>) {
    this.#queues = new Map(Iterator.from(queues).map((queue) => [queue.name, queue]));
  }

  calls(request: ServiceRequest): readonly Call[] {
    const { action } = operationAt(request);
    return [{ action: `sqs:${action}`, resource: arnOf('sqs', queueNameIn(fieldsOf(request))) }];
  }

  async answer(request: ServiceRequest): Promise<ServiceResponse> {
    const operation = operationAt(request);
    const fields = fieldsOf(request);
    refuseOtherFields(fields, operation.fields, operationOf(request, 'AmazonSQS'));
    const name = queueNameIn(fields);
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new AwsFault(400, 'QueueDoesNotExist', `expected a queue that exists, got ${name}`);
    return jsonAnswer(await operation.answer(queue, fields, request));
  }
}

function operationAt(request: ServiceRequest): Operation {
  const name = operationOf(request, 'AmazonSQS');
  if (!Object.hasOwn(OPERATIONS, name)) throw notKnown(`sqs:${name}`);
  return OPERATIONS[name];
}

/** The last part of any URL, or the name itself. */
function queueNameIn(fields: JsonObject): string {
  if (fields.QueueName !== undefined) return textAt(fields, 'QueueName');
  return textAt(fields, 'QueueUrl').split('/').at(-1) ?? '';
}

function sendMessage(queue: Queue, fields: JsonObject): object {
  const message = parseMessage(fields);
  if (message.bytes > MOST_BYTES) {
    throw invalid(`expected a message of at most ${MOST_BYTES} bytes, got one of ${message.bytes}`);
  }
  return sentReport(queue.send(message.body, message));
}

function sentReport({ messageId, body, attributes }: Message): object {
  return {
    MessageId: messageId,
    MD5OfMessageBody: bodyMd5(body),
    ...(Object.keys(attributes).length > 0 && { MD5OfMessageAttributes: attributesMd5(attributes) }),
  };
}

interface ParsedMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly delaySeconds?: number;
  readonly bytes: number;
}

function parseMessage(fields: JsonObject): ParsedMessage {
  const body = textAt(fields, 'MessageBody');
  if (body === '') throw new AwsFault(400, 'MissingParameter', 'expected a message body, got an empty one');
  if (UNFIT_TEXT.test(body)) {
    throw new AwsFault(400, 'InvalidMessageContents', 'expected a message body of characters that XML 1.0 knows');
  }
  const attributes = parseMessageAttributes(fields.MessageAttributes);
  const delaySeconds = optionalIntegerAt(fields, 'DelaySeconds', [0, LONGEST_DELAY_SECONDS]);
  const bytes = Buffer.byteLength(body) + attributeBytes(attributes);
  return { body, attributes, bytes, ...(delaySeconds !== undefined && { delaySeconds }) };
}

/** What is wrong with the batch refuses it; what is wrong with a message is told of that one only. */
function sendMessageBatch(queue: Queue, fields: JsonObject): object {
  const entries = objectsAt(fields, 'Entries').map((entry) => ({ id: textAt(entry, 'Id'), entry }));
  checkBatch(entries.map(({ id }) => id));
  for (const { entry } of entries) refuseOtherFields(entry, ['Id', ...MESSAGE_FIELDS], 'an entry of SendMessageBatch');
  const parsed = entries.map(({ id, entry }) => ({ id, message: orFault(() => parseMessage(entry)) }));
  const bytes = parsed.reduce((sum, { message }) => sum + (message instanceof AwsFault ? 0 : message.bytes), 0);
  if (bytes > MOST_BYTES) throw batchFault('BatchRequestTooLong', `at most ${MOST_BYTES} bytes`, `${bytes}`);
  const successful: object[] = [];
  const failed: object[] = [];
  for (const { id, message } of parsed) {
    if (message instanceof AwsFault) {
      failed.push({ Id: id, SenderFault: true, Code: message.code, Message: message.message });
    } else successful.push({ Id: id, ...sentReport(queue.send(message.body, message)) });
  }
  return { Successful: successful, Failed: failed };
}

function checkBatch(ids: readonly string[]): void {
  if (ids.length === 0) throw batchFault('EmptyBatchRequest', 'at least one entry', 'none');
  if (ids.length > MOST_ENTRIES) {
    throw batchFault('TooManyEntriesInBatchRequest', `at most ${MOST_ENTRIES} entries`, `${ids.length}`);
  }
  if (new Set(ids).size < ids.length) throw batchFault('BatchEntryIdsNotDistinct', 'distinct ids', ids.join(', '));
}

function batchFault(code: string, expected: string, got: string): AwsFault {
  return new AwsFault(400, `AWS.SimpleQueueService.${code}`, `expected ${expected} in a batch, got ${got}`);
}

function orFault<T>(parse: () => T): T | AwsFault {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AwsFault && error.status < 500) return error;
    throw error;
  }
}

async function receiveMessage(queue: Queue, fields: JsonObject): Promise<object> {
  const max = optionalIntegerAt(fields, 'MaxNumberOfMessages', [1, MOST_ENTRIES]) ?? 1;
  const visibility = optionalIntegerAt(fields, 'VisibilityTimeout', [0, LONGEST_VISIBILITY_SECONDS]);
  const waitSeconds = optionalIntegerAt(fields, 'WaitTimeSeconds', [0, LONGEST_WAIT_SECONDS]) ?? 0;
  const deadline = queue.now() + waitSeconds * 1000;
  let messages = queue.receive(max, visibility);
  while (messages.length === 0 && queue.now() < deadline) {
    await queue.arrival(deadline - queue.now());
    messages = queue.receive(max, visibility);
  }
  return messages.length === 0 ? {} : { Messages: messages.map((message) => receivedReport(message, fields)) };
}

function receivedReport(message: Message, fields: JsonObject): object {
  const wanted = SYSTEM_ATTRIBUTES.flatMap((name) => textsAt(fields, name));
  const system = Object.entries(systemAttributesOf(message)).filter(
    ([name]) => wanted.includes('All') || wanted.includes(name),
  );
  const attributes = Object.fromEntries(
    Object.entries(message.attributes).filter(([name]) => isWanted(name, textsAt(fields, 'MessageAttributeNames'))),
  );
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: bodyMd5(message.body),
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
    ...(Object.keys(attributes).length > 0 && {
      MessageAttributes: renderMessageAttributes(attributes),
      MD5OfMessageAttributes: attributesMd5(attributes),
    }),
  };
}

function isWanted(name: string, wanted: readonly string[]): boolean {
  return wanted.some(
    (each) => each === 'All' || each === name || (each.endsWith('.*') && name.startsWith(each.slice(0, -2))),
  );
}

function deleteMessage(queue: Queue, fields: JsonObject): object {
  queue.delete(textAt(fields, 'ReceiptHandle'));
  return {};
}

function changeMessageVisibility(queue: Queue, fields: JsonObject): object {
  const seconds = optionalIntegerAt(fields, 'VisibilityTimeout', [0, LONGEST_VISIBILITY_SECONDS]);
  if (seconds === undefined) throw invalid('expected the field VisibilityTimeout, got none');
  queue.changeVisibility(textAt(fields, 'ReceiptHandle'), seconds);
  return {};
}

function getQueueAttributes(queue: Queue, fields: JsonObject): object {
  const all = queueAttributes(queue);
  const wanted = textsAt(fields, 'AttributeNames');
  const stranger = wanted.find((name) => name !== 'All' && !Object.hasOwn(all, name));
  if (stranger !== undefined) throw notKnown(`the queue attribute ${stranger}`);
  if (wanted.includes('All')) return { Attributes: all };
  return { Attributes: Object.fromEntries(wanted.map((name) => [name, all[name]])) };
}

function queueAttributes(queue: Queue): Readonly<Record<string, string>> {
  const { delaySeconds, visibilitySeconds, maxReceiveCount, deadLetter } = queue.options;
  const { visible, inFlight, delayed } = queue.counts();
  return {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    DelaySeconds: String(delaySeconds),
    VisibilityTimeout: String(visibilitySeconds),
    ...(deadLetter && { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetter.arn, maxReceiveCount }) }),
  };
}

function getQueueUrl(queue: Queue, _fields: JsonObject, { url }: ServiceRequest): object {
  return { QueueUrl: new URL(`/${ACCOUNT}/${queue.name}`, url.origin).href };
}

function invalid(message: string): AwsFault {
  return new AwsFault(400, 'InvalidParameterValue', message);
}
