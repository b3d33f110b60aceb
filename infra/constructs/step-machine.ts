/** A state machine of our functions: states pass names of objects, never data; faults that pass are tried again. */
import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import {
  DefinitionBody,
  DistributedMap,
  type IChainable,
  JitterType,
  JsonPath,
  LogLevel,
  Parallel,
  S3JsonItemReader,
  StateMachine,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { acknowledgePattern, arnInFinding, logicalIdOf } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';

/** What a caller can act on: to try again would come to the same. */
const CALLERS_ERRORS = ['Invalid', 'NotFound', 'Conflict', 'ZodError'];

/** Lambda has no room or is not well: waited for, up to an hour. An account may have room for ten functions at once. */
const BUSY = [
  'Lambda.TooManyRequestsException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
];

/** One function, tried up to four times, each wait drawn anew so that many that fail at once do not come back at once. */
export function task(scope: Construct, id: string, handler: HandlerFunction): LambdaInvoke {
  const invoke = new LambdaInvoke(scope, id, {
    lambdaFunction: handler,
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
  });
  invoke.addRetry({ errors: CALLERS_ERRORS, maxAttempts: 0 });
  invoke.addRetry({
    errors: BUSY,
    interval: Duration.seconds(5),
    backoffRate: 2,
    maxDelay: Duration.seconds(60),
    maxAttempts: 60,
    jitterStrategy: JitterType.FULL,
  });
  invoke.addRetry({
    errors: ['States.ALL'],
    interval: Duration.seconds(2),
    backoffRate: 3,
    maxAttempts: 3,
    jitterStrategy: JitterType.FULL,
  });
  return invoke;
}

/** The function once for each entry of a list in the bucket, whose name stands in the state under `list`. */
export function forEach(
  scope: Construct,
  id: string,
  handler: HandlerFunction,
  { bucket, list, concurrency }: { readonly bucket: Bucket; readonly list: string; readonly concurrency: number },
): DistributedMap {
  // By its name, because the types of a bucket made here and of one taken here do not agree on optional properties.
  const lists = Bucket.fromBucketName(scope, `${id} lists`, bucket.bucketName);
  const map = new DistributedMap(scope, `${id} all`, {
    itemReader: new ListReader({ bucket: lists, key: JsonPath.stringAt(`$.${list}`) }),
    maxConcurrency: concurrency,
    resultPath: JsonPath.DISCARD,
  });
  map.itemProcessor(task(scope, id, handler));
  return map;
}

/** The steps, and what is done when one of them fails for good; either way the job's own fields are what goes on. */
export function guarded(scope: Construct, id: string, steps: IChainable, failed: IChainable): Parallel {
  return new Parallel(scope, id, { resultPath: JsonPath.DISCARD })
    .branch(steps)
    .addCatch(failed, { errors: ['States.ALL'], resultPath: '$.failure' });
}

/** Reads lists of jobs, and may read nothing else. */
class ListReader extends S3JsonItemReader {
  override providePolicyStatements(): PolicyStatement[] {
    return [new PolicyStatement({ actions: ['s3:GetObject'], resources: [this.bucket.arnForObjects('parts/*')] })];
  }
}

export interface StepMachineProps {
  readonly name: string;
  readonly chain: IChainable;
  readonly bucket: Bucket;
  readonly handlers: readonly HandlerFunction[];
  readonly logRetentionDays: number;
}

export function stepMachine(scope: Construct, id: string, props: StepMachineProps): StateMachine {
  const { name, chain, bucket, handlers, logRetentionDays } = props;
  const machine = new StateMachine(scope, id, {
    stateMachineName: name,
    definitionBody: DefinitionBody.fromChainable(chain),
    timeout: Duration.hours(12),
    tracingEnabled: true,
    logs: {
      destination: new LogGroup(scope, `${id}-logs`, { retention: logRetentionDays }),
      level: LogLevel.ALL,
      // Names of populations and campaigns, and sentences that quote files, are nobody's to read in a log.
      includeExecutionData: false,
    },
  });
  acknowledgePattern(machine, '*', 'the delivery of logs and X-Ray have no resources of their own');
  acknowledgePattern(
    machine,
    `arn:<AWS::Partition>:s3:::<${logicalIdOf(bucket)}>/parts/*`,
    'every job has lists of its own, named by folder',
  );
  for (const handler of handlers) {
    acknowledgePattern(machine, `${arnInFinding(handler)}:*`, 'a function is called by whichever version is current');
  }
  const executions = `arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"${logicalIdOf(machine)}"}]}]}`;
  for (const suffix of [':*', '/*:*']) {
    acknowledgePattern(machine, `${executions}${suffix}`, 'a distributed map starts executions of its own machine');
  }
  return machine;
}
