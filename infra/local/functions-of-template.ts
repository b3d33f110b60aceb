/** The functions of a template: their bundles and layers, limits and variables, with the SDK in them pointed at the local stack. */
import { REGION } from './aws-service.ts';
import { isObject, type Json } from './json.ts';
import { LocalFunction } from './lambda/local-function.ts';
import type { Template } from './template.ts';

export interface FunctionSettings {
  readonly concurrency: number;
  readonly scratch: string;
  readonly log: (line: string) => void;
  /** The secret of the access key by which a function is known. */
  readonly secretFor: (id: string) => string;
}

export function functionsOf(
  template: Template,
  { concurrency, scratch, log, secretFor }: FunctionSettings,
): ReadonlyMap<string, LocalFunction> {
  const functions = template.ofType('AWS::Lambda::Function').map(({ id, properties }) => {
    const { Code, Handler, Layers, MemorySize, Timeout, Environment } = properties;
    const variables = template.resolve(isObject(Environment) ? Environment.Variables : {});
    return new LocalFunction({
      name: id,
      task: template.assetFolder(Code),
      handler: template.text(Handler),
      memoryMiB: Number(MemorySize),
      timeoutMs: 1_000 * Number(Timeout),
      environment: { ...textsOf(variables), ...callerOf(template, id, secretFor(id)) },
      layers: Array.isArray(Layers) ? Layers.map((layer) => layerFolder(template, layer)) : [],
      concurrency,
      scratch,
      log,
    });
  });
  return new Map(functions.map((each) => [each.name, each]));
}

/** Whom the SDK in a function calls, and as who. */
function callerOf(template: Template, id: string, secret: string): Readonly<Record<string, string>> {
  return {
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL: template.endpoint,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
  };
}

function layerFolder(template: Template, reference: Json): string {
  return template.assetFolder(template.resource(template.pointedAt(reference)).properties.Content);
}

function textsOf(variables: Json): Record<string, string> {
  const entries = Object.entries(isObject(variables) ? variables : {});
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (typeof value === 'string') return [name, value];
      throw new Error(`expected a text for the variable ${name}, got ${JSON.stringify(value)}`);
    }),
  );
}
