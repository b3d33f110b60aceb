/** The typed attributes of an SQS message, and the MD5s by which an SDK checks that a message arrived whole. */
import { createHash } from 'node:crypto';
import { optionalTextAt, refuseOtherFields, textAt } from '../aws-json.ts';
import { AwsFault } from '../aws-service.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';

export interface MessageAttribute {
  /** `String`, `Number` or `Binary`, perhaps with a label behind a dot. */
  readonly dataType: string;
  /** Base64 if the type is binary. */
  readonly value: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

const DATA_TYPE = /^(?:String|Number|Binary)(?:\..+)?$/;

/** Of a queue's message. */
const MOST_ATTRIBUTES = 10;

/** Reads `{ name: { DataType, StringValue | BinaryValue } }`. */
export function parseMessageAttributes(field: Json | undefined): MessageAttributes {
  const fields = field ?? {};
  if (!isObject(fields)) throw invalid('expected an object of message attributes, got another value');
  const names = Object.keys(fields);
  if (names.length > MOST_ATTRIBUTES) {
    throw invalid(`expected at most ${MOST_ATTRIBUTES} message attributes, got ${names.length}`);
  }
  return Object.fromEntries(names.map((name) => [name, parseAttribute(name, fields[name])]));
}

function parseAttribute(name: string, field: Json): MessageAttribute {
  if (!isObject(field)) throw invalid(`expected an object in the message attribute ${name}, got another value`);
  refuseOtherFields(field, ['DataType', 'StringValue', 'BinaryValue'], `the message attribute ${name}`);
  const dataType = textAt(field, 'DataType');
  if (!DATA_TYPE.test(dataType)) {
    throw invalid(`expected String, Number or Binary as the type of the message attribute ${name}, got ${dataType}`);
  }
  const value = optionalTextAt(field, isBinary(dataType) ? 'BinaryValue' : 'StringValue');
  if (!value) throw invalid(`expected a value of the type ${dataType} in the message attribute ${name}, got none`);
  return { dataType, value };
}

/** As a client of SQS receives them. */
export function renderMessageAttributes(attributes: MessageAttributes): JsonObject {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, value }]) => [
      name,
      { DataType: dataType, [isBinary(dataType) ? 'BinaryValue' : 'StringValue']: value },
    ]),
  );
}

export function isBinary(dataType: string): boolean {
  return dataType.startsWith('Binary');
}

/** Bytes that count towards the size of a message. */
export function attributeBytes(attributes: MessageAttributes): number {
  return Object.entries(attributes).reduce(
    (sum, [name, attribute]) =>
      sum + Buffer.byteLength(name) + Buffer.byteLength(attribute.dataType) + bytesOf(attribute).length,
    0,
  );
}

export function bodyMd5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

/**
 * Names in order; of each its name, its type, a byte for the kind of value (1 text, 2 binary) and its value, each text
 * behind its length in four bytes.
 */
export function attributesMd5(attributes: MessageAttributes): string {
  const hash = createHash('md5');
  const add = (bytes: Uint8Array) => hash.update(lengthOf(bytes)).update(bytes);
  for (const name of Object.keys(attributes).sort()) {
    const attribute = attributes[name];
    add(Buffer.from(name));
    add(Buffer.from(attribute.dataType));
    hash.update(Uint8Array.of(isBinary(attribute.dataType) ? 2 : 1));
    add(bytesOf(attribute));
  }
  return hash.digest('hex');
}

function bytesOf({ dataType, value }: MessageAttribute): Buffer {
  return Buffer.from(value, isBinary(dataType) ? 'base64' : 'utf8');
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
}

function invalid(message: string): AwsFault {
  return new AwsFault(400, 'InvalidParameterValue', message);
}
