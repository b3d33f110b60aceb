/** The expansions that were asked of one population, by a call or by a drop, each with how it stands. */
import { compareTexts } from '#domain/features/text-order.ts';
import { inParallel, STORE_REQUESTS } from '../in-parallel.ts';
import { audiencePrefix, checkPopulationName, manifestOf } from '../population.ts';
import type { ObjectEntry, ObjectStore, StepPorts } from '../ports.ts';
import { CAMPAIGN_NAME, campaignIn } from './campaign.ts';
import { type ExpansionStanding, standingOf } from './requested-expansion.ts';

export interface AskedExpansion extends ExpansionStanding {
  /** When its seeds were dropped, in milliseconds since 1970; when akin last told of it where they are gone. */
  readonly askedAt: number;
}

/** At most `limit`, the newest first. */
export async function listExpansions(ports: StepPorts, population: string, limit: number): Promise<AskedExpansion[]> {
  checkPopulationName(population);
  const asked = await askedIn(ports.objects, population);
  if (asked.length === 0) await manifestOf(ports, population); // a name that nobody knows is refused
  const found: (AskedExpansion | undefined)[] = [];
  await inParallel(asked.slice(0, limit), STORE_REQUESTS, async ({ campaign, askedAt }, place) => {
    const standing = await standingOf(ports, { population, campaign });
    found[place] = standing && { ...standing, askedAt };
  });
  return found.filter((expansion) => expansion !== undefined); // one may just have been forgotten
}

async function askedIn(objects: ObjectStore, population: string) {
  const [audiences, seeds] = [audiencePrefix(population), `seeds/${population}/`];
  const [told, dropped] = await Promise.all([objects.entries(audiences), objects.entries(seeds)]);
  const times = new Map([
    ...timesIn(told, (name) => stateIn(name.slice(audiences.length))),
    ...timesIn(dropped, (name) => campaignIn(name.slice(seeds.length))),
  ]);
  return [...times]
    .map(([campaign, askedAt]) => ({ campaign, askedAt }))
    .sort((left, right) => right.askedAt - left.askedAt || compareTexts(left.campaign, right.campaign));
}

/** When each campaign's newest file was written. */
function timesIn(entries: readonly ObjectEntry[], campaignOf: (name: string) => string | undefined) {
  const times = new Map<string, number>();
  for (const { name, modified } of entries) {
    const campaign = campaignOf(name);
    if (campaign !== undefined) times.set(campaign, Math.max(modified, times.get(campaign) ?? 0));
  }
  return times;
}

/** The campaign whose state a file holds. */
function stateIn(file: string): string | undefined {
  const name = /^(.+)\.json$/.exec(file)?.[1];
  return name !== undefined && CAMPAIGN_NAME.test(name) ? name : undefined;
}
