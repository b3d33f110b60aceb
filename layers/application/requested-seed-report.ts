/** A seed report that a partner asks for by a call: what `akin seeds` says, of the population as it is now. */
import * as z from 'zod';
import { Conflict } from './errors.ts';
import { requestedSeeds, SeedsGiven } from './expansion/requested-expansion.ts';
import { manifestOf, openGeneration } from './population.ts';
import type { StepPorts } from './ports.ts';
import { reportSeeds, type SeedReport } from './seed-report.ts';
import type { Settings } from './settings.ts';

/** The names nearest to one that nobody has are looked for among all, which takes the longer the longer the name is. */
const MOST_DROPS = 100;
const MOST_DROP_CHARACTERS = 10_000;

/** A list that is read and matched while the caller waits. */
export const MOST_REPORT_SEED_BYTES = 8 * 1024 * 1024;

export const SeedReportBody = z.strictObject({
  seeds: SeedsGiven,
  drop: z
    .array(z.string())
    .max(MOST_DROPS)
    .refine(
      (names) => names.reduce((sum, { length }) => sum + length, 0) <= MOST_DROP_CHARACTERS,
      `expected features to drop of at most ${MOST_DROP_CHARACTERS} characters in all`,
    )
    .default([]),
  binary: z.boolean().default(false),
  seed: z.int().nonnegative().max(9_999_999_999).default(1),
});
export type SeedReportBody = z.infer<typeof SeedReportBody>;

export async function requestSeedReport(
  ports: StepPorts,
  settings: Settings,
  population: string,
  { seeds, ...options }: SeedReportBody,
): Promise<SeedReport> {
  const manifest = await manifestOf(ports, population);
  if (manifest.users > settings.expandUsers) {
    throw new Conflict(
      `expected a population of at most ${settings.expandUsers} users to report on seeds in one call, got ${manifest.users}; the report of an expansion says the same as its seedReport`,
    );
  }
  const list = await requestedSeeds(ports, population, seeds, MOST_REPORT_SEED_BYTES);
  const opened = await openGeneration({ ...ports, objects: ports.nearby(ports.objects) }, manifest, () => {});
  return reportSeeds(settings, opened, { ...options, seeds: list, exclude: [] }, () => {});
}
