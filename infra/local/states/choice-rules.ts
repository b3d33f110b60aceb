/**
 * Rules of Choice states, as aws-local-stepfunctions is to read them. It does not know `IsPresent: false` and its like, and
 * compares a text with a number; in AWS a comparison of another type is false.
 */

import { AwsFault, notKnown } from '../aws-service.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { checkPath } from './state-templates.ts';

const COMPARISON = /^(?:String|Numeric)(?:Equals|(?:Less|Greater)Than(?:Equals)?)(?:Path)?$|^BooleanEquals(?:Path)?$/;
const TYPE_TEST = /^Is(?:Present|Null|String|Numeric|Boolean)$/;
const CONNECTIVES = ['And', 'Or', 'Not'];

/** Refuses operators that are not known, by their name. */
export function checkChoices(choices: Json, where: string): void {
  if (!Array.isArray(choices)) throw new AwsFault(400, 'InvalidDefinition', `expected Choices in ${where}, got none`);
  for (const choice of choices) checkRule(choice, where);
}

function checkRule(rule: Json, where: string): void {
  if (!isObject(rule)) throw new AwsFault(400, 'InvalidDefinition', `expected rules in ${where}, got another value`);
  const operators = operatorsOf(rule);
  if (operators.length !== 1) throw notKnown(`${operators.length} operators in a rule of ${where}`);
  const [operator] = operators;
  if (CONNECTIVES.includes(operator)) {
    for (const part of [rule[operator]].flat()) checkRule(part, where);
    return;
  }
  checkPath(rule.Variable, `the Variable of ${where}`);
  if (operator.endsWith('Path')) checkPath(rule[operator], `the ${operator} of ${where}`);
  const isKnown = operator === 'StringMatches' ? isPlainWildcard(rule[operator]) : isKnownOperator(operator);
  if (!isKnown) throw notKnown(`${operator} in a rule of ${where}`);
}

function operatorsOf(rule: JsonObject): string[] {
  return Object.keys(rule).filter((name) => !['Variable', 'Next', 'Comment'].includes(name));
}

function isKnownOperator(operator: string): boolean {
  return COMPARISON.test(operator) || TYPE_TEST.test(operator);
}

/** The library's wildcards know more than the asterisk. */
function isPlainWildcard(pattern: Json): boolean {
  return typeof pattern === 'string' && !/[?\\[\](){}!|+@]|\*\*/.test(pattern);
}

/** The rule for the library, without its Next. */
export function libraryRule(rule: Json): JsonObject {
  if (!isObject(rule)) return {};
  const [operator] = operatorsOf(rule);
  const operand = rule[operator];
  if (Array.isArray(operand)) return { [operator]: operand.map(libraryRule) };
  if (operator === 'Not') return { Not: libraryRule(operand) };
  const { Variable } = rule;
  const test = { Variable, [operator]: operand };
  if (TYPE_TEST.test(operator)) return operand === true ? test : { Not: { Variable, [operator]: true } };
  return { And: [{ Variable, [typeTestOf(operator)]: true }, test] };
}

function typeTestOf(operator: string): string {
  if (operator.startsWith('Numeric')) return 'IsNumeric';
  return operator.startsWith('Boolean') ? 'IsBoolean' : 'IsString';
}
