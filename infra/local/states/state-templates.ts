/**
 * Payload templates of the Amazon States Language: JSON in which `"name.$": "$.path"` stands for a part of the input.
 *
 * aws-local-stepfunctions evaluates them, around three things that it does differently from AWS. It finds nothing at `$` if
 * the input is null, 0, false or empty, and it takes the input of a state for that of the execution: so every path is
 * made one below `{ input, context }`. And its functions drop backslashes: so these are another character meanwhile.
 */
import { ExecutionError, StateMachine as Library, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { notKnown } from '../aws-service.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { StatesFailure } from './states-failure.ts';

/** A path of plain fields. */
export const FIELD_PATH = /^\$(?:\.[\w-]+)*$/;

/** Fields, quoted fields and places in lists: a path that leads to one value. */
const STEPS = String.raw`(?:\.[\w-]+|\['[^'\\]+'\]|\[\d+\])*`;
const REFERENCE_PATH = new RegExp(`^\\$${STEPS}$`);
const CONTEXT_PATH = new RegExp(
  String.raw`^\$\$\.(?:Execution\.(?:Id|Name|StartTime|Input${STEPS})|StateMachine\.(?:Id|Name))$`,
);
const ITEM_PATH = new RegExp(String.raw`^\$\$\.Map\.Item\.(?:Index|Value${STEPS})$`);

/** Those in which the library was found to do as AWS does. */
const FUNCTIONS = ['Format', 'Array', 'ArrayLength', 'ArrayContains', 'ArrayPartition', 'MathAdd', 'UUID'];

const QUOTED = /'(?:\\.|[^'\\])*'/g;

/** A character that Unicode reserves for such uses; it stands for a backslash while the library has a text. */
const STAND_IN = '\uFDD0';

/** Evaluates a template on a state's input and the context object. */
export type Template = (input: Json, context: JsonObject) => Promise<Json>;

export function checkPath(path: Json, where: string): void {
  if (typeof path !== 'string' || !REFERENCE_PATH.test(path))
    throw notKnown(`the path ${JSON.stringify(path)} in ${where}`);
}

/** `of` an item: where the item of a map is known. */
export function checkTemplate(template: Json | undefined, where: string, of: 'state' | 'item' = 'state'): void {
  if (Array.isArray(template)) for (const value of template) checkTemplate(value, where, of);
  if (!isObject(template)) return;
  for (const [name, value] of Object.entries(template)) {
    if (name.endsWith('.$')) checkExpression(value, where, of);
    else checkTemplate(value, where, of);
  }
}

function checkExpression(expression: Json, where: string, of: 'state' | 'item'): void {
  if (typeof expression !== 'string') throw notKnown(`the path ${JSON.stringify(expression)} in ${where}`);
  if (expression.startsWith('States.')) checkFunction(expression, where, of);
  else checkTemplatePath(expression, where, of);
}

function checkFunction(expression: string, where: string, of: 'state' | 'item'): void {
  const quoted = expression.match(QUOTED)?.find((text) => /[()\\]/.test(text));
  if (quoted !== undefined) throw notKnown(`the text ${quoted} in ${where}`);
  const bare = expression.replace(QUOTED, "''");
  for (const [name] of bare.matchAll(/States\.(\w+)/g)) {
    if (!FUNCTIONS.some((known) => name === `States.${known}`)) throw notKnown(`${name} in ${where}`);
  }
  for (const [path] of bare.matchAll(/\$[^\s,)]*/g)) checkTemplatePath(path, where, of);
}

function checkTemplatePath(path: string, where: string, of: 'state' | 'item'): void {
  const isKnown = REFERENCE_PATH.test(path) || CONTEXT_PATH.test(path) || (of === 'item' && ITEM_PATH.test(path));
  if (!isKnown) throw notKnown(`the path ${path} in ${where}`);
}

export function compileTemplate(template: Json): Template {
  const library = new Library(evaluationOf(template), { validationOptions: { noValidate: true } });
  return async (input, context) => {
    try {
      return mapTexts(await library.run(mapTexts({ input, context }, '\\', STAND_IN)).result, STAND_IN, '\\');
    } catch (error) {
      const cause = error instanceof ExecutionError && error.cause instanceof Error ? error.cause : error;
      throw StatesFailure.terminal(
        'States.Runtime',
        pathsAsWritten(String(cause instanceof Error ? cause.message : cause)),
      );
    }
  };
}

function evaluationOf(template: Json): StateMachineDefinition {
  const Parameters = { value: rooted(template) };
  const OutputPath = '$.value';
  return JSON.parse(
    JSON.stringify({ StartAt: 'Pass', States: { Pass: { Type: 'Pass', Parameters, OutputPath, End: true } } }),
  );
}

/** The template with each path made one below `{ input, context }`. */
function rooted(template: Json): Json {
  if (Array.isArray(template)) return template.map(rooted);
  if (!isObject(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) => [
      name,
      name.endsWith('.$') && typeof value === 'string' ? rootedExpression(value) : rooted(value),
    ]),
  );
}

function rootedExpression(expression: string): string {
  return expression.replace(/'(?:\\.|[^'\\])*'|\$\$?/g, (part) => {
    if (part.startsWith("'")) return part;
    return part === '$$' ? '$.context' : '$.input';
  });
}

function pathsAsWritten(message: string): string {
  return message.replaceAll('$.context', () => '$$').replaceAll('$.input', () => '$');
}

function mapTexts(value: Json, from: string, to: string): Json {
  if (typeof value === 'string') return value.replaceAll(from, to);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, from, to));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapTexts(each, from, to)]));
}
