import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '#infra/local/json.ts';
import { checkChoices } from '#infra/local/states/choice-rules.ts';
import { compileProgram } from '#infra/local/states/state-program.ts';

const HOST = { invoke: () => Promise.reject(), readObject: () => Promise.reject(), secondsPerSecond: 0 };

/** Whether the rule chooses its state for the input. */
async function holds(rule: JsonObject, input: Json): Promise<boolean> {
  checkChoices([rule], 'a test');
  const States = {
    Choose: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
    Yes: { Type: 'Pass', Result: true, End: true },
    No: { Type: 'Pass', Result: false, End: true },
  };
  const scope = { context: {}, signal: new AbortController().signal };
  return (await compileProgram({ StartAt: 'Choose', States }, HOST).run(input, scope)) === true;
}

const at = (operator: string, operand: Json): JsonObject => ({ Variable: '$.a', [operator]: operand });

describe('a rule', () => {
  it.each<[string, Json, Json, boolean]>([
    ['StringEquals', 'x', 'x', true],
    ['StringEquals', 'x', 'y', false],
    ['StringLessThan', 'b', 'a', true],
    ['StringGreaterThanEquals', 'b', 'b', true],
    ['StringMatches', 'a*c', 'abbc', true],
    ['StringMatches', 'a*c', 'abbcd', false],
    ['StringMatches', 'a.c', 'abc', false],
    ['NumericEquals', 5, 5.0, true],
    ['NumericLessThan', 5, 4, true],
    ['NumericLessThanEquals', 5, 5, true],
    ['NumericGreaterThan', 5, 5, false],
    ['BooleanEquals', false, false, true],
    ['BooleanEquals', false, true, false],
    ['StringEqualsPath', '$.b', 'same', true],
    ['StringEqualsPath', '$.b', 'other', false],
    ['IsNull', true, null, true],
    ['IsNull', false, null, false],
    ['IsString', true, '', true],
    ['IsString', false, 5, true],
    ['IsNumeric', true, 0, true],
    ['IsBoolean', true, false, true],
    ['IsPresent', true, null, true],
    ['IsPresent', false, null, false],
  ])('with %s of %j for %j: %j', async (operator, operand, value, expected) => {
    expect(await holds(at(operator, operand), { a: value, b: 'same' })).toBe(expected);
  });

  it.each<[string, Json, Json]>([
    ['NumericLessThan', 5, '4'],
    ['NumericGreaterThan', 5, true],
    ['NumericLessThan', 5, null],
    ['StringGreaterThan', '1', 2],
    ['StringMatches', '*', 2],
    ['BooleanEquals', false, 0],
  ])('does not hold for a value of another type: %s of %j for %j', async (operator, operand, value) => {
    expect(await holds(at(operator, operand), { a: value })).toBe(false);
  });

  it('may ask for a field that is not there', async () => {
    expect(await holds(at('IsPresent', false), {})).toBe(true);
    expect(await holds(at('IsPresent', true), {})).toBe(false);
  });

  it('fails the execution if it compares a field that is not there', async () => {
    await expect(holds(at('StringEquals', 'x'), {})).rejects.toMatchObject({ name: 'States.Runtime' });
  });

  const number = fc.integer({ min: -3, max: 3 });

  test.prop([number, number, number])('is connected as logic wants it', async (low, high, a) => {
    const [left, right] = [at('NumericLessThan', low), at('NumericGreaterThanEquals', high)];

    expect(await holds({ And: [left, right] }, { a })).toBe(a < low && a >= high);
    expect(await holds({ Or: [left, { Not: right }] }, { a })).toBe(a < low || a < high);
    expect(await holds({ Not: { And: [left, { Or: [right, left] }] } }, { a })).toBe(!(a < low));
  });

  it.each<[string, JsonObject]>([
    ['TimestampEquals', at('TimestampEquals', '2020-01-01T00:00:00Z')],
    ['IsTimestamp', at('IsTimestamp', true)],
    ['StringMatches', at('StringMatches', 'a?c')],
    ['StringMatches', at('StringMatches', 'a\\*c')],
    ['2 operators', { ...at('IsString', true), IsNull: true }],
    ['0 operators', { Variable: '$.a' }],
    ['the path "$.a[*]"', { Variable: '$.a[*]', IsNull: true }],
    ['the path "$$.Execution.Id"', { Variable: '$$.Execution.Id', IsNull: true }],
    ['the path "b"', at('StringEqualsPath', 'b')],
    ['StringLike', { And: [at('IsNull', true), { Not: at('StringLike', 'x') }] }],
  ])('is refused by name: %s', (name, rule) => {
    expect(() => checkChoices([rule], 'a test')).toThrow(`expected what the local stack knows, got ${name}`);
  });
});
