/** The functions of a template: their bundles and layers, limits and variables, with the SDK in them pointed at the local stack. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { REGION } from './aws-service.ts';
import { isObject, type Json } from './json.ts';
import { FunctionVersions } from './lambda/function-versions.ts';
import type { LayerVersions } from './lambda/layer-versions.ts';
import { LocalFunction } from './lambda/local-function.ts';
import type { Resource, Template } from './template.ts';

export interface FunctionSettings {
  readonly concurrency: number;
  readonly scratch: string;
  readonly log: (line: string) => void;
  /** The secret of the access key by which a function is known. */
  readonly secretFor: (id: string) => string;
}

/** Those that are called by their own names. */
export function functionsOf(template: Template, settings: FunctionSettings): ReadonlyMap<string, LocalFunction> {
  const aliased = template.ofType('AWS::Lambda::Alias').map(({ id }) => template.aliasAt(id).functionId);
  const functions = template
    .ofType('AWS::Lambda::Function')
    .filter(({ id }) => !aliased.includes(id))
    .map((resource) => {
      const layers = layersOf(template, resource).flatMap((arn) => templateLayer(template, arn) ?? []);
      return localFunction(template, resource, settings, layers);
    });
  return new Map(functions.map((each) => [each.name, each]));
}

/** Those that are called by an alias: their layers may be published while the stack runs. */
export function versionsOf(
  template: Template,
  settings: FunctionSettings,
  published: LayerVersions,
): ReadonlyMap<string, FunctionVersions> {
  const versions = template.ofType('AWS::Lambda::Alias').map(({ id }) => {
    const { functionId, name: alias } = template.aliasAt(id);
    const resource = template.resource(functionId);
    const folderOf = (arn: string) => published.find(arn)?.folder ?? templateLayer(template, arn);
    return new FunctionVersions({
      name: functionId,
      arn: template.arnOf(functionId),
      layers: layersOf(template, resource),
      alias,
      codeBytes: bytesIn(template.assetFolder(resource.properties.Code)),
      bytesOf(arn) {
        const folder = folderOf(arn);
        return folder === undefined ? undefined : bytesIn(folder);
      },
      make: (layers) =>
        localFunction(
          template,
          resource,
          settings,
          layers.flatMap((arn) => folderOf(arn) ?? []),
        ),
    });
  });
  return new Map(versions.map((each) => [each.name, each]));
}

function localFunction(
  template: Template,
  { id, properties }: Resource,
  { concurrency, scratch, log, secretFor }: FunctionSettings,
  layers: readonly string[],
): LocalFunction {
  const { Code, Handler, MemorySize, Timeout, Environment } = properties;
  const variables = template.resolve(isObject(Environment) ? Environment.Variables : {});
  return new LocalFunction({
    name: id,
    task: template.assetFolder(Code),
    handler: template.text(Handler),
    memoryMiB: Number(MemorySize),
    timeoutMs: 1_000 * Number(Timeout),
    environment: { ...textsOf(variables), ...callerOf(template, id, secretFor(id)) },
    layers,
    concurrency,
    scratch,
    log,
  });
}

/** The bytes of all files in a folder. */
export function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
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

/** The ARNs of the template's layers. */
function layersOf(template: Template, { properties: { Layers } }: Resource): string[] {
  return Array.isArray(Layers) ? Layers.map((layer) => template.text(layer)) : [];
}

/** Where the layer of that ARN lies; undefined where it is none of the template's. */
function templateLayer(template: Template, arn: string): string | undefined {
  const found = template.ofType('AWS::Lambda::LayerVersion').find(({ id }) => template.arnOf(id) === arn);
  return found && template.assetFolder(found.properties.Content);
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
