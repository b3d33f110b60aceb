/** What API Gateway answers without asking a function, as problems of RFC 9457 too. */
import { MOST_BODY_BYTES, MOST_CALL_SECONDS } from './problem.ts';

export interface GatewayProblem {
  /** As API Gateway names the case: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html */
  readonly response: string;
  /** Undefined for the cases that have no entry of their own: each keeps the status that it has. */
  readonly status?: number;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

const UNKNOWN = 'expected a signed request to a route of /v1/openapi.json, got one without a signature or to no route';
const FAILED = 'akin failed; its logs say more';

export const GATEWAY_PROBLEMS: readonly GatewayProblem[] = [
  { response: 'MISSING_AUTHENTICATION_TOKEN', status: 403, detail: UNKNOWN },
  { response: 'INVALID_SIGNATURE', status: 403, detail: 'expected a signature by the secret of that key, got another' },
  { response: 'EXPIRED_TOKEN', status: 403, detail: 'expected credentials that are valid still, got expired ones' },
  { response: 'ACCESS_DENIED', status: 403, detail: 'expected a caller with execute-api:Invoke, got another one' },
  { response: 'RESOURCE_NOT_FOUND', status: 404, detail: 'expected a route of /v1/openapi.json, got another one' },
  {
    response: 'REQUEST_TOO_LARGE',
    status: 413,
    detail: `expected a body of at most ${MOST_BODY_BYTES} bytes, got a longer one`,
  },
  {
    response: 'THROTTLED',
    status: 429,
    detail: 'expected fewer calls a second; come again after the seconds of Retry-After',
    retryAfterSeconds: 1,
  },
  { response: 'INTEGRATION_FAILURE', status: 504, detail: FAILED },
  {
    response: 'INTEGRATION_TIMEOUT',
    status: 504,
    detail: `expected to be done within ${MOST_CALL_SECONDS} seconds, which it was not; what was begun may go on`,
  },
  { response: 'DEFAULT_4XX', detail: 'expected a request that API Gateway takes, got another one' },
  { response: 'DEFAULT_5XX', detail: FAILED },
];
