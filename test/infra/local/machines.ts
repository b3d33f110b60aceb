/** State machines whose functions and objects are a test's own. */

import { arnOf } from '#infra/local/aws-service.ts';
import type { Json, JsonObject } from '#infra/local/json.ts';
import type { Execution } from '#infra/local/states/executions.ts';
import type { StatesHost } from '#infra/local/states/program.ts';
import { type Outcome, outcomeOf, StateMachine, type StateMachineOptions } from '#infra/local/states/state-machines.ts';
import { compileProgram } from '#infra/local/states/state-program.ts';

export const MACHINE_ARN = arnOf('states', 'stateMachine:Flow');

/** By the name at the end of a function's ARN. */
export type Functions = Readonly<Record<string, (payload: Json) => unknown>>;

export interface MachineWorld {
  readonly functions?: Functions;
  /** Texts by `bucket/key`. */
  readonly objects?: Readonly<Record<string, string>>;
  readonly options?: Partial<StateMachineOptions>;
}

/** A second takes a millisecond. */
function hostOf({ functions = {}, objects = {}, options = {} }: MachineWorld): StatesHost {
  return {
    secondsPerSecond: 0.001,
    invoke: async (functionArn, payload) => functions[functionArn.split(':')[6]](payload),
    readObject: async (bucket, key) => {
      const text = objects[`${bucket}/${key}`];
      if (text === undefined) throw new Error('The specified key does not exist.');
      return new TextEncoder().encode(text);
    },
    ...options,
  };
}

export function openMachine(definition: unknown, world: MachineWorld = {}) {
  const changes: Execution[] = [];
  const machine = new StateMachine({
    name: 'Flow',
    arn: MACHINE_ARN,
    definition,
    changed: (execution) => changes.push(execution),
    ...hostOf(world),
    ...world.options,
  });
  return { machine, changes };
}

/** How an execution named `run` ends, without the check of its definition, which takes much longer. */
export function execute(definition: JsonObject, input: Json, world: MachineWorld = {}): Promise<Outcome> {
  const execution: Execution = {
    name: 'run',
    executionArn: `${MACHINE_ARN.replace(':stateMachine:', ':execution:')}:run`,
    stateMachineArn: MACHINE_ARN,
    status: 'RUNNING',
    input: '',
    startDate: Date.now(),
  };
  const program = compileProgram(definition, hostOf(world));
  return outcomeOf(program, execution, input, new AbortController().signal);
}

/** The output of an execution that must succeed. */
export async function outputOf(definition: JsonObject, input: Json, world?: MachineWorld): Promise<Json> {
  const { status, output, error, cause } = await execute(definition, input, world);
  if (status !== 'SUCCEEDED' || output === undefined)
    throw new Error(`expected success, got ${status}: ${error}: ${cause}`);
  return JSON.parse(output);
}

/** A machine of one state. */
export function single(state: JsonObject, more: JsonObject = {}): JsonObject {
  return { StartAt: 'Only', States: { Only: { ...state, ...endOf(state) }, ...more } };
}

export function lambda(name: string, more: JsonObject = {}): JsonObject {
  return { Type: 'Task', Resource: arnOf('lambda', `function:${name}`), ...more };
}

function endOf({ Type, Next }: JsonObject): JsonObject {
  return Type === 'Choice' || Type === 'Succeed' || Type === 'Fail' || Next !== undefined ? {} : { End: true };
}

/** An Error as a function's runtime tells it. */
export function errorNamed(name: string, message = 'no'): Error {
  return Object.assign(new Error(message), { name });
}
