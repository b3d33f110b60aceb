/** What API Gateway answers by itself, as the template has it. */
import type { ServiceResponse } from './aws-service.ts';
import { isObject, type Json } from './json.ts';
import type { Template } from './template.ts';

/** The cases that there are here, with the status of each where the template says none. */
const STATUSES = {
  MISSING_AUTHENTICATION_TOKEN: 403,
  INVALID_SIGNATURE: 403,
  ACCESS_DENIED: 403,
  REQUEST_TOO_LARGE: 413,
  THROTTLED: 429,
  INTEGRATION_TIMEOUT: 504,
  DEFAULT_4XX: 400,
  DEFAULT_5XX: 502,
} as const;
export type GatewayCase = keyof typeof STATUSES;

const HEADER = 'gatewayresponse.header.';

export class GatewayResponses {
  readonly #template: Template;
  readonly #known: ReadonlyMap<string, Readonly<Record<string, Json>>>;

  constructor(template: Template) {
    this.#template = template;
    this.#known = new Map(
      template
        .ofType('AWS::ApiGateway::GatewayResponse')
        .map(({ properties }) => [template.text(properties.ResponseType), properties]),
    );
  }

  /** The answer, with a status of its own where the case is one of many. */
  of(name: GatewayCase, status: number = STATUSES[name]): ServiceResponse {
    const { ResponseParameters, ResponseTemplates, StatusCode } = this.#known.get(name) ?? {};
    const parameters = Object.entries(isObject(ResponseParameters) ? ResponseParameters : {});
    const headers = parameters.map(([key, value]) => [
      key.slice(HEADER.length).toLowerCase(),
      this.#template.text(value).replace(/^'(.*)'$/, '$1'),
    ]);
    const templates = isObject(ResponseTemplates) ? ResponseTemplates : {};
    const body = templates['application/json'] ?? '{"message":"no gateway response of the template"}';
    return {
      status: StatusCode === undefined ? status : Number(this.#template.text(StatusCode)),
      headers: { 'content-type': 'application/json', ...Object.fromEntries(headers) },
      body: this.#template.text(body),
    };
  }
}
