/** Seeds are added to a live audience, by a call or from a list that was uploaded; the next refresh takes them up. */
import * as z from 'zod';
import { ListName } from '../expansion/campaign.ts';
import { MOST_INLINE_SEEDS, UserId, uploadedList } from '../expansion/requested-expansion.ts';
import type { LivePorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { sourceOf } from '../stored-file.ts';
import { type LiveAudience, lifeFolder, liveRecord, unknownAudience } from './live-audience.ts';
import { leaveSeeds } from './live-seeds.ts';
import { askForNewSeeds } from './pending-refresh.ts';

export const SeedsBody = z.strictObject({
  seeds: z.union([z.array(UserId).min(1).max(MOST_INLINE_SEEDS), z.strictObject({ list: ListName })], {
    error: `expected 1 to ${MOST_INLINE_SEEDS} ids of 1 to 1024 characters, or {"list": "…"} with the name of a list that was uploaded`,
  }),
});
export type SeedsBody = z.infer<typeof SeedsBody>;

export interface AddedSeeds {
  /** Each id once. */
  readonly added: number;
  /** When the refresh that takes them up is due. */
  readonly due: number;
}

export async function addSeeds(
  ports: LivePorts,
  settings: Settings,
  at: LiveAudience,
  { seeds }: SeedsBody,
  now: number,
): Promise<AddedSeeds> {
  const { life } = await liveRecord(ports, at);
  const ids = 'list' in seeds ? await idsIn(ports, at, seeds.list) : [...new Set(seeds)];
  const left = await leaveSeeds(ports, lifeFolder(at, life), ids, now);
  // After the seeds are there: a refresh that is on its way sees them, or another one is asked for.
  const record = await askForNewSeeds(ports, settings, at, life, now);
  if (record.life === life) return { added: ids.length, due: record.pending?.due ?? now };
  await ports.objects.remove([left]);
  throw unknownAudience(at);
}

async function idsIn({ objects, inputs }: LivePorts, { population }: LiveAudience, list: string) {
  const name = await uploadedList(objects, population, list);
  return (await inputs.ids(name, sourceOf(objects, name))).ids;
}
