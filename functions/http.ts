/** The way in from API Gateway: a call is checked by its route, one use case runs, and what cannot be done is a problem of RFC 9457. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type * as z from 'zod';
import { Conflict, Invalid, NotFound } from '#application/errors.ts';
import { parametersOf, ROUTES, type Route, type RouteName } from './api-routes.ts';
import { count, logger, observed, traceOf } from './observed.ts';
import { type FunctionPorts, ports } from './ports.ts';
import { MOST_BODY_BYTES, problem } from './problem.ts';

type Parsed<Name extends RouteName, Part extends string> = (typeof ROUTES)[Name] extends {
  readonly [P in Part]: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : undefined;

type ParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;

/** A call as its route allows it. */
export interface Call<Name extends RouteName> {
  readonly at: Readonly<Record<ParameterNames<(typeof ROUTES)[Name]['path']>, string>>;
  readonly query: Parsed<Name, 'query'>;
  readonly headers: Parsed<Name, 'headers'>;
  readonly body: Parsed<Name, 'body'>;
  /** The body as it came. */
  readonly sent: unknown;
  /** `/v1`: what addresses in answers begin with. */
  readonly root: string;
}

export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handlers = {
  readonly [Name in RouteName]?: (ports: FunctionPorts, call: Call<Name>) => Promise<Answer>;
};

/** A refusal that has a status of its own. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

export function http(handlers: Handlers) {
  return observed<APIGatewayProxyEvent, APIGatewayProxyResult>((event) => respond(handlers, ports, event));
}

/** Whatever comes, an answer. */
export async function respond(
  handlers: Handlers,
  open: () => FunctionPorts,
  event: APIGatewayProxyEvent,
): Promise<APIGatewayProxyResult> {
  try {
    return await answerOf(handlers, open, event);
  } catch (error) {
    return problemOf(error);
  }
}

async function answerOf(
  handlers: Handlers,
  open: () => FunctionPorts,
  event: APIGatewayProxyEvent,
): Promise<APIGatewayProxyResult> {
  const names = Object.keys(handlers) as RouteName[];
  const name = names.find((each) => ROUTES[each].path === event.resource && ROUTES[each].method === event.httpMethod);
  if (name === undefined) throw new Refused(404, 'expected a route of /v1/openapi.json, got another one');
  const handle = handlers[name] as (ports: FunctionPorts, call: unknown) => Promise<Answer>;
  const { status = ROUTES[name].status, body, headers } = await handle(open(), callOf(ROUTES[name], event));
  if (body === undefined) return { statusCode: status, headers: { ...headers }, body: '' };
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

function callOf(route: Route, event: APIGatewayProxyEvent): Call<RouteName> {
  const at = parametersOf(route.path).map((name) => [name, decoded(event.pathParameters?.[name] ?? '')]);
  const headers = Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const sent = route.body && bodyOf(event);
  return {
    at: Object.fromEntries(at),
    query: checked(route.query, event.queryStringParameters ?? {}, 'query'),
    headers: checked(route.headers, Object.fromEntries(headers), 'header'),
    body: checked(route.body, sent, 'body'),
    sent,
    root: `/${event.requestContext.stage}`,
  } as Call<RouteName>;
}

/** REST APIs give a path as it was sent. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refused(400, 'expected a percent-encoded path, got one that cannot be decoded');
  }
}

function bodyOf({ body, isBase64Encoded }: APIGatewayProxyEvent): unknown {
  const text = isBase64Encoded ? Buffer.from(body ?? '', 'base64').toString() : (body ?? '');
  if (Buffer.byteLength(text) > MOST_BODY_BYTES) {
    throw new Refused(413, `expected a body of at most ${MOST_BODY_BYTES} bytes, got ${Buffer.byteLength(text)}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, `expected a body of JSON, got ${text === '' ? 'none' : 'something else'}`);
  }
}

function checked(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  const result = schema?.safeParse(value);
  if (!result || result.success) return result?.data;
  const [issue] = result.error.issues;
  const place = issue.path.length === 0 ? where : `${where}: ${issue.path.join('.')}`;
  const said = issue.message.startsWith('expected') ? issue.message : `expected otherwise, because ${issue.message}`;
  throw new Refused(400, `${place}: ${said}`);
}

function problemOf(error: unknown): APIGatewayProxyResult {
  const status = statusOf(error);
  const detail = status < 500 && error instanceof Error ? error.message : 'akin failed; its logs say more';
  if (status >= 500) {
    logger.error('could not answer', traceOf(error));
    count('failed');
  }
  return {
    statusCode: status,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify(problem(status, detail)),
  };
}

/** What AWS refuses akin is no mistake of the caller's, and none of the caller's business. */
function statusOf(error: unknown): number {
  if (error instanceof Refused) return error.status;
  if (error instanceof Invalid && error.cause instanceof Error && !(error.cause instanceof SyntaxError)) return 500;
  if (error instanceof Invalid) return 400;
  if (error instanceof NotFound) return 404;
  if (error instanceof Conflict) return 409;
  return 500;
}
