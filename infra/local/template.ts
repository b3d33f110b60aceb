/** A synthesized CloudFormation template, read as it was written: its resources, and what its intrinsic functions come to here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ACCOUNT, arnOf, REGION } from './aws-service.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { VOCABULARY } from './template-vocabulary.ts';

const TemplateFile = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.json()).default({}) }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: z.json() })).default({}),
});

const AssetsFile = z.object({
  files: z.record(z.string(), z.object({ source: z.object({ path: z.string() }) })),
});

export interface Resource {
  /** The logical id, which is the name of the thing on the laptop. */
  readonly id: string;
  readonly type: string;
  /** As they stand, intrinsic functions included. */
  readonly properties: JsonObject;
}

/** How resources are named in ARNs, by type: the service and what stands before the name. */
const ARNS: Readonly<Record<string, readonly [string, string]>> = {
  'AWS::DynamoDB::GlobalTable': ['dynamodb', 'table/'],
  'AWS::SQS::Queue': ['sqs', ''],
  'AWS::Lambda::Function': ['lambda', 'function:'],
  'AWS::Lambda::LayerVersion': ['lambda', 'layer:'],
  'AWS::StepFunctions::StateMachine': ['states', 'stateMachine:'],
  'AWS::Logs::LogGroup': ['logs', 'log-group:'],
  'AWS::IAM::Role': ['iam', 'role/'],
};

/** The one stack that there is. */
export const STACK_ID = arnOf('cloudformation', 'stack/akin/local');

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::StackId': STACK_ID,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** A Ref to one of these is its ARN. */
const NAMED_BY_ARN = new Set(['AWS::StepFunctions::StateMachine', 'AWS::Lambda::LayerVersion', 'AWS::Lambda::Alias']);

export class Template {
  readonly resources: readonly Resource[];
  readonly #outputs: Readonly<Record<string, { readonly Value: Json }>>;
  readonly #assets: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
  readonly #folder: string;
  readonly #types: ReadonlyMap<string, string>;
  /** The address of all services, once it is known: queues are named by it. */
  endpoint = '';

  /** Refuses what the local stack does not know, by its name. */
  constructor(folder: string, stack: string) {
    this.#folder = folder;
    const template = TemplateFile.parse(JSON.parse(readFileSync(join(folder, `${stack}.template.json`), 'utf8')));
    this.#assets = AssetsFile.parse(JSON.parse(readFileSync(join(folder, `${stack}.assets.json`), 'utf8'))).files;
    this.#outputs = template.Outputs;
    this.resources = Object.entries(template.Resources).map(([id, { Type, Properties }]) => ({
      id,
      type: Type,
      properties: Properties,
    }));
    this.#types = new Map(this.resources.map(({ id, type }) => [id, type]));
    for (const resource of this.resources) checkKnown(resource);
  }

