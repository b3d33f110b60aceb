/** Every tunable of akin, once: unit, default, bounds and what more of it buys and costs. docs/parameters.md shows them. */
import { z } from 'zod';

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
    .default(20)
    .meta({ unit: 'features', effect: 'So many telling features stand in the report; more make it longer.' }),
});

export type Settings = z.infer<typeof Settings>;

export const SETTINGS = Settings.shape;

/** Settings from texts such as those of an environment: `AKIN_MAX_SHARD_USERS` for `maxShardUsers`. */
export function settingsFrom(texts: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.keys(SETTINGS).flatMap((name) => {
    const text = texts[variableOf(name)];
    return text === undefined || text === '' ? [] : [[name, Number(text)] as const];
  });
  return Settings.parse(Object.fromEntries(given), {
    error: (issue) => `${variableOf(String(issue.path?.[0]))}: ${issue.message ?? 'unusable'}`,
  });
}

/** The environment variable of a setting. */
export function variableOf(name: string): string {
  return `AKIN_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
