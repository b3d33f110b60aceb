/** API Gateway's REST APIs as their callers see them: methods that hand a signed request to a function, as proxies. */
import { randomUUID } from 'node:crypto';
import { AwsFault, arnOf, type Call, type Service, type ServiceRequest, type ServiceResponse } from './aws-service.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Template } from './template.ts';

interface Method {
  readonly httpMethod: string;
  /** `/expansions/{id}`. */
  readonly resource: string;
  readonly functionId: string;
}

export class ApiGatewayService implements Service {
  readonly #template: Template;
  readonly #invoke: (functionId: string, event: JsonObject) => Promise<Json>;
  readonly #methods: readonly Method[];
  readonly #stages: readonly string[];

  constructor(template: Template, invoke: (functionId: string, event: JsonObject) => Promise<Json>) {
    this.#template = template;
    this.#invoke = invoke;
    this.#methods = template.ofType('AWS::ApiGateway::Method').map(({ properties }) => ({
      httpMethod: template.text(properties.HttpMethod),
      resource: this.#pathOf(template.pointedAt(properties.ResourceId)),
      functionId: functionIn(template, properties.Integration),
    }));
    this.#stages = template
      .ofType('AWS::ApiGateway::Stage')
      .map(({ properties }) => template.text(properties.StageName));
  }

  calls({ method, url }: ServiceRequest): readonly Call[] {
    const [, stage, ...segments] = url.pathname.split('/');
    const resource = arnOf('execute-api', `local/${stage}/${method}/${segments.join('/')}`);
    return [{ action: 'execute-api:Invoke', resource }];
  }

  async answer(request: ServiceRequest): Promise<ServiceResponse> {
    const [, stage = '', ...segments] = (request.rawPath ?? request.url.pathname).split('/');
    const matches = this.#methods.filter(
      ({ httpMethod, resource }) => httpMethod === request.method && fits(resource, segments),
    );
    // A name that is written out goes before a parameter.
    const method = matches.toSorted((a, b) => a.resource.split('{').length - b.resource.split('{').length)[0];
    if (method === undefined || !this.#stages.includes(stage))
      throw new AwsFault(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    const answer = await this.#invoke(method.functionId, eventOf(request, method, stage, segments)).catch(() => null);
    return responseOf(answer);
  }

  #pathOf(id: string): string {
    const { type, properties } = this.#template.resource(id);
    if (type === 'AWS::ApiGateway::RestApi') return '';
    return `${this.#pathOf(this.#template.pointedAt(properties.ParentId))}/${this.#template.text(properties.PathPart)}`;
  }
}

function functionIn(template: Template, integration: Json | undefined): string {
  const { Type, Uri }: JsonObject = isObject(integration) ? integration : {};
  const arn = /\/functions\/(.+)\/invocations$/.exec(template.text(Uri))?.[1];
  const id = arn?.split(':').at(-1);
  if (Type !== 'AWS_PROXY' || id === undefined)
    throw new Error(`expected what the local stack knows, got the integration ${JSON.stringify(integration)}`);
  return id;
}

function fits(resource: string, segments: readonly string[]): boolean {
  const parts = resource.split('/').slice(1);
  return (
    parts.length === segments.length &&
    parts.every((part, n) => (part.startsWith('{') ? segments[n] !== '' : part === segments[n]))
  );
}

/** As Lambda gets it from a REST API: the path as it was sent, not decoded. */
function eventOf({ url, headers, body }: ServiceRequest, method: Method, stage: string, segments: readonly string[]) {
  const parts = method.resource.split('/').slice(1);
  const parameters = parts.flatMap((part, n) =>
    part.startsWith('{') ? [[part.slice(1, -1), segments[n]] as const] : [],
  );
  const path = `/${segments.join('/')}`;
  const query = [...url.searchParams];
  return {
    resource: method.resource,
    path,
    httpMethod: method.httpMethod,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(',')])),
    queryStringParameters: query.length === 0 ? null : Object.fromEntries(query),
    pathParameters: parameters.length === 0 ? null : Object.fromEntries(parameters),
    requestContext: { stage, requestId: randomUUID(), resourcePath: method.resource, path: `/${stage}${path}` },
    body: body.length === 0 ? null : body.toString(),
    isBase64Encoded: false,
  };
}

/** What a proxy must answer with; anything else, and a function that failed, is a bad gateway. */
function responseOf(answer: Json): ServiceResponse {
  const { statusCode, headers, body }: JsonObject = isObject(answer) ? answer : {};
  if (typeof statusCode !== 'number' || typeof body !== 'string' || !isObject(headers))
    return {
      status: 502,
      headers: { 'content-type': 'application/json' },
      body: '{"message":"Internal server error"}',
    };
  const texts = Object.entries(headers).filter((header): header is [string, string] => typeof header[1] === 'string');
  return { status: statusCode, headers: Object.fromEntries(texts), body };
}