  ofType(type: string): readonly Resource[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  resource(id: string): Resource {
    const found = this.resources.find((resource) => resource.id === id);
    if (found) return found;
    throw new Error(`expected a resource of the template, got ${id}`);
  }

  output(name: string): Json {
    return this.resolve(this.#outputs[name]?.Value ?? null);
  }

  /** What a property comes to on this laptop. */
  resolve(value: Json): Json {
    if (Array.isArray(value)) return value.map((each) => this.resolve(each));
    if (!isObject(value)) return value;
    const [[name, argument] = ['', null], ...others] = Object.entries(value);
    if (others.length === 0 && name === 'Ref') return this.#ref(textOf(argument, name));
    if (others.length === 0 && name.startsWith('Fn::')) return this.#intrinsic(name, argument);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.resolve(each)]));
  }

  text(value: Json | undefined): string {
    return textOf(this.resolve(value ?? null), 'a property');
  }

  /** The folder that holds what `{ S3Bucket, S3Key }` would hold in AWS. */
  assetFolder(code: Json | undefined): string {
    const key = this.text(isObject(code) ? code.S3Key : null).replace(/\.zip$/, '');
    const asset = this.#assets[key];
    if (!asset) throw new Error(`expected the asset ${key} beside the template, found none`);
    return join(this.#folder, asset.source.path);
  }

  /** The logical id of the resource that a property points at by Ref or GetAtt. */
  pointedAt(value: Json | undefined): string {
    const target = isObject(value) ? (value.Ref ?? value['Fn::GetAtt']) : undefined;
    const id = Array.isArray(target) ? target[0] : target;
    if (typeof id === 'string' && this.#types.has(id)) return id;
    throw new Error(`expected a reference to a resource of the template, got ${JSON.stringify(value)}`);
  }

  /** The name that the template gives, or its logical id. */
  nameOf(id: string): string {
    const { StateMachineName } = this.resource(id).properties;
    return StateMachineName === undefined ? id : this.text(StateMachineName);
  }

  /** What an alias is called, and the function that it is one of. */
  aliasAt(id: string): { readonly functionId: string; readonly name: string } {
    const { FunctionName, FunctionVersion, Name } = this.resource(id).properties;
    const version = this.text(FunctionVersion);
    if (version !== '$LATEST') {
      throw new Error(`expected what the local stack knows, got the alias ${id} of version ${version}`);
    }
    return { functionId: this.pointedAt(FunctionName), name: this.text(Name) };
  }

  arnOf(id: string): string {
    const type = this.#types.get(id) ?? '';
    if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::${bucketNameOf(id)}`;
    const form = ARNS[type];
    if (type === 'AWS::Lambda::Alias') {
      const { functionId, name } = this.aliasAt(id);
      return arnOf('lambda', `function:${functionId}:${name}`);
    }
    if (form && type === 'AWS::StepFunctions::StateMachine') return arnOf(form[0], `${form[1]}${this.nameOf(id)}`);
    if (!form) throw new Error(`expected what the local stack knows, got the ARN of ${id}, a ${type || 'stranger'}`);
    return arnOf(form[0], `${form[1]}${id}`);
  }

  #ref(id: string): string {
    const type = this.#types.get(id);
    if (type === undefined) {
      const pseudo = PSEUDO_PARAMETERS[id];
      if (pseudo === undefined) throw new Error(`expected what the local stack knows, got a Ref to ${id}`);
      return pseudo;
    }
    if (type === 'AWS::SQS::Queue') return `${this.endpoint}/${ACCOUNT}/${id}`;
    if (NAMED_BY_ARN.has(type)) return this.arnOf(id);
    return type === 'AWS::S3::Bucket' ? bucketNameOf(id) : id;
  }

  #intrinsic(name: string, argument: Json): Json {
    if (name === 'Fn::GetAtt' && Array.isArray(argument)) {
      const [id, attribute] = argument.map((part) => textOf(part, name));
      if (attribute === 'Arn') return this.arnOf(id);
      if (attribute === 'QueueName') return id;
    }
    if (name === 'Fn::Join' && Array.isArray(argument)) {
      const [separator, parts] = argument;
      const resolved = this.resolve(parts);
      if (Array.isArray(resolved)) return resolved.map((part) => textOf(part, name)).join(textOf(separator, name));
    }
    if (name === 'Fn::Split' && Array.isArray(argument)) {
      const [separator, text] = argument.map((part) => textOf(this.resolve(part), name));
      return text.split(separator);
    }
    if (name === 'Fn::Select' && Array.isArray(argument)) {
      const [place, list] = argument.map((part) => this.resolve(part));
      if (Array.isArray(list)) return list[Number(place)];
    }
    throw new Error(`expected what the local stack knows, got ${JSON.stringify({ [name]: argument })}`);
  }
}

/** Names of buckets have no capitals. */
function bucketNameOf(id: string): string {
  return id.toLowerCase();
}

function checkKnown({ id, type, properties }: Resource): void {
  const known = VOCABULARY[type];
  if (known === undefined)
    throw new Error(`expected what the local stack knows, got ${id}, a resource of type ${type}`);
  if (typeof known === 'string') return;
  const stranger = Object.keys(properties).find((property) => known[property] === undefined);
  if (stranger === undefined) return;
  throw new Error(`expected what the local stack knows, got the property ${stranger} of ${id}, a ${type}`);
}

function textOf(value: Json, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new Error(`expected a text in ${where}, got ${JSON.stringify(value)}`);
}
