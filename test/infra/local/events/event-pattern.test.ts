import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { checkPattern, matches } from '#infra/local/events/event-pattern.ts';
import { isObject, type Json, type JsonObject } from '#infra/local/json.ts';

/** The example of the documentation of EventBridge, somewhat longer. */
const EVENT = {
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  account: '111122223333',
  time: '2017-12-22T18:43:48Z',
  region: 'us-west-1',
  resources: ['arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0', 'arn:aws:x:y'],
  detail: {
    'instance-id': 'i-1234567890abcdef0',
    state: 'terminated',
    'c-count': 5,
    'd-count': 3,
    'x-limit': 301.8,
    'is-spot': false,
    'stopped-by': null,
    name: '',
    file: 'dir/photo*.png',
    tags: [],
    disks: [
      { kind: 'ssd', gib: 8 },
      { kind: 'hdd', gib: 500, label: 'data' },
    ],
  },
};

/** Checks the pattern before it is used, as a rule does. */
function isMatch(pattern: unknown, event: unknown = EVENT): boolean {
  checkPattern(pattern);
  return matches(pattern, event);
}

const detail = (fields: JsonObject) => ({ detail: fields });

describe('event patterns match', () => {
  it.each<[string, unknown]>([
    ['all fields that are named', { source: ['aws.ec2'], 'detail-type': ['EC2 Instance State-change Notification'] }],
    ['nested fields', detail({ state: ['terminated'] })],
    ['one of several values', detail({ state: ['stopped', 'terminated'] })],
    ['one element of a list', { resources: ['arn:aws:x:y'] }],
    ['an empty text', detail({ name: [''] })],
    ['null', detail({ 'stopped-by': [null] })],
    ['a number', detail({ 'c-count': [5] })],
    ['a boolean', detail({ 'is-spot': [false] })],
    ['a prefix', { time: [{ prefix: '2017-12-22' }] }],
    ['a prefix in any case', { source: [{ prefix: { 'equals-ignore-case': 'AWS.' } }] }],
    ['a suffix', { source: [{ suffix: 'ec2' }] }],
    ['a suffix in any case', { source: [{ suffix: { 'equals-ignore-case': '.EC2' } }] }],
    ['a text in any case', { source: [{ 'equals-ignore-case': 'AWS.ec2' }] }],
    ['anything but a value', detail({ state: [{ 'anything-but': 'initializing' }] })],
    ['anything but some values', detail({ state: [{ 'anything-but': ['stopped', 'overloaded'] }] })],
    ['anything but some numbers', detail({ 'x-limit': [{ 'anything-but': [100, 200, 300] }] })],
    ['anything but a prefix', detail({ state: [{ 'anything-but': { prefix: 'init' } }] })],
    ['anything but some suffixes', detail({ file: [{ 'anything-but': { suffix: ['.jpg', '.txt'] } }] })],
    ['anything but a wildcard', detail({ file: [{ 'anything-but': { wildcard: '*/lib/*' } }] })],
    ['a range', detail({ 'c-count': [{ numeric: ['>', 0, '<=', 5] }] })],
    ['a bound', detail({ 'd-count': [{ numeric: ['<', 10] }] })],
    ['a number, however it is written', detail({ 'x-limit': [{ numeric: ['=', 3.018e2] }] })],
    ['a field that is there', detail({ state: [{ exists: true }] })],
    ['a field that is null, which is there', detail({ 'stopped-by': [{ exists: true }] })],
    ['a field that is not there', detail({ reason: [{ exists: false }] })],
    ['an empty list as no field', detail({ tags: [{ exists: false }] })],
    ['an object as no field', { detail: [{ exists: false }] }],
    ['a field below one that is not there', { nobody: { home: [{ exists: false }] } }],
    ['a wildcard', detail({ file: [{ wildcard: 'dir/*.png' }] })],
    ['a wildcard that may stand for nothing', { source: [{ wildcard: '*aws*.ec2*' }] }],
    ['an asterisk that is meant as such', detail({ file: [{ wildcard: 'dir/photo\\*.*' }] })],
    ['one of two fields', { $or: [{ source: ['aws.s3'] }, { detail: { state: ['terminated'] } }] }],
    ['one of two nested fields', detail({ $or: [{ 'c-count': [1] }, { 'd-count': [3] }] })],
    ['fields of the same object in a list', detail({ disks: { kind: ['hdd'], gib: [500] } })],
    ['a value or its absence', detail({ reason: ['x', { exists: false }] })],
  ])('%s', (_, pattern) => {
    expect(isMatch(pattern)).toBe(true);
  });
});

