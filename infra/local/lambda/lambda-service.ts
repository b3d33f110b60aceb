/** Lambda's own calls, as its SDK client makes them: layers, versions and aliases of the functions that have an alias. */
import { fieldsOf, jsonAnswer, optionalTextAt, refuseOtherFields, textAt, textsAt } from '../aws-json.ts';
import { arnOf, type Call, notKnown, type Service, type ServiceRequest, type ServiceResponse } from '../aws-service.ts';
import { isObject, type JsonObject } from '../json.ts';
import { type FunctionVersions, LATEST, notFound } from './function-versions.ts';
import type { LayerVersions } from './layer-versions.ts';

export interface LambdaServiceOptions {
  readonly layers: LayerVersions;
  /** By name; asked for when a call comes. */
  readonly functions: () => ReadonlyMap<string, FunctionVersions>;
  readonly readObject: (bucket: string, key: string) => Uint8Array | Promise<Uint8Array>;
}

/** One request, taken apart. */
interface Asked {
  /** What the path names: a function or a layer, and perhaps an alias or a version of it. */
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  readonly fields: JsonObject;
}

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly fields: readonly string[];
  readonly query: readonly string[];
  calls(asked: Asked): readonly Call[];
  answer(options: LambdaServiceOptions, asked: Asked): object | undefined | Promise<object | undefined>;
}

const LAYER_PATH = /^\/2018-10-31\/layers\/([\w-]+)\/versions$/;
const FUNCTION_PATH = '/2015-03-31/functions/([\\w-]+)';

const OPERATIONS: readonly Operation[] = [
  {
    name: 'PublishLayerVersion',
    method: 'POST',
    path: LAYER_PATH,
    fields: ['Description', 'Content'],
    query: [],
    calls: ({ names: [layer], fields }) => {
      const { bucket, key } = contentOf(fields);
      return [
        { action: 'lambda:PublishLayerVersion', resource: layerArn(layer) },
        { action: 's3:GetObject', resource: `arn:aws:s3:::${bucket}/${key}` },
      ];
    },
    async answer({ layers, readObject }, { names: [layer], fields }) {
      const { bucket, key } = contentOf(fields);
      return layers.publish(layer, optionalTextAt(fields, 'Description') ?? '', await readObject(bucket, key));
    },
  },
  {
    name: 'ListLayerVersions',
    method: 'GET',
    path: LAYER_PATH,
    fields: [],
    query: [],
    calls: ({ names: [layer] }) => [{ action: 'lambda:ListLayerVersions', resource: layerArn(layer) }],
    answer: ({ layers }, { names: [layer] }) => ({ LayerVersions: layers.list(layer) }),
  },
  {
    name: 'DeleteLayerVersion',
    method: 'DELETE',
    path: /^\/2018-10-31\/layers\/([\w-]+)\/versions\/(\d+)$/,
    fields: [],
    query: [],
    calls: ({ names: [layer, number] }) => [
      { action: 'lambda:DeleteLayerVersion', resource: `${layerArn(layer)}:${number}` },
    ],
    answer: ({ layers }, { names: [layer, number] }) => {
      layers.remove(layer, Number(number));
      return undefined;
    },
  },
  {
    name: 'GetFunctionConfiguration',
    method: 'GET',
    path: new RegExp(`^${FUNCTION_PATH}/configuration$`),
    fields: [],
    query: ['Qualifier'],
    calls: (asked) => [{ action: 'lambda:GetFunctionConfiguration', resource: qualifiedArn(asked) }],
    answer: (options, asked) => functionOf(options, asked).configuration(asked.query.get('Qualifier') ?? LATEST),
  },
  {
    name: 'UpdateFunctionConfiguration',
    method: 'PUT',
    path: new RegExp(`^${FUNCTION_PATH}/configuration$`),
    fields: ['Layers', 'RevisionId'],
    query: [],
    calls: ({ names: [name], fields }) => [
      { action: 'lambda:UpdateFunctionConfiguration', resource: functionArn(name) },
      ...textsAt(fields, 'Layers').map((resource) => ({ action: 'lambda:GetLayerVersion', resource })),
    ],
    answer: (options, asked) =>
      functionOf(options, asked).setLayers(textsAt(asked.fields, 'Layers'), optionalTextAt(asked.fields, 'RevisionId')),
  },
  {
    name: 'PublishVersion',
    method: 'POST',
    path: new RegExp(`^${FUNCTION_PATH}/versions$`),
    fields: ['Description', 'RevisionId'],
    query: [],
    calls: onFunction('PublishVersion'),
    answer: (options, asked) =>
      functionOf(options, asked).publish(
        optionalTextAt(asked.fields, 'Description') ?? '',
        optionalTextAt(asked.fields, 'RevisionId'),
      ),
  },
  {
    name: 'ListVersionsByFunction',
    method: 'GET',
    path: new RegExp(`^${FUNCTION_PATH}/versions$`),
    fields: [],
    query: [],
    calls: onFunction('ListVersionsByFunction'),
    answer: (options, asked) => ({ Versions: functionOf(options, asked).versions() }),
  },
  {
    name: 'GetAlias',
    method: 'GET',
    path: new RegExp(`^${FUNCTION_PATH}/aliases/([\\w-]+)$`),
    fields: [],
    query: [],
    calls: onFunction('GetAlias'),
    answer: (options, asked) => functionOf(options, asked).alias(asked.names[1]),
  },
  {
    name: 'UpdateAlias',
    method: 'PUT',
    path: new RegExp(`^${FUNCTION_PATH}/aliases/([\\w-]+)$`),
    fields: ['FunctionVersion', 'RevisionId'],
    query: [],
    calls: onFunction('UpdateAlias'),
    answer: (options, asked) =>
      functionOf(options, asked).moveAlias(
        asked.names[1],
        textAt(asked.fields, 'FunctionVersion'),
        optionalTextAt(asked.fields, 'RevisionId'),
      ),
  },
  {
    name: 'DeleteFunction',
    method: 'DELETE',
    path: new RegExp(`^${FUNCTION_PATH}$`),
    fields: [],
    query: ['Qualifier'],
    calls: (asked) => [{ action: 'lambda:DeleteFunction', resource: qualifiedArn(asked) }],
    async answer(options, asked) {
      const version = asked.query.get('Qualifier');
      if (version === null) throw notKnown('lambda:DeleteFunction of a whole function');
      await functionOf(options, asked).remove(version);
      return undefined;
    },
  },
];

