/** The API of partners: one method for each route of functions/api-routes.ts, signed by IAM, and nothing else. */
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  ResponseType,
  RestApi,
  type Stage,
} from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import { ROUTES, type Route } from '#functions/api-routes.ts';
import { acknowledge } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';

export interface PartnerApiProps {
  readonly light: HandlerFunction;
  /** For routes that rank. */
  readonly heavy: HandlerFunction;
  /** Requests a second, of all callers together; twice as many in a burst. */
  readonly requestsPerSecond: number;
}

export class PartnerApi extends Construct {
  readonly stage: Stage;

  constructor(scope: Construct, id: string, { light, heavy, requestsPerSecond }: PartnerApiProps) {
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
    const integrations = {
      light: new LambdaIntegration(light, { allowTestInvoke: false }),
      heavy: new LambdaIntegration(heavy, { allowTestInvoke: false }),
    };
    for (const { method, path, isHeavy } of Object.values<Route>(ROUTES)) {
      const integration = isHeavy ? integrations.heavy : integrations.light;
      const added = api.root.resourceForPath(path).addMethod(method, integration);
      acknowledge(added, 'AwsSolutions-COG4', 'callers are IAM principals, not users of Cognito');
    }
    api.addGatewayResponse('busy', { type: ResponseType.THROTTLED, responseHeaders: { 'Retry-After': "'1'" } });
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