describe('event patterns do not match', () => {
  it.each<[string, unknown]>([
    ['if one field differs', { source: ['aws.ec2'], region: ['us-east-1'] }],
    ['if one nested field is not there', detail({ state: ['terminated'], reason: ['x'] })],
    ['a number as a text', detail({ 'c-count': ['5'] })],
    ['null as a text', detail({ 'stopped-by': ['null'] })],
    ['a field that is not there, be it with anything', detail({ reason: [{ 'anything-but': 'x' }] })],
    ['anything but this very value', detail({ state: [{ 'anything-but': ['terminated', 'x'] }] })],
    ['anything but this very prefix', detail({ state: [{ 'anything-but': { prefix: ['x', 'term'] } }] })],
    [
      'anything but this very text in any case',
      detail({ state: [{ 'anything-but': { 'equals-ignore-case': 'Terminated' } }] }),
    ],
    ['a number out of range', detail({ 'c-count': [{ numeric: ['>', 0, '<', 5] }] })],
    ['a text in a range', detail({ state: [{ numeric: ['>', 0] }] })],
    ['a number by its first digit', detail({ 'c-count': [{ prefix: '5' }] })],
    ['a field that should not be there', detail({ state: [{ exists: false }] })],
    ['an object that should be a field', { detail: [{ exists: true }] }],
    ['an empty list that should be a field', detail({ tags: [{ exists: true }] })],
    ['fields of different objects in a list', detail({ disks: { kind: ['ssd'], gib: [500] } })],
    ['the absence of a field that another object in the list has', detail({ disks: { label: [{ exists: false }] } })],
    ['none of two fields', { $or: [{ source: ['aws.s3'] }, { detail: { state: ['stopped'] } }] }],
    ['one of two fields if another differs', { region: ['x'], $or: [{ source: ['aws.ec2'] }, { id: ['x'] }] }],
    ['an asterisk that is meant as such', detail({ file: [{ wildcard: 'dir\\*' }] })],
    ['a wildcard that ends too soon', detail({ file: [{ wildcard: 'dir/*.pn' }] })],
    ['a dot in a wildcard with any character', { source: [{ wildcard: 'aws?ec*' }] }],
    ['what every object inherits', { constructor: [{ exists: true }] }],
  ])('%s', (_, pattern) => {
    expect(isMatch(pattern)).toBe(false);
  });

  it.each([null, 'text', 5, [EVENT]])('an event that is no object: %j', (event) => {
    expect(isMatch({ source: [{ exists: false }] }, event)).toBe(false);
  });
});

describe('a rule refuses', () => {
  it.each<[string, unknown]>([
    ['cidr in source', { source: [{ cidr: '10.0.0.0/8' }] }],
    ['regex in detail.state', detail({ state: ['x', { regex: '.*' }] })],
    ['constructor in source', { source: [{ constructor: 'x' }] }],
    ['regex in source', { $or: [{ id: ['x'] }, { source: [{ regex: '.*' }] }] }],
  ])('the matcher %s, by its name', (name, pattern) => {
    expect(() => checkPattern(pattern)).toThrow(`expected what the local stack knows, got the matcher ${name}`);
  });

  it.each<[string, unknown]>([
    ['an object in the pattern', 'text'],
    ['an object in the pattern', null],
    ['at least one field in the pattern', {}],
    ['at least one field in detail', { detail: {} }],
    ['a list of values, or fields in source', { source: 'aws.ec2' }],
    ['at least one value in source', { source: [] }],
    ['values in source', { source: [['aws.ec2']] }],
    ['one matcher in each object in source', { source: [{}] }],
    ['one matcher in each object in source', { source: [{ prefix: 'a', suffix: 'b' }] }],
    ['an operand of prefix', { source: [{ prefix: 5 }] }],
    ['an operand of prefix', { source: [{ prefix: ['a'] }] }],
    ['an operand of equals-ignore-case', { source: [{ 'equals-ignore-case': { prefix: 'a' } }] }],
    ['an operand of exists', { source: [{ exists: 'true' }] }],
    ['an operand of anything-but', { source: [{ 'anything-but': [] }] }],
    ['an operand of anything-but', { source: [{ 'anything-but': ['a', 1] }] }],
    ['an operand of anything-but', { source: [{ 'anything-but': { prefix: [] } }] }],
    ['an operand of anything-but', { source: [{ 'anything-but': { numeric: ['=', 1] } }] }],
    ['an operand of numeric', { source: [{ numeric: [] }] }],
    ['an operand of numeric', { source: [{ numeric: ['>', 0, '<'] }] }],
    ['an operand of numeric', { source: [{ numeric: ['!=', 0] }] }],
    ['an operand of numeric', { source: [{ numeric: ['>', '0'] }] }],
    ['an operand of numeric', { source: [{ numeric: ['>', 6e9] }] }],
    ['an operand of wildcard', { source: [{ wildcard: 'a**b' }] }],
    ['an operand of wildcard', { source: [{ wildcard: 'a\\b' }] }],
    ['an operand of wildcard', { source: [{ wildcard: 'a\\' }] }],
    ['at least two patterns in $or', { $or: [{ source: ['a'] }] }],
    ['patterns in $or', { $or: ['a', 'b'] }],
    ['at least one field in detail', { detail: { $or: [{}, { a: ['x'] }] } }],
  ])('a pattern without %s', (expected, pattern) => {
    expect(() => checkPattern(pattern)).toThrow(`expected ${expected}`);
  });
});

