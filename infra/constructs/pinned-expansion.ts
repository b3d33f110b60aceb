/** The expansion function of one population, which carries its index as a layer: it is called by an alias that another function moves. */
import { Names, Stack } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Alias, type ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { LIVE_ALIAS } from '#adapters/lambda-index-layers.ts';
import { acknowledgePattern, arnInFinding } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';

/** What a version is made of, and how it is called. */
const CHANGE = [
  'lambda:GetFunctionConfiguration',
  'lambda:UpdateFunctionConfiguration',
  'lambda:PublishVersion',
  'lambda:ListVersionsByFunction',
  'lambda:GetAlias',
  'lambda:UpdateAlias',
];

export class PinnedExpansion extends Construct {
  readonly handler: HandlerFunction;
  readonly alias: Alias;
  /** The name of its index layer. */
  readonly layer: string;

  constructor(scope: Construct, id: string, handlerIn: (scope: Construct) => HandlerFunction) {
    super(scope, id);
    this.handler = handlerIn(this);
    // Points at the unpublished code as long as nothing was pinned; a deployment leaves it where it is then.
    this.alias = new Alias(this, LIVE_ALIAS, { aliasName: LIVE_ALIAS, version: this.handler.latestVersion });
    this.layer = Names.uniqueResourceName(this, { maxLength: 64, separator: '-' });
  }

  /** To publish layers and versions, to move the alias, and to remove what is not called any more; never the function itself. */
  grantPin(who: HandlerFunction, others: readonly ILayerVersion[]): void {
    const { functionArn } = this.handler;
    const layer = `layer:${this.layer}`;
    const layerArn = Stack.of(this).formatArn({ service: 'lambda', resource: layer });
    this.#grant(who, CHANGE, functionArn);
    this.#grant(who, ['lambda:GetFunctionConfiguration', 'lambda:DeleteFunction'], `${functionArn}:*`);
    this.#grant(who, ['lambda:PublishLayerVersion', 'lambda:ListLayerVersions'], layerArn);
    this.#grant(who, ['lambda:GetLayerVersion', 'lambda:DeleteLayerVersion'], `${layerArn}:*`);
    for (const { layerVersionArn } of others) this.#grant(who, ['lambda:GetLayerVersion'], layerVersionArn);
    for (const pattern of [
      `${arnInFinding(this.handler)}:*`,
      `arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:${layer}:*`,
    ]) {
      acknowledgePattern(who.executionRole, pattern, 'versions are numbered as they are made');
    }
  }

  #grant(grantee: HandlerFunction, actions: string[], resource: string): void {
    Grant.addToPrincipal({ grantee, actions, resourceArns: [resource] });
  }
}
