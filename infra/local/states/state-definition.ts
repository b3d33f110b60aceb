/**
 * What the local stack knows of the Amazon States Language: each state's fields, integrations, paths and functions. All
 * else is refused by its name when a machine is created, also what aws-local-stepfunctions would take and do differently.
 */
import { StateMachine as Library, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { AwsFault, notKnown } from '../aws-service.ts';
import { isObject, type Json, type JsonObject, textOf } from '../json.ts';
import { checkChoices } from './choice-rules.ts';
import { checkPath, checkTemplate, FIELD_PATH } from './state-templates.ts';

export const LAMBDA_INVOKE = 'arn:aws:states:::lambda:invoke';
const S3_GET_OBJECT = 'arn:aws:states:::s3:getObject';
const FUNCTION_ARN = /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?$/;

const EVERY_STATE = ['Type', 'Comment', 'QueryLanguage'];
const PATHS = ['InputPath', 'OutputPath'];
const NEXT = ['Next', 'End'];
const RESULT = ['ResultSelector', 'ResultPath', 'Retry', 'Catch'];

const STATE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  Task: [...PATHS, ...NEXT, ...RESULT, 'Resource', 'Parameters', 'TimeoutSeconds'],
  Pass: [...PATHS, ...NEXT, 'Result', 'Parameters', 'ResultPath'],
  Wait: [...PATHS, ...NEXT, 'Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'],
  Choice: [...PATHS, 'Choices', 'Default'],
  Parallel: [...PATHS, ...NEXT, ...RESULT, 'Branches', 'Parameters'],
  Map: [
    ...PATHS,
    ...NEXT,
    ...RESULT,
    'ItemProcessor',
    'ItemsPath',
    'ItemReader',
    'ItemSelector',
    'ItemBatcher',
    'MaxConcurrency',
    'Label',
    'ToleratedFailureCount',
    'ToleratedFailurePercentage',
  ],
  Succeed: PATHS,
  Fail: ['Error', 'Cause', 'ErrorPath', 'CausePath'],
};

/** Only a map of which every item is an execution of its own has these. */
const DISTRIBUTED_FIELDS = [
  'ItemReader',
  'ItemBatcher',
  'Label',
  'ToleratedFailureCount',
  'ToleratedFailurePercentage',
];

/** Errors that a wildcard does not catch, and that the library cannot tell apart from those that nothing catches. */
const TERMINAL_ERRORS = ['States.DataLimitExceeded', 'States.Runtime'];

/** The definition, if it is one that the local stack runs as AWS does. */
export function checkedDefinition(definition: unknown): JsonObject {
  if (!isObject(definition)) throw invalid('expected a definition that is an object, got another value');
  checkMachine(
    definition,
    ['Comment', 'StartAt', 'States', 'Version', 'TimeoutSeconds', 'QueryLanguage'],
    'the machine',
  );
  checkLanguage(definition);
  return definition;
}

/** Names of states, types of values: what the library's own validator looks for. */
function checkLanguage(definition: JsonObject): void {
  const typed: StateMachineDefinition = JSON.parse(JSON.stringify(definition));
  try {
    new Library(typed);
  } catch (error) {
    throw invalid(String(error instanceof Error ? error.message : error));
  }
}

function checkMachine(machine: Json, fields: readonly string[], where: string): void {
  if (!isObject(machine) || !isObject(machine.States)) throw invalid(`expected states in ${where}, got none`);
  checkFields(machine, fields, where);
  for (const [name, state] of Object.entries(machine.States)) checkState(state, `the state ${JSON.stringify(name)}`);
}

