/**
 * Map states: where their items come from, and how each is processed. An item of a distributed map is an execution of its
 * own, with items from S3 and in batches if wanted; if one fails, the map fails with an error that does not name it.
 */
import { randomUUID } from 'node:crypto';
import { isObject, type Json, type JsonObject, textOf } from '../json.ts';
import type { Program, Scope, StatesHost } from './program.ts';
import { isDistributed } from './state-definition.ts';
import { compileTemplate, type Template } from './state-templates.ts';
import { StatesFailure } from './states-failure.ts';

/** Iterations of an inline map at once, and child executions of a distributed one. */
const MOST_ITERATIONS = 40;
const MOST_EXECUTIONS = 10_000;

type Items = (input: Json, scope: Scope) => Promise<Json[]>;

export function compileMap(
  name: string,
  state: JsonObject,
  host: StatesHost,
  compile: (machine: JsonObject, host: StatesHost) => Program,
): (input: Json, scope: Scope) => Promise<Json> {
  const itemsOf = compileItems(state, host);
  const { ItemProcessor } = state;
  const processor = compile(isObject(ItemProcessor) ? ItemProcessor : {}, host);
  const process = isDistributed(state) ? childExecution(name, processor) : processor;
  const concurrency = concurrencyOf(state);
  return async (input, scope) => mapItems(await itemsOf(input, scope), process, concurrency, scope);
}

function concurrencyOf(state: JsonObject): number {
  const most = isDistributed(state) ? MOST_EXECUTIONS : MOST_ITERATIONS;
  return Math.min(Number(state.MaxConcurrency ?? 0) || most, most);
}

/** As many at once as wanted; after the first failure none is begun, and those that run are told to stop. */
async function mapItems(items: readonly Json[], process: Program, concurrency: number, scope: Scope): Promise<Json[]> {
  const stopping = new AbortController();
  const inner = { ...scope, signal: AbortSignal.any([scope.signal, stopping.signal]) };
  const results: Json[] = [];
  const queue = items.entries();
  const work = async () => {
    for (const [at, item] of queue) results[at] = await process.run(item, inner);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work));
    return results;
  } catch (error) {
    stopping.abort();
    throw error;
  }
}

/** Has a context of its own; its failure is only counted. */
function childExecution(map: string, processor: Program): Program {
  return {
    async run(input, { context, signal }) {
      const { StateMachine, Execution } = context;
      const parent = isObject(Execution) ? textOf(Execution.Id) : '';
      const name = randomUUID();
      const child = {
        Id: `${parent.replace(/:[^:]*$/, '')}/${map}:${name}`,
        Name: name,
        Input: input,
        StartTime: new Date().toISOString(),
      };
      try {
        return await processor.run(input, { context: { StateMachine, Execution: child }, signal });
      } catch {
        throw new StatesFailure(
          'States.ExceedToleratedFailureThreshold',
          'The specified tolerated failure threshold was exceeded',
        );
      }
    },
  };
}

function compileItems(state: JsonObject, host: StatesHost): Items {
  const { ItemReader, ItemsPath = '$', ItemSelector, ItemBatcher } = state;
  const source = isObject(ItemReader) ? itemsInObject(ItemReader, host) : itemsAt(ItemsPath);
  const selection = ItemSelector === undefined ? undefined : compileTemplate(ItemSelector);
  const batches = isObject(ItemBatcher) ? compileBatches(ItemBatcher) : undefined;
  return async (input, scope) => {
    const items = await source(input, scope);
    const selected = selection ? await selectItems(items, selection, input, scope) : items;
    return batches ? batches(selected, input, scope) : selected;
  };
}

function itemsAt(path: Json): Items {
  const items = compileTemplate({ 'items.$': path });
  return async (input, { context }) => {
    const found = await items(input, context);
    if (isObject(found) && Array.isArray(found.items)) return found.items;
    throw StatesFailure.terminal('States.Runtime', `Reference path "${textOf(path)}" must point to array.`);
  };
}

function itemsInObject({ ReaderConfig, Parameters }: JsonObject, host: StatesHost): Items {
  const isLines = isObject(ReaderConfig) && ReaderConfig.InputType === 'JSONL';
  const parametersOf = compileTemplate(Parameters);
  return async (input, { context }) => {
    const parameters = await parametersOf(input, context);
    const [bucket, key] = isObject(parameters) ? [textOf(parameters.Bucket), textOf(parameters.Key)] : ['', ''];
    try {
      const text = new TextDecoder('utf8', { fatal: true }).decode(await host.readObject(bucket, key));
      return isLines ? parsedLines(text) : parsedList(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StatesFailure('States.ItemReaderFailed', `Reading ${key} in ${bucket} failed: ${reason}`);
    }
  };
}

function parsedList(text: string): Json[] {
  const list = JSON.parse(text);
  if (Array.isArray(list)) return list;
  throw new Error('expected a list of items, got another value');
}

function parsedLines(text: string): Json[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line)]));
}

async function selectItems(items: readonly Json[], selection: Template, input: Json, scope: Scope): Promise<Json[]> {
  const selected: Json[] = [];
  for (const [Index, Value] of items.entries()) {
    selected.push(await selection(input, { ...scope.context, Map: { Item: { Index, Value } } }));
  }
  return selected;
}

function compileBatches({ MaxItemsPerBatch, BatchInput }: JsonObject) {
  const size = Number(MaxItemsPerBatch);
  const batchInput = BatchInput === undefined ? undefined : compileTemplate(BatchInput);
  return async (items: Json[], input: Json, { context }: Scope): Promise<Json[]> => {
    const common: JsonObject = batchInput ? { BatchInput: await batchInput(input, context) } : {};
    return Array.from({ length: Math.ceil(items.length / size) }, (_, batch) => ({
      ...common,
      Items: items.slice(batch * size, (batch + 1) * size),
    }));
  };
}
