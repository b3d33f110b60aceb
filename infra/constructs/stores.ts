/** Where everything is kept: one bucket and two tables, and who may do what with which part of them. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge, acknowledgePattern, arnInFinding } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';

/** The folders of the bucket. */
export const FOLDERS = ['populations', 'seeds', 'index', 'audiences', 'live', 'parts'] as const;
export type Folder = (typeof FOLDERS)[number];

export class Stores extends Construct {
  readonly bucket: Bucket;
  /** Populations, the line of uploads, the claims of expansions and what stands of live audiences: precious. */
  readonly catalog: TableV2;
  /** Band pages, which an upload can make again: disposable. */
  readonly bands: TableV2;

  constructor(scope: Construct, id: string, { partsRetentionDays }: { readonly partsRetentionDays: number }) {
    super(scope, id);
    this.bucket = new Bucket(this, 'bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'parts', prefix: 'parts/', expiration: Duration.days(partsRetentionDays) },
        { id: 'unfinished', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    // By the resource's own property: `eventBridgeEnabled` would bring a function of its own to set it.
    const { defaultChild } = this.bucket.node;
    if (defaultChild instanceof CfnBucket) {
      defaultChild.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    }
    acknowledge(
      this.bucket,
      'AwsSolutions-S1',
      'access logs of every object cost more than akin does; CloudTrail can be told to keep them',
    );
    const keys = {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
    };
    this.catalog = new TableV2(this, 'catalog', {
      ...keys,
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.bands = new TableV2(this, 'bands', { ...keys, removalPolicy: RemovalPolicy.DESTROY });
    acknowledge(
      this.bands,
      'AwsSolutions-DDB3',
      'band pages are made again by any upload, so there is nothing to recover',
    );
  }

  grantRead(who: HandlerFunction, ...folders: readonly Folder[]): void {
    this.grantObjects(
      who,
      's3:GetObject',
      folders.map((folder) => `${folder}/*`),
    );
  }

  grantWrite(who: HandlerFunction, ...folders: readonly Folder[]): void {
    this.grantObjects(
      who,
      's3:PutObject',
      folders.map((folder) => `${folder}/*`),
    );
  }

  grantRemove(who: HandlerFunction, ...folders: readonly Folder[]): void {
    this.grantObjects(
      who,
      's3:DeleteObject',
      folders.map((folder) => `${folder}/*`),
    );
  }

  /** How an upload stands is written beside what was dropped, and nothing else is written there. */
  grantTellStatus(who: HandlerFunction): void {
    this.grantObjects(who, 's3:PutObject', ['populations/*/_STATUS.json']);
  }

  /** Archives that become layers, which Lambda reads in the name of whoever publishes them. */
  grantArchives(who: HandlerFunction): void {
    for (const action of ['s3:PutObject', 's3:GetObject']) this.grantObjects(who, action, ['parts/layers/*']);
  }

  grantList(who: HandlerFunction, ...folders: readonly Folder[]): void {
    Grant.addToPrincipal({
      grantee: who,
      actions: ['s3:ListBucket'],
      resourceArns: [this.bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': folders.map((folder) => `${folder}/*`) } },
    });
  }

  grantReadCatalog(who: HandlerFunction): void {
    this.catalog.grant(who, 'dynamodb:GetItem');
  }

  grantWriteCatalog(who: HandlerFunction): void {
    this.catalog.grant(who, 'dynamodb:GetItem', 'dynamodb:PutItem');
  }

  /** To say which populations there are, where one that is asked for is not. */
  grantListCatalog(who: HandlerFunction): void {
    this.catalog.grant(who, 'dynamodb:Query');
  }

  private grantObjects(who: HandlerFunction, action: string, patterns: readonly string[]): void {
    const resourceArns = patterns.map((pattern) => this.bucket.arnForObjects(pattern));
    Grant.addToPrincipal({ grantee: who, actions: [action], resourceArns });
    for (const pattern of patterns) {
      const finding = `${arnInFinding(this.bucket)}/${pattern}`;
      acknowledgePattern(who.executionRole, finding, 'populations come and go, so their objects are named by folder');
    }
  }
}