const leaf = fc.oneof(fc.string({ maxLength: 4 }), fc.integer({ min: -9, max: 9 }), fc.boolean(), fc.constant(null));
const fieldName = fc.constantFrom('a', 'b', 'c', 'd');
const eventObject: fc.Arbitrary<JsonObject> = fc.letrec<{ object: JsonObject; value: Json }>((tie) => ({
  object: fc.dictionary(fieldName, tie('value'), { maxKeys: 4 }),
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(leaf, { maxLength: 3 }), tie('object')),
})).object;

/** The pattern that asks for just what is in the event. */
function patternOf(event: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => {
      if (isObject(value)) return [name, patternOf(value)];
      if (Array.isArray(value)) return [name, value.length > 0 ? value : [{ exists: false }]];
      return [name, [value]];
    }),
  );
}

const field = (matcher: Json) => ({ a: [matcher] });

describe('laws of event patterns', () => {
  test.prop([eventObject])('an event matches the pattern made of it', (event) => {
    expect(matches(patternOf(event), event)).toBe(true);
  });

  test.prop([eventObject, eventObject])('more in an event does not break a match', (event, more) => {
    expect(matches({ old: patternOf(event) }, { old: event, new: more })).toBe(true);
  });

  test.prop([eventObject, eventObject, eventObject])('$or is the union of its patterns', (one, other, event) => {
    const [left, right] = [patternOf(one), patternOf(other)];

    expect(matches({ $or: [left, right] }, event)).toBe(matches(left, event) || matches(right, event));
  });

  test.prop([fc.array(leaf, { minLength: 1 }), leaf])('values are alternatives', (values, value) => {
    expect(matches({ a: values }, { a: value })).toBe(values.some((each) => matches({ a: [each] }, { a: value })));
  });

  test.prop([fc.array(fc.string({ maxLength: 2 }), { minLength: 1 }), leaf])(
    'anything-but is the complement of its values, for a field that is there',
    (values, value) => {
      expect(matches(field({ 'anything-but': values }), { a: value })).toBe(!matches({ a: values }, { a: value }));
    },
  );

  test.prop([fc.string({ maxLength: 2 }), fc.constantFrom('prefix', 'suffix', 'equals-ignore-case'), leaf])(
    'anything-but is the complement of a matcher of texts',
    (text, name, value) => {
      const matcher = { [name]: text };

      expect(matches(field({ 'anything-but': matcher }), { a: value })).toBe(!matches(field(matcher), { a: value }));
    },
  );

  test.prop([eventObject, fieldName])('a field is there or it is not', (event, name) => {
    const is = matches({ [name]: [{ exists: true }] }, event);

    expect(matches({ [name]: [{ exists: false }] }, event)).toBe(!is);
  });

  test.prop([fc.array(leaf, { minLength: 1, maxLength: 4 }), leaf])(
    'a list matches if an element does',
    (list, value) => {
      expect(matches({ a: [value] }, { a: list })).toBe(list.includes(value));
    },
  );

  test.prop([fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })])(
    'ranges are those of numbers',
    (low, high, value) => {
      expect(matches(field({ numeric: ['>=', low, '<', high] }), { a: value })).toBe(value >= low && value < high);
    },
  );

  const plain = fc.string({ unit: fc.constantFrom('a', 'A', '.', '[', '^', '$', '\n', '✓', '/'), maxLength: 5 });

  test.prop([plain, plain])(
    'an asterisk at the end is a prefix, at the start a suffix, and none the text itself',
    (text, value) => {
      const isMatchOf = (matcher: Json) => matches(field(matcher), { a: value });

      expect(isMatchOf({ wildcard: `${text}*` })).toBe(isMatchOf({ prefix: text }));
      expect(isMatchOf({ wildcard: `*${text}` })).toBe(isMatchOf({ suffix: text }));
      expect(isMatchOf({ wildcard: text })).toBe(isMatchOf(text));
    },
  );

  test.prop([fc.array(plain, { minLength: 1, maxLength: 4 }), plain])(
    'asterisks stand for whatever is between their neighbors',
    (parts, filling) => {
      const wildcard = parts.filter((part) => part !== '').join('*');

      expect(matches(field({ wildcard }), { a: wildcard.replaceAll('*', filling) })).toBe(true);
    },
  );
});
