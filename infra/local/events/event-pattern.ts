/**
 * Event patterns of EventBridge. The fields of a pattern must all match, the matchers of a field in the alternative. A
 * field of the event that is a list matches if one of its elements does; two fields of objects in a list must match in the
 * same element. Fields that exist in the event only hold for leaves: an object is no value.
 *
 * Reference: docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html, and github.com/aws/event-ruler.
 * One departure: numbers are compared by value, EventBridge compares those without `numeric` as they are written.
 */

import { AwsFault, notKnown } from '../aws-service.ts';
import { isObject, type Json, type JsonObject, textOf } from '../json.ts';

type Leaf = string | number | boolean | null;

/** What may stand in a pattern as `{ name: operand }`: is the operand one, and does a leaf of the event match it? */
interface Matcher {
  accepts(operand: Json): boolean;
  matches(operand: Json, leaf: Leaf): boolean;
}

const OR = '$or';
const EXISTS = 'exists';

/** Numbers beyond are refused by EventBridge. */
const LARGEST_NUMBER = 5e9;

const COMPARISONS = new Map<Json, (left: number, right: number) => boolean>([
  ['=', (left, right) => left === right],
  ['<', (left, right) => left < right],
  ['<=', (left, right) => left <= right],
  ['>', (left, right) => left > right],
  ['>=', (left, right) => left >= right],
]);

const TEXT_MATCHERS: Readonly<Record<string, (operand: string, text: string) => boolean>> = {
  prefix: (operand, text) => text.startsWith(operand),
  suffix: (operand, text) => text.endsWith(operand),
  'equals-ignore-case': (operand, text) => text.toLowerCase() === operand.toLowerCase(),
  wildcard: (operand, text) => wildcardExpression(operand).test(text),
};

const MATCHERS: Readonly<Record<string, Matcher>> = {
  ...Object.fromEntries(Object.keys(TEXT_MATCHERS).map((name) => [name, textMatcher(name)])),
  'anything-but': {
    accepts: (operand) => isListOf('string', operand) || isListOf('number', operand) || isTextExclusion(operand),
    matches: (operand, leaf) =>
      isObject(operand) ? !excludes(operand, leaf) : !listOf(operand).some((value) => value === leaf),
  },
  numeric: {
    accepts: (operand) => Array.isArray(operand) && isNumericRange(operand),
    matches: (operand, leaf) => typeof leaf === 'number' && isInRange(listOf(operand), leaf),
  },
  [EXISTS]: { accepts: (operand) => typeof operand === 'boolean', matches: (operand) => operand === true },
};

/** Whether an event is one that the pattern describes; the pattern was checked before. */
export function matches(pattern: unknown, event: unknown): boolean {
  if (!isObject(pattern) || !isObject(event)) return false;
  return fieldsMatch(pattern, event, [event]);
}

/** Refuses what is no pattern, and a matcher that is not known, by its name. */
export function checkPattern(pattern: unknown): void {
  if (!isObject(pattern)) throw invalid('an object', pattern, 'the pattern');
  checkFields(pattern, []);
}

/** `all` are the objects at this place of the event: a field is absent only if it is in none of them. */
function fieldsMatch(pattern: JsonObject, object: JsonObject, all: readonly JsonObject[]): boolean {
  return Object.entries(pattern).every(([name, wanted]) => {
    if (name === OR) return listOf(wanted).some((part) => isObject(part) && fieldsMatch(part, object, all));
    if (Array.isArray(wanted)) {
      const isAbsent = all.every((each) => leavesOf(valueAt(each, name)).length === 0);
      const leaves = leavesOf(valueAt(object, name));
      return wanted.some(
        (matcher) => isAbsenceOf(matcher, isAbsent) || leaves.some((leaf) => leafMatches(matcher, leaf)),
      );
    }
    const inner = objectsIn(valueAt(object, name));
    const allInner = all.flatMap((each) => objectsIn(valueAt(each, name)));
    const candidates = inner.length > 0 ? inner : [{}];
    return isObject(wanted) && candidates.some((each) => fieldsMatch(wanted, each, allInner));
  });
}

function isAbsenceOf(matcher: Json, isAbsent: boolean): boolean {
  return isAbsent && isObject(matcher) && matcher[EXISTS] === false;
}

function leafMatches(matcher: Json, leaf: Leaf): boolean {
  if (!isObject(matcher)) return matcher === leaf;
  return Object.entries(matcher).every(([name, operand]) => MATCHERS[name].matches(operand, leaf));
}

function valueAt(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** An empty list has none, like a field that is not there. */
function leavesOf(value: Json | undefined): Leaf[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  return value === undefined || isObject(value) ? [] : [value];
}

function objectsIn(value: Json | undefined): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return isObject(value) ? [value] : [];
}

