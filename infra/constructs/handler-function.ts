/** One file of functions/ as a Lambda: `id` names the file. */
import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type ILayerVersion, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledgePattern } from './acknowledge.ts';

export interface HandlerFunctionProps {
  readonly architecture: 'arm64' | 'x86_64';
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  readonly logRetentionDays: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly layers?: ILayerVersion[];
}

/** CommonJS packages in an ESM bundle ask for Node's own modules by `require`. */
const BANNER =
  "import { createRequire as akinRequire } from 'node:module'; const require = akinRequire(import.meta.url);";

export class HandlerFunction extends NodejsFunction {
  readonly executionRole: Role;

  constructor(scope: Construct, id: string, props: HandlerFunctionProps) {
    const { architecture, memoryMiB, timeoutSeconds, logRetentionDays, environment, layers = [] } = props;
    const logGroup = new LogGroup(scope, `${id}-logs`, { retention: logRetentionDays });
    // A role without a managed policy: it may write this one log, and what else it is granted.
    const role = new Role(scope, `${id}-role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    super(scope, id, {
      entry: `functions/${id}.ts`,
      depsLockFilePath: 'package-lock.json',
      projectRoot: '.',
      runtime: Runtime.NODEJS_24_X,
      architecture: architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      memorySize: memoryMiB,
      timeout: Duration.seconds(timeoutSeconds),
      tracing: Tracing.ACTIVE,
      logGroup,
      role,
      layers,
      environment: {
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...environment,
      },
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        mainFields: ['module', 'main'],
        minify: true,
        sourceMap: true,
        sourcesContent: false,
        externalModules: ['hnswlib-node'],
        banner: BANNER,
        logLevel: LogLevel.ERROR, // a bundle's size is a test's affair
      },
    });
    this.executionRole = role;
    acknowledgePattern(role, '*', 'X-Ray has no resources of its own: its two actions take * alone');
  }
}
