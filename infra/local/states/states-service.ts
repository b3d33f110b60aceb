/** Step Functions as its SDK client speaks to it: starting executions, and looking at them. */
import { randomUUID } from 'node:crypto';
import { fieldsOf, jsonAnswer, operationOf, optionalTextAt, refuseOtherFields, textAt } from '../aws-json.ts';
import {
  AwsFault,
  type Call,
  notKnown,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from '../aws-service.ts';
import type { Json, JsonObject } from '../json.ts';
import type { StateMachine } from './state-machines.ts';

interface Operation {
  /** The field that names what the call is about. */
  readonly resource: string;
  readonly fields: readonly string[];
  answer(machines: ReadonlyMap<string, StateMachine>, fields: JsonObject): object;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  StartExecution: {
    resource: 'stateMachineArn',
    fields: ['stateMachineArn', 'name', 'input'],
    answer: startExecution,
  },
  DescribeExecution: { resource: 'executionArn', fields: ['executionArn'], answer: describeExecution },
};

export class StatesService implements Service {
  readonly #machines: ReadonlyMap<string, StateMachine>;

  constructor(machines: Iterable<StateMachine>) {
    this.#machines = new Map(Iterator.from(machines).map((machine) => [machine.arn, machine]));
  }

  calls(request: ServiceRequest): readonly Call[] {
    const name = operationOf(request, 'AWSStepFunctions');
    return [{ action: `states:${name}`, resource: textAt(fieldsOf(request), operationNamed(name).resource) }];
  }

  answer(request: ServiceRequest): ServiceResponse {
    const name = operationOf(request, 'AWSStepFunctions');
    const operation = operationNamed(name);
    const fields = fieldsOf(request);
    refuseOtherFields(fields, operation.fields, name);
    return jsonAnswer(operation.answer(this.#machines, fields));
  }
}

function operationNamed(name: string): Operation {
  if (!Object.hasOwn(OPERATIONS, name)) throw notKnown(`states:${name}`);
  return OPERATIONS[name];
}

function startExecution(machines: ReadonlyMap<string, StateMachine>, fields: JsonObject): object {
  const arn = textAt(fields, 'stateMachineArn');
  const machine = machines.get(arn);
  if (machine === undefined) {
    throw new AwsFault(400, 'StateMachineDoesNotExist', `expected a state machine that exists, got ${arn}`);
  }
  const input = parsedInput(optionalTextAt(fields, 'input') ?? '{}');
  const { executionArn, startDate } = machine.start(optionalTextAt(fields, 'name') ?? randomUUID(), input);
  return { executionArn, startDate: startDate / 1000 };
}

function parsedInput(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    throw new AwsFault(400, 'InvalidExecutionInput', 'expected JSON as the input of an execution, got another text');
  }
}

function describeExecution(machines: ReadonlyMap<string, StateMachine>, fields: JsonObject): object {
  const arn = textAt(fields, 'executionArn');
  const found = Iterator.from(machines.values())
    .map((machine) => machine.execution(arn.split(':').at(-1) ?? ''))
    .find((each) => each?.executionArn === arn);
  if (found === undefined) {
    throw new AwsFault(400, 'ExecutionDoesNotExist', `expected an execution that exists, got ${arn}`);
  }
  const { startDate, stopDate, ...rest } = found;
  return { ...rest, startDate: startDate / 1000, ...(stopDate !== undefined && { stopDate: stopDate / 1000 }) };
}