function checkFields(pattern: JsonObject, path: readonly string[]): void {
  const where = path.length === 0 ? 'the pattern' : path.join('.');
  if (Object.keys(pattern).length === 0) throw invalid('at least one field', pattern, where);
  for (const [name, wanted] of Object.entries(pattern)) checkField(name, wanted, path);
}

function checkField(name: string, wanted: Json, path: readonly string[]): void {
  const inner = [...path, name];
  const where = inner.join('.');
  if (name === OR) {
    if (!Array.isArray(wanted) || wanted.length < 2) throw invalid('at least two patterns', wanted, where);
    for (const part of wanted) {
      if (!isObject(part)) throw invalid('patterns', part, where);
      checkFields(part, path);
    }
  } else if (Array.isArray(wanted)) {
    if (wanted.length === 0) throw invalid('at least one value', wanted, where);
    for (const matcher of wanted) checkMatcher(matcher, where);
  } else if (isObject(wanted)) checkFields(wanted, inner);
  else throw invalid('a list of values, or fields', wanted, where);
}

function checkMatcher(matcher: Json, where: string): void {
  if (Array.isArray(matcher)) throw invalid('values', matcher, where);
  if (!isObject(matcher)) return;
  const names = Object.keys(matcher);
  if (names.length !== 1) throw invalid('one matcher in each object', matcher, where);
  const [name] = names;
  if (!Object.hasOwn(MATCHERS, name)) throw notKnown(`the matcher ${name} in ${where}`);
  if (!MATCHERS[name].accepts(matcher[name])) throw invalid(`an operand of ${name}`, matcher[name], where);
}

function textMatcher(name: string): Matcher {
  return {
    accepts: (operand) => isTextOperand(name, operand),
    matches: (operand, leaf) => typeof leaf === 'string' && textMatches(name, operand, leaf),
  };
}

/** A text; of a prefix or a suffix also one whose case does not matter. */
function isTextOperand(name: string, operand: Json): boolean {
  if (name === 'wildcard') return typeof operand === 'string' && isWildcard(operand);
  if (typeof operand === 'string') return true;
  return (name === 'prefix' || name === 'suffix') && typeof ignoringCase(operand) === 'string';
}

function textMatches(name: string, operand: Json, text: string): boolean {
  if (typeof operand === 'string') return TEXT_MATCHERS[name](operand, text);
  return TEXT_MATCHERS[name](textOf(ignoringCase(operand)).toLowerCase(), text.toLowerCase());
}

function ignoringCase(operand: Json): Json | undefined {
  if (!isObject(operand) || Object.keys(operand).length !== 1) return undefined;
  return valueAt(operand, 'equals-ignore-case');
}

/** `anything-but` of a prefix, a suffix and the like: one name, with one text or a list of texts. */
function isTextExclusion(operand: Json): boolean {
  if (!isObject(operand) || Object.keys(operand).length !== 1) return false;
  const [[name, texts]] = Object.entries(operand);
  const list = listOf(texts);
  return Object.hasOwn(TEXT_MATCHERS, name) && list.length > 0 && list.every((text) => isTextOperand(name, text));
}

function excludes(operand: JsonObject, leaf: Leaf): boolean {
  const [[name, texts]] = Object.entries(operand);
  return typeof leaf === 'string' && listOf(texts).some((text) => textMatches(name, text, leaf));
}

function isNumericRange(range: readonly Json[]): boolean {
  if (range.length !== 2 && range.length !== 4) return false;
  return range.every((part, at) => (at % 2 === 0 ? COMPARISONS.has(part) : isNumber(part)));
}

function isNumber(value: Json): boolean {
  return typeof value === 'number' && Math.abs(value) <= LARGEST_NUMBER;
}

function isInRange(range: readonly Json[], value: number): boolean {
  return range.every((part, at) => at % 2 === 1 || COMPARISONS.get(part)?.(value, Number(range[at + 1])));
}

/** Backslashes stand before an asterisk or a backslash that is meant as such; two asterisks do not follow each other. */
function isWildcard(pattern: string): boolean {
  return /^(?:\*(?!\*)|\\[*\\]|[^*\\])*$/su.test(pattern);
}

function wildcardExpression(pattern: string): RegExp {
  const source = pattern.replace(/\\[*\\]|[\s\S]/gu, (part) => {
    if (part === '*') return '[^]*';
    return part.startsWith('\\') ? part : part.replace(/[.+?^${}()|[\]/]/, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u');
}

function isListOf(type: 'string' | 'number', operand: Json): boolean {
  const list = listOf(operand);
  return list.length > 0 && list.every((value) => typeof value === type);
}

function listOf(value: Json): Json[] {
  return Array.isArray(value) ? value : [value];
}

function invalid(expected: string, got: unknown, where: string): AwsFault {
  const message = `expected ${expected} in ${where}, got ${JSON.stringify(got)}`;
  return new AwsFault(400, 'InvalidEventPatternException', message);
}
