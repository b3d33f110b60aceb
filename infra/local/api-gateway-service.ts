/** API Gateway's REST APIs as their callers see them: methods that hand a signed request to a function, as proxies. */
import { randomUUID } from 'node:crypto';
import { AwsFault, arnOf, type Call, type Service, type ServiceRequest, type ServiceResponse } from './aws-service.ts';
import { GatewayResponses } from './gateway-responses.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Template } from './template.ts';
import { Throttle } from './throttle.ts';

interface Method {
  readonly httpMethod: string;
  /** `/expansions/{id}`. */
  readonly resource: string;
  readonly functionId: string;
  readonly timeoutMs: number;
}

type Invoke = (functionId: string, event: JsonObject) => Promise<Json>;

/** Where an integration names no time, and what no body may be longer than: quotas of API Gateway. */
const TIMEOUT_MS = 29_000;
const MOST_BODY_BYTES = 10 * 1024 * 1024;

export class ApiGatewayService implements Service {
  readonly #template: Template;
  readonly #invoke: Invoke;
  readonly #responses: GatewayResponses;
  readonly #methods: readonly Method[];
  readonly #stages: ReadonlyMap<string, Throttle | undefined>;

  /** `now` is in milliseconds. */
  constructor(template: Template, invoke: Invoke, now: () => number = () => performance.now()) {
    this.#template = template;
    this.#invoke = invoke;
    this.#responses = new GatewayResponses(template);
    this.#methods = template.ofType('AWS::ApiGateway::Method').map(({ properties }) => ({
      httpMethod: template.text(properties.HttpMethod),
      resource: this.#pathOf(template.pointedAt(properties.ResourceId)),
      ...integrationIn(template, properties.Integration),
    }));
    this.#stages = new Map(
      template
        .ofType('AWS::ApiGateway::Stage')
        .map(({ properties }) => [template.text(properties.StageName), throttleIn(properties, now)]),
    );
  }

  owns(path: string): boolean {
    return this.#stages.has(path.split(/[/?]/)[1] ?? '');
  }

  refusal({ status, code }: AwsFault, isSigned: boolean): ServiceResponse {
    if (!isSigned) return this.#responses.of('MISSING_AUTHENTICATION_TOKEN');
    if (code === 'SignatureDoesNotMatch') return this.#responses.of('INVALID_SIGNATURE');
    if (code === 'EntityTooLarge') return this.#responses.of('REQUEST_TOO_LARGE');
    if (code === 'AccessDenied') return this.#responses.of('ACCESS_DENIED');
    return this.#responses.of(status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX', status);
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
    if (method === undefined || !this.#stages.has(stage)) return this.#responses.of('MISSING_AUTHENTICATION_TOKEN');
    if (this.#stages.get(stage)?.passes() === false) return this.#responses.of('THROTTLED');
    if (request.body.length > MOST_BODY_BYTES) return this.#responses.of('REQUEST_TOO_LARGE');
    return this.#integrated(method, eventOf(request, method, stage, segments));
  }

  /** A function that takes too long goes on, and nobody hears of it. */
  async #integrated({ functionId, timeoutMs }: Method, event: JsonObject): Promise<ServiceResponse> {
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), timeoutMs);
    try {
      const answer = await Promise.race([this.#invoke(functionId, event), late.promise]);
      if (answer === 'late') return this.#responses.of('INTEGRATION_TIMEOUT');
      return responseOf(answer) ?? this.#responses.of('DEFAULT_5XX');
    } catch (error) {
      const isLarge = error instanceof AwsFault && error.code === 'RequestEntityTooLargeException';
      return this.#responses.of(isLarge ? 'REQUEST_TOO_LARGE' : 'DEFAULT_5XX');
    } finally {
      clearTimeout(timer);
    }
  }

  #pathOf(id: string): string {
    const { type, properties } = this.#template.resource(id);
    if (type === 'AWS::ApiGateway::RestApi') return '';
    return `${this.#pathOf(this.#template.pointedAt(properties.ParentId))}/${this.#template.text(properties.PathPart)}`;
  }
}

function integrationIn(template: Template, integration: Json | undefined) {
  const { Type, Uri, TimeoutInMillis = TIMEOUT_MS }: JsonObject = isObject(integration) ? integration : {};
  const arn = /\/functions\/(.+)\/invocations$/.exec(template.text(Uri))?.[1];
  const id = arn?.split(':').at(-1);
  if (Type !== 'AWS_PROXY' || id === undefined)
    throw new Error(`expected what the local stack knows, got the integration ${JSON.stringify(integration)}`);
  return { functionId: id, timeoutMs: Number(TimeoutInMillis) };
}

/** Of the settings for all methods together, which are the only ones that the stack has. */
function throttleIn({ MethodSettings }: JsonObject, now: () => number): Throttle | undefined {
  const [settings] = Array.isArray(MethodSettings) ? MethodSettings.filter(isObject) : [];
  if (settings?.ThrottlingRateLimit === undefined) return undefined;
  return new Throttle(Number(settings.ThrottlingRateLimit), Number(settings.ThrottlingBurstLimit), now);
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

/** What a proxy must answer with; undefined for anything else. */
function responseOf(answer: Json): ServiceResponse | undefined {
  const { statusCode, headers, body }: JsonObject = isObject(answer) ? answer : {};
  if (typeof statusCode !== 'number' || typeof body !== 'string' || !isObject(headers)) return undefined;
  const texts = Object.entries(headers).filter((header): header is [string, string] => typeof header[1] === 'string');
  return { status: statusCode, headers: Object.fromEntries(texts), body };
}
