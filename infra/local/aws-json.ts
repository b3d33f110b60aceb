/** The AWS JSON protocol: the operation stands in a header, its fields are a JSON object, and so is the answer. */

import { AwsFault, notKnown, type ServiceRequest, type ServiceResponse } from './aws-service.ts';
import { isObject, type JsonObject } from './json.ts';

/** `SendMessage` of `x-amz-target: AmazonSQS.SendMessage`. */
export function operationOf(request: ServiceRequest, target: string): string {
  const [name, operation] = String(request.headers['x-amz-target'] ?? '').split('.');
  if (name !== target || operation === undefined) throw notKnown(`a request to ${name || 'no service'}`);
  return operation;
}

export function fieldsOf(request: ServiceRequest): JsonObject {
  let fields: unknown;
  try {
    fields = JSON.parse(request.body.toString('utf8') || '{}');
  } catch {
    throw new AwsFault(400, 'SerializationException', 'expected a JSON object, got something that is not JSON');
  }
  if (!isObject(fields)) throw new AwsFault(400, 'SerializationException', 'expected a JSON object, got another value');
  return fields;
}

export function jsonAnswer(answer: object): ServiceResponse {
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(answer) };
}

/** A field that would be ignored is refused: what it asks for would not be done. */
export function refuseOtherFields(fields: JsonObject, known: readonly string[], where: string): void {
  const stranger = Object.keys(fields).find((name) => fields[name] !== null && !known.includes(name));
  if (stranger !== undefined) throw notKnown(`the field ${stranger} of ${where}`);
}

export function textAt(fields: JsonObject, name: string): string {
  const text = optionalTextAt(fields, name);
  if (text === undefined) throw invalid(`expected the field ${name}, got none`);
  return text;
}

export function optionalTextAt(fields: JsonObject, name: string): string | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(`expected a text in the field ${name}, got ${JSON.stringify(value)}`);
}

export function textsAt(fields: JsonObject, name: string): string[] {
  return listAt(fields, name).map((value) => {
    if (typeof value === 'string') return value;
    throw invalid(`expected texts in the field ${name}, got ${JSON.stringify(value)}`);
  });
}

/** The objects of a list; no list is an empty one. */
export function objectsAt(fields: JsonObject, name: string): JsonObject[] {
  return listAt(fields, name).map((value) => {
    if (isObject(value)) return value;
    throw invalid(`expected objects in the field ${name}, got ${JSON.stringify(value)}`);
  });
}

export function optionalIntegerAt(
  fields: JsonObject,
  name: string,
  [least, most]: readonly [number, number],
): number | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`expected a whole number from ${least} to ${most} in the field ${name}, got ${JSON.stringify(value)}`);
}

function listAt(fields: JsonObject, name: string): unknown[] {
  const value = fields[name] ?? [];
  if (Array.isArray(value)) return value;
  throw invalid(`expected a list in the field ${name}, got ${JSON.stringify(value)}`);
}

function invalid(message: string): AwsFault {
  return new AwsFault(400, 'ValidationException', message);
}
