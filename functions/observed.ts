/**
 * What every way in has in common: logs and metrics by Powertools. Ids of people, and what files say, stay out. Traces are Lambda's
 * own.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';

export const logger = new Logger({ serviceName: 'akin' });
const metrics = new Metrics({ namespace: 'akin', serviceName: 'akin' });

/** A handler with Powertools around it. */
export function observed<Event, Result>(handle: (event: Event) => Promise<Result>) {
  return middy<Event, Result>()
    .use(injectLambdaContext(logger))
    .handler((event: Event) => quietly(() => handle(event)));
}

/** Counts by themselves, because most invocations have nothing to count, and each metric is paid for by the month. */
export function count(what: 'refused' | 'failed'): void {
  metrics.singleMetric().addMetric(what, 'Count', 1);
}

/** What a log may say of a failure: its name and where it came from. Its sentence may quote an id, or a line of a file. */
export function traceOf(error: unknown): { readonly error: string; readonly at: readonly string[] } {
  if (!(error instanceof Error)) return { error: typeof error, at: [] };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, at: frames.slice(0, 10).map((line) => line.trim()) };
}

/** Lambda logs what a handler throws, and X-Ray keeps it: so nothing leaves here but the name of a failure and where it came from. */
async function quietly<Result>(handle: () => Promise<Result>): Promise<Result> {
  try {
    return await handle();
  } catch (error) {
    const { error: name, at } = traceOf(error);
    const quiet = new Error('what went wrong stands where the job is told of');
    quiet.name = name;
    quiet.stack = [`${name}: ${quiet.message}`, ...at].join('\n    ');
    throw quiet;
  }
}
