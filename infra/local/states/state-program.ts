/**
 * Makes a program for aws-local-stepfunctions of the states of a machine. The library walks from state to state, chooses,
 * retries and catches. All that does something (tasks, maps, branches, waits, templates) is a handler here, since the
 * library would run queued items of a map that has failed, ignore a Result that is false, and so on. Before each state stands
 * a gate that refuses data that is too large: AWS does so wherever data goes from a state to the next.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  ExecutionError,
  ExecutionTimeoutError,
  StateMachine as Library,
  type StateMachineDefinition,
} from 'aws-local-stepfunctions';
import { isObject, type Json, type JsonObject, jsonOf, textOf } from '../json.ts';
import { libraryRule } from './choice-rules.ts';
import { compileMap } from './map-items.ts';
import type { Program, Scope, StatesHost } from './program.ts';
import { LAMBDA_INVOKE } from './state-definition.ts';
import { compileTemplate } from './state-templates.ts';
import { checkSize, lambdaFailure, StatesFailure } from './states-failure.ts';

/** What a machine needs of the world. */
type Work = (input: Json, scope: Scope) => Promise<Json>;

/** A state as the library has it, and what it does if that is done here. */
interface Translation {
  readonly state: JsonObject;
  readonly work?: Work;
}

/** The longest timer of Node, in seconds; AWS would wait for three years. */
const LONGEST_SECONDS = 2_147_483;

/** Is never called: every task has a handler. */
const NO_RESOURCE = 'arn:aws:lambda:us-east-1:000000000000:function:none';

export function compileProgram(machine: JsonObject, host: StatesHost): Program {
  const states = Object.entries(isObject(machine.States) ? machine.States : {});
  const translations = states.flatMap(([name, state]) =>
    isObject(state) ? [gateBefore(name), [behindGate(name), translate(name, state, host)] as const] : [],
  );
  const definition: StateMachineDefinition = JSON.parse(
    JSON.stringify({
      StartAt: gateOf(machine.StartAt),
      States: Object.fromEntries(translations.map(([name, { state }]) => [name, state])),
    }),
  );
  const library = new Library(definition, { validationOptions: { noValidate: true } });
  const works = translations.flatMap(([name, { work }]) => (work ? [[name, work] as const] : []));
  const timeoutSeconds = Number(machine.TimeoutSeconds ?? LONGEST_SECONDS);
  return { run: (input, scope) => runProgram(library, works, timeoutSeconds, input, scope) };
}

/**
 * However the run ends, what its states have begun is told to stop. The timeout is not the library's: that one would cut
 * pauses short and go on before anybody here knows.
 */
