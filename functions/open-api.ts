/** The API as OpenAPI 3.1, made of the schemas that validate. */
import * as z from 'zod';
import { CODE_VERSION } from '#application/code-version.ts';
import { parametersOf, ROUTES, type Route } from './api-routes.ts';

/** RFC 9457. */
const Problem = z.object({
  type: z.literal('about:blank'),
  title: z.string().optional().meta({ description: 'absent, as is the status, from rare answers of API Gateway' }),
  status: z.int().optional(),
  detail: z.string().meta({ description: 'what was expected and what came' }),
});

type Direction = 'input' | 'output';

export function openApi(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(name, route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'akin', version: CODE_VERSION, description: 'Look-alike audiences, by IAM-signed requests.' },
    servers: [{ url: '/v1' }],
    paths,
    components: { schemas: { Problem: schemaOf(Problem, 'output') } },
  };
}

function operationOf(operationId: string, route: Route): object {
  const { path, summary, query, headers, body, status, answer } = route;
  const parameters = [
    ...parametersOf(path).map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...parametersIn('query', query),
    ...parametersIn('header', headers),
  ];
  return {
    operationId,
    summary,
    parameters,
    ...(body && { requestBody: { required: true, content: json(schemaOf(body, 'input')) } }),
    responses: {
      [status]: { description: summary, ...(status === 204 ? {} : { content: json(schemaOf(answer, 'output')) }) },
      default: {
        description: 'what was expected and what came',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function parametersIn(where: 'query' | 'header', schema: z.ZodObject | undefined) {
  return Object.entries(schema?.shape ?? {}).map(([name, each]) => ({
    name,
    in: where,
    required: false,
    schema: schemaOf(each as z.ZodType, 'input'),
  }));
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}

function schemaOf(schema: z.ZodType, io: Direction): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
