/**
 * A rule that hands events straight to a function, which costs nothing while there are none: a queue is asked for messages all
 * month by whoever empties it. What the function fails at is tried again by Lambda, and put away in the end.
 */
import { Duration } from 'aws-cdk-lib';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { HandlerFunction } from './handler-function.ts';
import { MAX_TRIES } from './work-queue.ts';

export interface EventRouteProps {
  readonly handler: HandlerFunction;
  readonly pattern: EventPattern;
  readonly deadLetters: Queue;
}

export class EventRoute extends Construct {
  constructor(scope: Construct, id: string, { handler, pattern, deadLetters }: EventRouteProps) {
    super(scope, id);
    new Rule(this, 'rule', {
      eventPattern: pattern,
      targets: [new LambdaFunction(handler, { deadLetterQueue: deadLetters, maxEventAge: Duration.hours(24) })],
    });
    handler.configureAsyncInvoke({
      retryAttempts: MAX_TRIES - 1,
      maxEventAge: Duration.hours(6),
      onFailure: new SqsDestination(deadLetters),
    });
  }
}