export class LambdaService implements Service {
  readonly #options: LambdaServiceOptions;

  constructor(options: LambdaServiceOptions) {
    this.#options = options;
  }

  calls(request: ServiceRequest): readonly Call[] {
    const { operation, asked } = taken(request);
    return operation.calls(asked);
  }

  async answer(request: ServiceRequest): Promise<ServiceResponse> {
    const { operation, asked } = taken(request);
    const answer = await operation.answer(this.#options, asked);
    return answer === undefined ? { status: 204, headers: {}, body: '' } : jsonAnswer(answer);
  }
}

function taken(request: ServiceRequest): { readonly operation: Operation; readonly asked: Asked } {
  const { method, url } = request;
  const operation = OPERATIONS.find((each) => each.method === method && each.path.test(url.pathname));
  if (operation === undefined) throw notKnown(`lambda: ${method} ${url.pathname}`);
  const [, ...names] = operation.path.exec(url.pathname) ?? [];
  const fields = fieldsOf(request);
  refuseOtherFields(fields, operation.fields, operation.name);
  refuseOtherFields(Object.fromEntries(url.searchParams), operation.query, operation.name);
  return { operation, asked: { names, query: url.searchParams, fields } };
}

function functionOf({ functions }: LambdaServiceOptions, { names: [name] }: Asked): FunctionVersions {
  const found = functions().get(name);
  if (found) return found;
  throw notFound(`a function with an alias called ${name}`);
}

function onFunction(operation: string): (asked: Asked) => readonly Call[] {
  return ({ names: [name] }) => [{ action: `lambda:${operation}`, resource: functionArn(name) }];
}

function functionArn(name: string): string {
  return arnOf('lambda', `function:${name}`);
}

function qualifiedArn({ names: [name], query }: Asked): string {
  const version = query.get('Qualifier');
  return version === null ? functionArn(name) : `${functionArn(name)}:${version}`;
}

function layerArn(name: string): string {
  return arnOf('lambda', `layer:${name}`);
}

function contentOf({ Content }: JsonObject): { readonly bucket: string; readonly key: string } {
  const content = isObject(Content) ? Content : {};
  refuseOtherFields(content, ['S3Bucket', 'S3Key'], 'the content of a layer');
  return { bucket: textAt(content, 'S3Bucket'), key: textAt(content, 'S3Key') };
}