function checkState(state: Json, where: string): void {
  if (!isObject(state)) throw invalid(`expected an object as ${where}, got another value`);
  const type = textOf(state.Type);
  if (!Object.hasOwn(STATE_FIELDS, type)) throw notKnown(`the type ${type} of ${where}`);
  checkFields(state, [...EVERY_STATE, ...STATE_FIELDS[type]], where);
  checkPaths(state, where);
  checkFaults(state, where);
  checkTemplate(state.Parameters, `the Parameters of ${where}`);
  checkTemplate(state.ResultSelector, `the ResultSelector of ${where}`);
  if (type === 'Task') checkTask(state, where);
  if (type === 'Choice') checkChoices(state.Choices, where);
  if (type === 'Map') checkMap(state, where);
  if (type === 'Parallel') checkBranches(state.Branches, where);
}

function checkFields(object: JsonObject, known: readonly string[], where: string): void {
  const stranger = Object.keys(object).find((name) => !known.includes(name));
  if (stranger !== undefined) throw notKnown(`${stranger} in ${where}`);
  const { QueryLanguage = 'JSONPath' } = object;
  if (QueryLanguage !== 'JSONPath') throw notKnown(`the QueryLanguage ${JSON.stringify(QueryLanguage)} in ${where}`);
}

function checkPaths(state: JsonObject, where: string): void {
  for (const name of [
    'InputPath',
    'OutputPath',
    'ItemsPath',
    'SecondsPath',
    'TimestampPath',
    'ErrorPath',
    'CausePath',
  ]) {
    const path = state[name] ?? null;
    if (path !== null) checkPath(path, `the ${name} of ${where}`);
  }
  checkResultPath(state.ResultPath, where);
}

function checkResultPath(path: Json | undefined, where: string): void {
  if (path === undefined || path === null) return;
  if (typeof path !== 'string' || !FIELD_PATH.test(path)) {
    throw notKnown(`the ResultPath ${JSON.stringify(path)} of ${where}`);
  }
}

function checkFaults({ Retry = [], Catch = [] }: JsonObject, where: string): void {
  const retryFields = [
    'ErrorEquals',
    'IntervalSeconds',
    'MaxAttempts',
    'BackoffRate',
    'MaxDelaySeconds',
    'JitterStrategy',
  ];
  checkFaultRules(Retry, ['Comment', ...retryFields], `a Retry of ${where}`);
  checkFaultRules(Catch, ['Comment', 'ErrorEquals', 'Next', 'ResultPath'], `a Catch of ${where}`);
}

function checkFaultRules(rules: Json, fields: readonly string[], where: string): void {
  if (!Array.isArray(rules)) throw invalid(`expected a list as ${where}, got another value`);
  for (const rule of rules) {
    if (!isObject(rule) || !Array.isArray(rule.ErrorEquals))
      throw invalid(`expected ErrorEquals in ${where}, got none`);
    checkFields(rule, fields, where);
    checkResultPath(rule.ResultPath, where);
    const terminal = rule.ErrorEquals.find((error) => TERMINAL_ERRORS.some((name) => name === error));
    if (terminal !== undefined) throw notKnown(`${textOf(terminal)} in ${where}`);
  }
}

function checkTask({ Resource, Parameters }: JsonObject, where: string): void {
  if (Resource === LAMBDA_INVOKE) checkInvocation(Parameters, where);
  else if (typeof Resource !== 'string' || !FUNCTION_ARN.test(Resource)) {
    throw notKnown(`the resource ${textOf(Resource)} of ${where}`);
  }
}

function checkInvocation(parameters: Json | undefined, where: string): void {
  if (!isObject(parameters)) throw invalid(`expected Parameters in ${where}, got none`);
  checkFields(parameters, ['FunctionName', 'FunctionName.$', 'Payload', 'Payload.$', 'InvocationType'], where);
  const { InvocationType = 'RequestResponse' } = parameters;
  if (InvocationType !== 'RequestResponse') throw notKnown(`the InvocationType ${textOf(InvocationType)} of ${where}`);
  for (const name of ['FunctionName', 'Payload']) {
    if (!(name in parameters || `${name}.$` in parameters)) throw notKnown(`no ${name} in the Parameters of ${where}`);
  }
}

function checkBranches(branches: Json, where: string): void {
  if (!Array.isArray(branches)) throw invalid(`expected Branches in ${where}, got none`);
  for (const branch of branches) checkMachine(branch, ['Comment', 'StartAt', 'States'], `a branch of ${where}`);
}

