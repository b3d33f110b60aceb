/** The limits of API Gateway, at their edges and past them, each told as the template has it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ApiGatewayService } from '#infra/local/api-gateway-service.ts';
import { AwsFault, type ServiceResponse } from '#infra/local/aws-service.ts';
import type { Json } from '#infra/local/json.ts';
import { Template } from '#infra/local/template.ts';
import { temporaryFolder } from '../../adapters/temporary-folder.ts';

const MOST_BYTES = 10 * 1024 * 1024;
const PROBLEM = { 'gatewayresponse.header.Content-Type': "'application/problem+json'" };

/** What the template answers with for a case: its name, so that it can be told. */
const told = (name: string, properties: object = {}) => ({
  Type: 'AWS::ApiGateway::GatewayResponse',
  Properties: {
    RestApiId: { Ref: 'api' },
    ResponseType: name,
    ResponseParameters: PROBLEM,
    ResponseTemplates: { 'application/json': `{"detail":"${name}"}` },
    ...properties,
  },
});

const RESOURCES = {
  api: { Type: 'AWS::ApiGateway::RestApi' },
  things: { Type: 'AWS::ApiGateway::Resource', Properties: { ParentId: { Ref: 'api' }, PathPart: 'things' } },
  method: {
    Type: 'AWS::ApiGateway::Method',
    Properties: {
      HttpMethod: 'POST',
      ResourceId: { Ref: 'things' },
      Integration: {
        Type: 'AWS_PROXY',
        Uri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:0:function:fn/invocations',
        TimeoutInMillis: 100,
      },
    },
  },
  stage: {
    Type: 'AWS::ApiGateway::Stage',
    Properties: { StageName: 'v1', MethodSettings: [{ ThrottlingRateLimit: 2, ThrottlingBurstLimit: 4 }] },
  },
  ...Object.fromEntries(
    [
      'MISSING_AUTHENTICATION_TOKEN',
      'INVALID_SIGNATURE',
      'ACCESS_DENIED',
      'REQUEST_TOO_LARGE',
      'INTEGRATION_TIMEOUT',
      'DEFAULT_4XX',
      'DEFAULT_5XX',
    ].map((name) => [name, told(name)]),
  ),
  busy: told('THROTTLED', { ResponseParameters: { ...PROBLEM, 'gatewayresponse.header.Retry-After': "'1'" } }),
};

const FINE = { statusCode: 200, headers: { 'content-type': 'text/plain' }, body: 'fine' };

function serviceWith(invoke: () => Promise<Json>, now: () => number = () => 0): ApiGatewayService {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'akin.template.json'), JSON.stringify({ Resources: RESOURCES }));
  writeFileSync(join(folder, 'akin.assets.json'), '{"files":{}}');
  return new ApiGatewayService(new Template(folder, 'akin'), invoke, now);
}

function asked(service: ApiGatewayService, body = Buffer.alloc(0), path = '/v1/things'): Promise<ServiceResponse> {
  const url = new URL(path, 'http://127.0.0.1');
  return service.answer({ method: 'POST', url, headers: {}, body });
}

const answerOf = (status: number, name: string) => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: `{"detail":"${name}"}`,
});

describe('the gateway', () => {
  it('hands a call on, and gives the answer of the function', async () => {
    expect(await asked(serviceWith(async () => FINE))).toEqual({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: 'fine',
    });
  });

  it.each([
    [MOST_BYTES, { status: 200 }],
    [MOST_BYTES + 1, answerOf(413, 'REQUEST_TOO_LARGE')],
  ])('given a body of %d bytes answers %j', async (bytes, answer) => {
    expect(
      await asked(
        serviceWith(async () => FINE),
        Buffer.alloc(bytes),
      ),
    ).toMatchObject(answer);
  });

  it('tells of an event that Lambda finds too large', async () => {
    const fault = new AwsFault(413, 'RequestEntityTooLargeException', 'too large');

    expect(await asked(serviceWith(() => Promise.reject(fault)))).toMatchObject(answerOf(413, 'REQUEST_TOO_LARGE'));
  });

  it.each([
    [50, { status: 200 }],
    [400, answerOf(504, 'INTEGRATION_TIMEOUT')],
  ])('given a function that takes %d of 100 ms answers %j', async (ms, answer) => {
    const slow = () => new Promise<Json>((resolve) => setTimeout(() => resolve(FINE), ms));

    expect(await asked(serviceWith(slow))).toMatchObject(answer);
  });

  it('lets as many calls pass as its burst and its rate allow, and tells the others to come again', async () => {
    let now = 0;
    const service = serviceWith(
      async () => FINE,
      () => now,
    );
    const passed = async (calls: number) => {
      let count = 0;
      for (let n = 0; n < calls; n++) if ((await asked(service)).status === 200) count++;
      return count;
    };

    expect(await passed(6)).toBe(4);
    expect(await asked(service)).toEqual({
      ...answerOf(429, 'THROTTLED'),
      headers: { 'content-type': 'application/problem+json', 'retry-after': '1' },
    });
    now = 499;
    expect(await passed(1)).toBe(0);
    now = 500;
    expect(await passed(2)).toBe(1);
    now = 60_000;
    expect(await passed(9)).toBe(4);
  });

  it.each([
    ['a function that fails', () => Promise.reject(new Error('of its own'))],
    ['an answer that is none', async () => ({ statusCode: 'no' })],
  ])('tells of %s without a word of it', async (_, invoke) => {
    expect(await asked(serviceWith(invoke))).toEqual(answerOf(502, 'DEFAULT_5XX'));
  });

  it('knows no other route, and no other stage', async () => {
    const service = serviceWith(async () => FINE);

    for (const path of ['/v1/others', '/v2/things', '/v1'])
      expect(await asked(service, undefined, path)).toEqual(answerOf(403, 'MISSING_AUTHENTICATION_TOKEN'));
    expect(['/v1', '/v1/x?y', '/v1?y', '/v2/v1', '/'].map((path) => service.owns(path))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    [new AwsFault(403, 'AccessDenied', 'none'), false, 403, 'MISSING_AUTHENTICATION_TOKEN'],
    [new AwsFault(403, 'AccessDenied', 'no right'), true, 403, 'ACCESS_DENIED'],
    [new AwsFault(403, 'SignatureDoesNotMatch', 'wrong'), true, 403, 'INVALID_SIGNATURE'],
    [new AwsFault(413, 'EntityTooLarge', 'large'), true, 413, 'REQUEST_TOO_LARGE'],
    [new AwsFault(400, 'InvalidURI', 'odd'), true, 400, 'DEFAULT_4XX'],
    [new AwsFault(500, 'InternalError', 'ours'), true, 500, 'DEFAULT_5XX'],
  ])('tells %s (signed: %s) by %d and %s', (fault, isSigned, status, name) => {
    expect(serviceWith(async () => FINE).refusal(fault, isSigned)).toEqual(answerOf(status, name));
  });
});
