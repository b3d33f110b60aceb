/** The API of partners: one method for each route of functions/api-routes.ts, signed by IAM, and nothing else. */
import { Duration } from 'aws-cdk-lib';
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  ResponseType,
  RestApi,
  type Stage,
} from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import { ROUTES, type Route, type Worker } from '#functions/api-routes.ts';
import { GATEWAY_PROBLEMS, type GatewayProblem } from '#functions/gateway-problems.ts';
import { MOST_CALL_SECONDS, problem } from '#functions/problem.ts';
import { acknowledge } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';

export interface PartnerApiProps {
  readonly light: HandlerFunction;
  readonly workers: Readonly<Record<Worker, HandlerFunction>>;
  /** Requests a second, of all callers together; twice as many in a burst. */
  readonly requestsPerSecond: number;
}

export class PartnerApi extends Construct {
  readonly stage: Stage;

  constructor(scope: Construct, id: string, { light, workers, requestsPerSecond }: PartnerApiProps) {
    super(scope, id);
    const api = new RestApi(this, 'rest', {
      restApiName: 'akin',
      description: 'Look-alike audiences; its OpenAPI document is /v1/openapi.json',
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: 'v1',
        throttlingRateLimit: requestsPerSecond,
        throttlingBurstLimit: 2 * requestsPerSecond,
      },
      defaultMethodOptions: { authorizationType: AuthorizationType.IAM },
    });
    this.stage = api.deploymentStage;
    const options = { allowTestInvoke: false, timeout: Duration.seconds(MOST_CALL_SECONDS) };
    const lightIntegration = new LambdaIntegration(light, options);
    const workerIntegrations = {
      explain: new LambdaIntegration(workers.explain, options),
      'live-audience': new LambdaIntegration(workers['live-audience'], options),
    };
    for (const { method, path, worker } of Object.values<Route>(ROUTES)) {
      const integration = worker ? workerIntegrations[worker] : lightIntegration;
      const added = api.root.resourceForPath(path).addMethod(method, integration);
      acknowledge(added, 'AwsSolutions-COG4', 'callers are IAM principals, not users of Cognito');
    }
    for (const each of GATEWAY_PROBLEMS) addGatewayProblem(api, each);
    acknowledge(
      api,
      'AwsSolutions-APIG2',
      'every request is checked by the schema that the OpenAPI document is made of',
    );
    for (const logging of ['AwsSolutions-APIG1', 'AwsSolutions-APIG6']) {
      acknowledge(
        this.stage,
        logging,
        'ids of people stand in paths, and logs never hold them; functions log their calls',
      );
    }
    acknowledge(this.stage, 'AwsSolutions-APIG3', 'callers are signed; a firewall is paid for by the month');
  }
}

/** Header values of API Gateway are texts in quotes. */
function addGatewayProblem(api: RestApi, { response, status, detail, retryAfterSeconds }: GatewayProblem): void {
  api.addGatewayResponse(response, {
    type: ResponseType.of(response),
    ...(status !== undefined && { statusCode: String(status) }),
    responseHeaders: {
      'Content-Type': "'application/problem+json'",
      ...(retryAfterSeconds !== undefined && { 'Retry-After': `'${retryAfterSeconds}'` }),
    },
    templates: { 'application/json': JSON.stringify(problem(status, detail)) },
  });
}
