import { describe, expect, it } from 'vitest';
import {
  fieldsOf,
  objectsAt,
  operationOf,
  optionalIntegerAt,
  optionalTextAt,
  refuseOtherFields,
  textAt,
  textsAt,
} from '#infra/local/aws-json.ts';
import type { ServiceRequest } from '#infra/local/aws-service.ts';

function request(body: string, target?: string): ServiceRequest {
  const headers = target === undefined ? {} : { 'x-amz-target': target };
  return { method: 'POST', url: new URL('http://127.0.0.1/'), headers, body: Buffer.from(body) };
}

describe('a request in the JSON protocol', () => {
  it('names its operation and has its fields', () => {
    const given = request('{"a":1}', 'AmazonSQS.SendMessage');

    expect(operationOf(given, 'AmazonSQS')).toBe('SendMessage');
    expect(fieldsOf(given)).toEqual({ a: 1 });
    expect(fieldsOf(request(''))).toEqual({});
  });

  it.each([
    ['AWSEvents.PutEvents', 'a request to AWSEvents'],
    ['AmazonSQS', 'a request to AmazonSQS'],
    [undefined, 'a request to no service'],
  ])('is refused by name if it is for %s', (target, name) => {
    expect(() => operationOf(request('{}', target), 'AmazonSQS')).toThrow(
      `expected what the local stack knows, got ${name}`,
    );
  });

  it.each(['{', '[]', 'null', '"text"'])('is refused with the body %s', (body) => {
    expect(() => fieldsOf(request(body))).toThrow(
      expect.objectContaining({ status: 400, code: 'SerializationException' }),
    );
  });
});

describe('a field', () => {
  const FIELDS = { text: 'a', number: 3, list: ['a', 'b'], objects: [{ a: 1 }], none: null };

  it('is what it should be, or is not there', () => {
    expect(textAt(FIELDS, 'text')).toBe('a');
    expect(optionalTextAt(FIELDS, 'none')).toBeUndefined();
    expect(optionalIntegerAt(FIELDS, 'number', [0, 3])).toBe(3);
    expect(optionalIntegerAt(FIELDS, 'nothing', [0, 3])).toBeUndefined();
    expect(textsAt(FIELDS, 'list')).toEqual(['a', 'b']);
    expect(objectsAt(FIELDS, 'objects')).toEqual([{ a: 1 }]);
    expect(objectsAt(FIELDS, 'nothing')).toEqual([]);
  });

  it.each([
    ['a missing text', () => textAt(FIELDS, 'nothing'), 'expected the field nothing, got none'],
    ['a number for a text', () => textAt(FIELDS, 'number'), 'expected a text in the field number, got 3'],
    [
      'a number out of bounds',
      () => optionalIntegerAt(FIELDS, 'number', [0, 2]),
      'from 0 to 2 in the field number, got 3',
    ],
    ['a text for a number', () => optionalIntegerAt(FIELDS, 'text', [0, 2]), 'in the field text, got "a"'],
    ['a text for a list', () => textsAt(FIELDS, 'text'), 'expected a list in the field text, got "a"'],
    ['objects for texts', () => textsAt(FIELDS, 'objects'), 'expected texts in the field objects, got {"a":1}'],
    ['texts for objects', () => objectsAt(FIELDS, 'list'), 'expected objects in the field list, got "a"'],
  ])('is refused: %s', (_, read, expected) => {
    expect(read).toThrow(expected);
  });

  it('is refused by name if nobody would read it, unless it is null', () => {
    expect(() => refuseOtherFields(FIELDS, ['text', 'list', 'objects'], 'a test')).toThrow(
      'the field number of a test',
    );
    expect(() => refuseOtherFields(FIELDS, ['text', 'number', 'list', 'objects'], 'a test')).not.toThrow();
  });
});
