/** What whoever deploys may choose of the stack itself: `npx cdk deploy -c memoryMiB=3008`. docs/parameters.md shows them. */
import type { Node } from 'constructs';
import * as z from 'zod';
import { checkPopulationName } from '#application/population.ts';

/** Each takes a function and a queue of its own, and its name stands in patterns of events, which are short. */
const MOST_PINNED = 10;

const number = z.coerce.number().pipe(z.int());

const StackSettings = z.object({
  architecture: z.enum(['arm64', 'x86_64']).default('arm64').meta({
    reason: 'arm64 costs a fifth less a second; the native layer is there for both.',
  }),
  memoryMiB: number.pipe(z.int().min(1_024).max(10_240)).default(3_008).meta({
    reason:
      'For functions that hold a shard or all users of an expansion: 250,000 users take some 600 MiB. CPU grows with memory.',
  }),
  doorMemoryMiB: number.pipe(z.int().min(256).max(10_240)).default(512).meta({
    reason: 'For functions that only pass names on; below 512 their start takes longer than it saves.',
  }),
  mapConcurrency: number.pipe(z.int().min(1).max(1_000)).default(100).meta({
    reason: 'So many functions of one map run at once: a tenth of what an account has, so that others find room.',
  }),
  expansionConcurrency: number.pipe(z.int().min(2).max(1_000)).default(20).meta({
    reason: 'So many dropped seed files are expanded at once; the others wait in their queue.',
  }),
  requestsPerSecond: number.pipe(z.int().min(1).max(10_000)).default(50).meta({
    reason: 'Calls of the API beyond are told to come again in a second; twice as many pass in a burst.',
  }),
  pinned: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter((name) => name !== ''))
    .pipe(
      z
        .array(z.string().refine(isPopulationName, 'it expects names of populations, separated by commas'))
        .max(MOST_PINNED)
        .refine((names) => new Set(names).size === names.length, 'it expects each name once'),
    )
    .meta({
      reason: `Populations, at most ${MOST_PINNED}, separated by commas, that have an expansion function of their own, which carries their index as a Lambda layer.`,
    }),
  logRetentionDays: z.coerce
    .number()
    .pipe(z.literal([1, 3, 5, 7, 14, 30, 60, 90, 180, 365]))
    .default(14)
    .meta({
      reason: 'Long enough to look into a failure that an alarm told of; logs are paid for by the month.',
    }),
  partsRetentionDays: number.pipe(z.int().min(1).max(365)).default(7).meta({
    reason: 'What the steps of a job leave to each other: kept long enough to look into a failure, then it goes.',
  }),
  alarmTopicArn: z
    .string()
    .regex(/^arn:aws[\w-]*:sns:/)
    .optional()
    .meta({
      reason: 'The SNS topic that alarms go to; without one they only show in CloudWatch.',
    }),
});

export type StackSettings = z.infer<typeof StackSettings>;

export const STACK_SETTINGS = StackSettings.shape;

function isPopulationName(name: string): boolean {
  try {
    return checkPopulationName(name) === name;
  } catch {
    return false;
  }
}

/** From the app's context, so from cdk.json or `-c name=value`. */
export function stackSettingsFrom(node: Node): StackSettings {
  const given = Object.keys(STACK_SETTINGS).map((name) => [name, node.tryGetContext(name)]);
  const settings = StackSettings.safeParse(Object.fromEntries(given.filter(([, value]) => value !== undefined)));
  if (settings.success) return settings.data;
  const [issue] = settings.error.issues;
  throw new Error(`expected another value of the setting ${issue.path.join('.')}, because ${issue.message}`);
}
