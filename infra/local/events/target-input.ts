/**
 * What a target of an EventBridge rule is given: the event, a part of it, a constant, or a template with parts of it.
 * A template is JSON in which `<name>` stands for a whole value; within a text it is refused.
 */

import { AwsFault, notKnown } from '../aws-service.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';

/** As a template of CloudFormation gives it; at most one of the three. */
export interface TargetInput {
  /** JSON as text. */
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
}

const PATH = /^\$(?:\.[\w-]+)*$/;

/** Texts as they are, and what stands for a value: `<name>`. */
const TEMPLATE_PARTS = /"(?:[^"\\]|\\.)*"|<[\w.-]+>/g;

/** A function from the event to the target's input; what it cannot do is refused here, by its name. */
export function targetInput({ Input, InputPath, InputTransformer }: TargetInput): (event: JsonObject) => Json {
  const given = Object.entries({ Input, InputPath, InputTransformer }).filter(([, value]) => value !== undefined);
  if (given.length > 1) throw invalid(`expected one of ${given.map(([name]) => name).join(', ')} for a target`);
  if (Input !== undefined) return constantInput(Input);
  if (InputPath !== undefined) return pathInput(InputPath);
  if (InputTransformer !== undefined) {
    return transformedInput(InputTransformer.InputPathsMap ?? {}, InputTransformer.InputTemplate);
  }
  return (event) => event;
}

function constantInput(text: string): () => Json {
  const constant = parsed(text, 'Input');
  return () => constant;
}

function pathInput(path: string): (event: JsonObject) => Json {
  if (!PATH.test(path)) throw notKnown(`the path ${path} of a target's input`);
  const names = path.split('.').slice(1);
  return (event) => {
    let value: Json = event;
    for (const name of names) {
      if (!isObject(value) || !Object.hasOwn(value, name))
        throw new Error(`expected ${path} in the event, found nothing`);
      value = value[name];
    }
    return value;
  };
}

function transformedInput(paths: Readonly<Record<string, string>>, template: string): (event: JsonObject) => Json {
  const readers = new Map(Object.entries(paths).map(([name, path]) => [`<${name}>`, pathInput(path)]));
  const filled = (fill: (part: string) => string) =>
    template.replace(TEMPLATE_PARTS, (part) => (part.startsWith('"') ? part : fill(part)));
  for (const [part] of template.matchAll(TEMPLATE_PARTS)) {
    if (part.startsWith('"') && /<[\w.-]+>/.test(part)) throw notKnown(`${part} in an InputTemplate`);
    if (part.startsWith('<') && !readers.has(part))
      throw invalid(`expected ${part} in the InputPathsMap, found nothing`);
  }
  parsed(
    filled(() => 'null'),
    'InputTemplate',
  );
  return (event) => JSON.parse(filled((part) => JSON.stringify(readers.get(part)?.(event))));
}

function parsed(text: string, where: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`expected JSON as the ${where} of a target, got ${text}`);
  }
}

function invalid(message: string): AwsFault {
  return new AwsFault(400, 'ValidationException', message);
}