async function runProgram(
  library: Library,
  works: readonly (readonly [string, Work])[],
  timeoutSeconds: number,
  input: Json,
  scope: Scope,
): Promise<Json> {
  const over = new AbortController();
  const inner = { ...scope, signal: AbortSignal.any([scope.signal, over.signal]) };
  const taskResourceLocalHandlers = Object.fromEntries(
    works.map(([name, work]) => [name, (given: Json) => beginWork(work, given, inner)]),
  );
  const execution = library.run(input, { overrides: { taskResourceLocalHandlers } });
  inner.signal.addEventListener('abort', () => execution.abort());
  const timeout = new ExecutionTimeoutError();
  const timer = setTimeout(() => over.abort(timeout), Math.min(timeoutSeconds, LONGEST_SECONDS) * 1000);
  try {
    const output = await execution.result;
    checkSize(output, 'at the end returned a result');
    return output;
  } catch (error) {
    if (over.signal.reason === timeout) throw timeout;
    throw error instanceof ExecutionError ? error.cause : error;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** The library goes on for a moment after it was told to stop: it cuts a pause short and tries once more. */
async function beginWork(work: Work, input: Json, scope: Scope): Promise<Json> {
  if (scope.signal.aborted) throw StatesFailure.terminal('States.Runtime', 'The execution has ended.');
  return work(input, scope);
}

function gateOf(name: Json): string {
  return `gate of ${textOf(name)}`;
}

function behindGate(name: string): string {
  return `behind the gate of ${name}`;
}

function gateBefore(name: string): readonly [string, Translation] {
  const work: Work = async (input) => {
    checkSize(input, `before '${name}' returned a result`);
    return input;
  };
  return [gateOf(name), { state: { ...taskState(), Next: behindGate(name) }, work }];
}

function taskState(timeoutSeconds: Json = LONGEST_SECONDS): JsonObject {
  return {
    Type: 'Task',
    Resource: NO_RESOURCE,
    TimeoutSeconds: typeof timeoutSeconds === 'number' ? Math.min(timeoutSeconds, LONGEST_SECONDS) : LONGEST_SECONDS,
  };
}

function translate(name: string, state: JsonObject, host: StatesHost): Translation {
  const paths = { ...pathOf(state, 'InputPath'), ...pathOf(state, 'OutputPath') };
  switch (state.Type) {
    case 'Choice':
      return { state: { Type: 'Choice', ...paths, ...choicesOf(state) } };
    case 'Succeed':
      return { state: { Type: 'Succeed', ...paths } };
    case 'Fail':
      // Without these the library would give names of its own.
      return { state: { Error: '', Cause: '', ...state } };
    default:
      return {
        state: {
          ...taskState(state.TimeoutSeconds),
          ...paths,
          ...pathOf(state, 'ResultPath'),
          ...flowOf(state, host.secondsPerSecond),
        },
        work: workOf(name, state, host),
      };
  }
}

/** `$` means the same as no path, but not to the library. */
function pathOf(state: JsonObject, name: string): JsonObject {
  return name in state && state[name] !== '$' ? { [name]: state[name] } : {};
}

function choicesOf({ Choices, Default }: JsonObject): JsonObject {
  const choices = listOf(Choices).map((choice) => ({ ...libraryRule(choice), Next: gateOf(choice.Next) }));
  return { Choices: choices, ...(Default !== undefined && { Default: gateOf(Default) }) };
}

function flowOf({ Next, Retry, Catch }: JsonObject, secondsPerSecond: number): JsonObject {
  const retries = listOf(Retry).map(({ IntervalSeconds = 1, MaxDelaySeconds, ...rule }) => ({
    ...rule,
    IntervalSeconds: Number(IntervalSeconds) * secondsPerSecond,
    ...(MaxDelaySeconds !== undefined && { MaxDelaySeconds: Number(MaxDelaySeconds) * secondsPerSecond }),
  }));
  const catches = listOf(Catch).map((rule) => ({
    ErrorEquals: rule.ErrorEquals,
    Next: gateOf(rule.Next),
    ...pathOf(rule, 'ResultPath'),
  }));
  return {
    ...(Next === undefined ? { End: true } : { Next: gateOf(Next) }),
    ...(retries.length > 0 && { Retry: retries }),
    ...(catches.length > 0 && { Catch: catches }),
  };
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** What a state does with its input, from its Parameters to its ResultSelector; each step is as small as AWS wants it. */
function workOf(name: string, state: JsonObject, host: StatesHost): Work {
  const parametersOf = 'Parameters' in state ? compileTemplate(state.Parameters) : undefined;
  const selectionOf = 'ResultSelector' in state ? compileTemplate(state.ResultSelector) : undefined;
  const act = actOf(name, state, host);
  return async (input, scope) => {
    const given = parametersOf ? await parametersOf(input, scope.context) : input;
    checkSize(given, `'${name}' was given an input`);
    const result = await act(given, scope);
    checkSize(result, `'${name}' returned a result`);
    return selectionOf ? selectionOf(result, scope.context) : result;
  };
}

function actOf(name: string, state: JsonObject, host: StatesHost): Work {
  switch (state.Type) {
    case 'Task':
      return state.Resource === LAMBDA_INVOKE
        ? invocation(host)
        : (input) => invoke(host, textOf(state.Resource), input);
    case 'Pass':
      return async (input) => ('Result' in state ? state.Result : input);
    case 'Wait':
      return wait(state, host.secondsPerSecond);
    case 'Parallel':
      return parallel(listOf(state.Branches).map((branch) => compileProgram(branch, host)));
    case 'Map':
      return compileMap(name, state, host, compileProgram);
    default:
      throw new Error(`expected a state that does something, got ${textOf(state.Type)}`);
  }
}

async function invoke(host: StatesHost, functionArn: string, payload: Json): Promise<Json> {
  try {
    return jsonOf(await host.invoke(functionArn, payload));
  } catch (error) {
    throw lambdaFailure(error);
  }
}

function invocation(host: StatesHost): Work {
  return async (parameters) => {
    const { FunctionName, Payload } = isObject(parameters) ? parameters : {};
    const payload = await invoke(host, textOf(FunctionName), Payload);
    return { ExecutedVersion: '$LATEST', Payload: payload, StatusCode: 200 };
  };
}

function wait(state: JsonObject, secondsPerSecond: number): Work {
  const templateOf = (name: string) =>
    `${name}Path` in state ? { 'value.$': state[`${name}Path`] } : { value: state[name] };
  const isMoment = 'Timestamp' in state || 'TimestampPath' in state;
  const lengthOf = compileTemplate(templateOf(isMoment ? 'Timestamp' : 'Seconds'));
  return async (input, { context, signal }) => {
    const length = await lengthOf(input, context);
    const value = isObject(length) ? length.value : null;
    const seconds = isMoment ? (Date.parse(textOf(value)) - Date.now()) / 1000 : value;
    if (typeof seconds !== 'number' || Number.isNaN(seconds)) {
      const cause = `Expected seconds or a time to wait for, got ${JSON.stringify(value)}.`;
      throw StatesFailure.terminal('States.Runtime', cause);
    }
    await sleep(Math.min(Math.max(seconds, 0) * secondsPerSecond, LONGEST_SECONDS) * 1000, undefined, { signal });
    return input;
  };
}

/** The first branch that fails ends the others. */
function parallel(branches: readonly Program[]): Work {
  return async (input, scope) => {
    const stopping = new AbortController();
    const signal = AbortSignal.any([scope.signal, stopping.signal]);
    try {
      return await Promise.all(branches.map((branch) => branch.run(input, { ...scope, signal })));
    } catch (error) {
      stopping.abort();
      throw error;
    }
  };
}
