/** Every tunable of akin, once: unit, default, bounds and what more of it buys and costs. docs/parameters.md shows them. */
import * as z from 'zod';
import { Invalid } from './errors.ts';

const Settings = z.object({
  maxShardUsers: z
    .int()
    .min(1)
    .max(2_000_000)
    .default(250_000)
    .meta({ unit: 'users', effect: 'More users a shard means fewer files and functions, and more memory in each.' }),
  minSeeds: z
    .int()
    .min(1)
    .max(10_000)
    .default(25)
    .meta({ unit: 'users', effect: 'An expansion from fewer matched seeds is refused: below some 25 chance decides.' }),
  recommendedSeeds: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .meta({ unit: 'users', effect: 'An expansion from fewer matched seeds is warned of.' }),
  explainedMembers: z
    .int()
    .min(0)
    .max(1_000)
    .default(10)
    .meta({ unit: 'users', effect: 'So many first members have their reasons in the report; more make it longer.' }),
  listedFeatures: z
    .int()
    .min(0)
    .max(1_000)
    .default(100)
    .meta({ unit: 'features', effect: 'So many telling features stand in the report; more make it longer.' }),
  dimensions: z
    .int()
    .min(2)
    .max(256)
    .default(64)
    .meta({ unit: 'dimensions', effect: 'More keep finer differences between users, at 4 bytes a user each.' }),
  maxTrainingUsers: z.int().min(1_000).max(2_000_000).default(200_000).meta({
    unit: 'users',
    effect: 'The embedding is fitted on so many users at most; more take longer and change little.',
  }),
  scorerUsers: z.int().min(1_000).max(2_000_000).default(50_000).meta({
    unit: 'users',
    effect: 'The attention scorer is trained on so many users at most; more take longer and change little.',
  }),
  hashes: z.int().min(16).max(1_024).default(128).meta({
    unit: 'hashes',
    effect: 'More make signatures finer, at 2 bytes a user each and as many more band pages.',
  }),
  bandSimilarityPercent: z.int().min(0).max(99).default(0).meta({
    unit: '% Jaccard',
    effect: 'Bands are cut to find users at least so similar; more means fewer candidates. 0: as the population needs.',
  }),
  bucketSharePercent: z.int().min(1).max(100).default(10).meta({
    unit: '% of users',
    effect:
      'Where bands are cut as needed: a bucket may hold so many on average; less means longer bands, fewer candidates.',
  }),
  candidatePercent: z.int().min(1).max(100).default(10).meta({
    unit: '% of users',
    effect:
      'Retrieval passes on so many (and twice the audience at least); more find more of the best, for more scoring.',
  }),
  seedQueries: z.int().min(1).max(10_000).default(1_000).meta({
    unit: 'seeds',
    effect: 'So many seeds are asked for their neighbours; more find more of those who resemble a single seed.',
  }),
  scanUsers: z.int().min(0).max(100_000_000).default(5_000_000).meta({
    unit: 'users',
    effect: 'Up to so many, `auto` looks at everybody and builds no HNSW index; beyond, it retrieves candidates first.',
  }),
  quietSeconds: z.int().min(0).max(900).default(120).meta({
    unit: 'seconds',
    effect: 'A batch without `_SUCCESS` is closed when nothing was dropped for so long; more bears slower uploads.',
  }),
  splitBytes: z.int().min(1_024).max(1_073_741_824).default(67_108_864).meta({
    unit: 'bytes',
    effect: 'A function of the stack reads so much plain text; more means fewer functions, each longer and larger.',
  }),
  maxGzipBytes: z.int().min(1_024).max(4_294_967_296).default(268_435_456).meta({
    unit: 'bytes',
    effect: 'A gzipped file beyond is cut into pieces before it is read; more saves that step, and takes one function.',
  }),
  readUsers: z.int().min(1).max(2_000_000).default(250_000).meta({
    unit: 'users',
    effect: 'A function of the stack holds so many users before it puts them down; more takes more memory.',
  }),
  expandUsers: z.int().min(0).max(100_000_000).default(400_000).meta({
    unit: 'users',
    effect: 'A seed file dropped for a population beyond is expanded shard by shard, in functions side by side.',
  }),
  recallSample: z.int().min(100).max(1_000_000).default(20_000).meta({
    unit: 'users',
    effect: 'The recall of retrieval is measured on so many users; more measure it better and take longer.',
  }),
  seedSample: z.int().min(100).max(1_000_000).default(10_000).meta({
    unit: 'users',
    effect: 'The seed report compares so many seeds with as many random users; more tell more and take longer.',
  }),
  threads: z.int().min(0).max(256).default(0).meta({
    unit: 'threads',
    effect: 'So many index shards side by side on a laptop; more take more memory. 0: as many as there are cores.',
  }),
  refreshSeconds: z.int().min(0).max(900).default(300).meta({
    unit: 'seconds',
    effect: 'A live audience takes up new seeds so long after they came; more means fewer refreshes, of older scores.',
  }),
  liveSeeds: z.int().min(1).max(3_000_000).default(3_000_000).meta({
    unit: 'users',
    effect: 'A live audience keeps so many seeds, the newest; more take longer to refresh.',
  }),
  attentionSeeds: z.int().min(1).max(10_000).default(100).meta({
    unit: 'users',
    effect: 'With fewer seeds that have features, a live audience answers by the mean cosine to them.',
  }),
});

export type Settings = z.infer<typeof Settings>;

export const SETTINGS = Settings.shape;

/** Settings from texts such as those of an environment: `AKIN_MAX_SHARD_USERS` for `maxShardUsers`. */
export function settingsFrom(texts: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.entries(SETTINGS).flatMap(([name, setting]) => {
    const variable = variableOf(name);
    const text = texts[variable];
    if (text === undefined || text === '') return [];
    const value = setting.safeParse(Number(text));
    if (value.success) return [[name, value.data] as const];
    const { minValue, maxValue } = setting.unwrap();
    throw new Invalid(
      `${variable}: expected a whole number from ${minValue} to ${maxValue}, got ${JSON.stringify(text)}`,
    );
  });
  return Settings.parse(Object.fromEntries(given));
}

/** The environment variable of a setting. */
export function variableOf(name: string): string {
  return `AKIN_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