function checkMap(state: JsonObject, where: string): void {
  const { ItemProcessor } = state;
  checkMachine(ItemProcessor, ['Comment', 'StartAt', 'States', 'ProcessorConfig'], `the ItemProcessor of ${where}`);
  checkProcessorConfig(ItemProcessor, where);
  const distributedOnly = DISTRIBUTED_FIELDS.find((name) => name in state && !isDistributed(state));
  if (distributedOnly !== undefined) throw notKnown(`${distributedOnly} in ${where}, which is not distributed`);
  for (const name of ['ToleratedFailureCount', 'ToleratedFailurePercentage']) {
    if ((state[name] ?? 0) !== 0) throw notKnown(`${name} in ${where}`);
  }
  checkTemplate(state.ItemSelector, `the ItemSelector of ${where}`, 'item');
  if (state.ItemReader !== undefined) checkReader(state.ItemReader, where);
  if (state.ItemBatcher !== undefined) checkBatcher(state.ItemBatcher, where);
}

function checkProcessorConfig(processor: Json, where: string): void {
  const config = isObject(processor) ? (processor.ProcessorConfig ?? {}) : {};
  if (!isObject(config)) throw invalid(`expected an object as the ProcessorConfig of ${where}, got another value`);
  checkFields(config, ['Mode', 'ExecutionType'], `the ProcessorConfig of ${where}`);
  const { Mode = 'INLINE' } = config;
  if (Mode !== 'INLINE' && Mode !== 'DISTRIBUTED') throw notKnown(`the Mode ${JSON.stringify(Mode)} of ${where}`);
}

/** Whether each item of a Map state is processed by an execution of its own. */
export function isDistributed({ ItemProcessor }: JsonObject): boolean {
  if (!isObject(ItemProcessor) || !isObject(ItemProcessor.ProcessorConfig)) return false;
  return ItemProcessor.ProcessorConfig.Mode === 'DISTRIBUTED';
}

function checkReader(reader: Json, where: string): void {
  if (!isObject(reader)) throw invalid(`expected an object as the ItemReader of ${where}, got another value`);
  checkFields(reader, ['Resource', 'ReaderConfig', 'Parameters'], `the ItemReader of ${where}`);
  if (reader.Resource !== S3_GET_OBJECT)
    throw notKnown(`the resource ${textOf(reader.Resource)} of the ItemReader of ${where}`);
  const { ReaderConfig: config, Parameters: parameters } = reader;
  if (!isObject(config) || !isObject(parameters)) {
    throw invalid(`expected ReaderConfig and Parameters in the ItemReader of ${where}, got less`);
  }
  checkFields(config, ['InputType'], `the ReaderConfig of ${where}`);
  if (config.InputType !== 'JSON' && config.InputType !== 'JSONL') {
    throw notKnown(`the InputType ${JSON.stringify(config.InputType)} of ${where}`);
  }
  checkFields(parameters, ['Bucket', 'Bucket.$', 'Key', 'Key.$'], `the ItemReader of ${where}`);
  checkTemplate(parameters, `the ItemReader of ${where}`);
}

function checkBatcher(batcher: Json, where: string): void {
  if (!isObject(batcher)) throw invalid(`expected an object as the ItemBatcher of ${where}, got another value`);
  checkFields(batcher, ['MaxItemsPerBatch', 'BatchInput'], `the ItemBatcher of ${where}`);
  const { MaxItemsPerBatch: most } = batcher;
  if (typeof most !== 'number' || !Number.isInteger(most) || most < 1) {
    throw invalid(`expected MaxItemsPerBatch of at least 1 in ${where}, got ${JSON.stringify(most)}`);
  }
  checkTemplate(batcher.BatchInput, `the BatchInput of ${where}`);
}

function invalid(message: string): AwsFault {
  return new AwsFault(400, 'InvalidDefinition', message);
}
