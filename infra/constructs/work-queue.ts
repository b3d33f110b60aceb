/** A queue of events, the rule that fills it, if functions do not, and the function that empties it; what cannot be done goes to the dead letters. */
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { type Alias, CfnEventSourceMapping, EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { HandlerFunction } from './handler-function.ts';

/** How often a message is tried: a fault that passes within three tries is none, one that does not wants a person. */
export const MAX_TRIES = 3;

/** A message that waits longer than this waits for something that does not come. */
const LONG_WAIT = Duration.hours(6);

/** A message must not appear again while a function may be at work on it; and whoever waits for a second try should not wait long. */
const VISIBILITY_MARGIN_SECONDS = 60;

export interface WorkQueueProps {
  readonly handler: HandlerFunction;
  /** The handler by another name, where it is called by that. */
  readonly alias?: Alias | undefined;
  readonly timeoutSeconds: number;
  /** Absent where the messages are sent by functions. */
  readonly pattern?: EventPattern | undefined;
  readonly deadLetters: Queue;
  readonly delaySeconds?: number;
  readonly concurrency: number;
  readonly alarmAction?: IAlarmAction | undefined;
}

export class WorkQueue extends Construct {
  readonly #queue: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { handler, alias, timeoutSeconds, pattern, deadLetters, delaySeconds = 0, concurrency, alarmAction } = props;
    const queue = new Queue(this, 'queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      deliveryDelay: Duration.seconds(delaySeconds),
      visibilityTimeout: Duration.seconds(timeoutSeconds + VISIBILITY_MARGIN_SECONDS),
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: MAX_TRIES + 1 }, // once more, for who died without a word
    });
    this.#queue = queue;
    if (pattern) this.#fillBy(pattern, deadLetters);
    const consumption = queue.grant(handler, 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes');
    const mapping = new EventSourceMapping(this, 'source', {
      target: handler,
      eventSourceArn: queue.queueArn,
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency: concurrency,
    });
    // By the resource's own property: an alias is no target by its type, whose optional properties do not agree.
    const { defaultChild } = mapping.node;
    if (alias && defaultChild instanceof CfnEventSourceMapping) defaultChild.functionName = alias.functionArn;
    mapping.node.addDependency(consumption);
    deadLetters.grant(handler, 'sqs:SendMessage');
    const oldest = queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5), statistic: 'max' });
    alarmAbove(this, 'long-wait', oldest, LONG_WAIT.toSeconds(), alarmAction);
  }

  /** Lets a function send messages, to the queue that this variable of its names. */
  grantSend(sender: HandlerFunction, variable: string): void {
    this.#queue.grant(sender, 'sqs:SendMessage');
    sender.addEnvironment(variable, this.#queue.queueUrl);
  }

  #fillBy(eventPattern: EventPattern, deadLetterQueue: Queue): void {
    const target = new SqsQueue(this.#queue, { deadLetterQueue, maxEventAge: Duration.hours(24), retryAttempts: 185 });
    new Rule(this, 'rule', { eventPattern, targets: [target] });
  }
}

/** An alarm on a figure of a queue that should stay at or below a bound. */
export function alarmAbove(
  scope: Construct,
  id: string,
  metric: Metric,
  threshold: number,
  action: IAlarmAction | undefined,
): void {
  const alarm = new Alarm(scope, id, {
    metric,
    threshold,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  if (action) alarm.addAlarmAction(action);
}
