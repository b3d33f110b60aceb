/**
 * Users are scored against a live audience at once: no training, no search. What was learned of the seeds is compared with
 * points of the same generation alone.
 *
 * Cost: one bisection a user, C·D + C² multiply–adds; the points of a shard are read once in a warm process.
 */
import * as z from 'zod';
import type { Shard } from '#domain/features/shard.ts';
import { Conflict, Invalid } from '../errors.ts';
import { UserId } from '../expansion/requested-expansion.ts';
import type { FileEntry, Manifest } from '../manifest.ts';
import { manifestOf } from '../population.ts';
import type { LivePorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { Kept } from './kept.ts';
import {
  type Answerer,
  isCurrent,
  type LiveAudience,
  type LiveRecord,
  liveRecord,
  nobodyAnswers,
  type Refresh,
  readUnlessGone,
  shownAudience,
} from './live-audience.ts';
import { askForGeneration, askForOverdue } from './pending-refresh.ts';
import { bytesOfPlaced, idsByFile, readPlaced, rowOf, withoutSignatures } from './placed-users.ts';
import { type LiveModel, rankerOf } from './refresh-audience.ts';

export const MOST_SCORED = 1_000;

export const ScoresBody = z.strictObject({
  users: z.array(UserId).min(1).max(MOST_SCORED, `expected 1 to ${MOST_SCORED} ids of 1 to 1024 characters`),
});
export type ScoresBody = z.infer<typeof ScoresBody>;

export interface LiveScores {
  readonly answeredBy: Answerer;
  /** Of the points that were compared. */
  readonly generation: number;
  /** When the refresh began that the scores come from. */
  readonly refreshed: number;
  /** In the order asked for, each user once. */
  readonly scores: readonly { readonly userId: string; readonly score: number }[];
  /** Who is no user of the generation. */
  readonly unknown: readonly string[];
}

interface ReadModel {
  readonly model: LiveModel;
  readonly bytes: number;
}

/** What a warm process keeps between calls. */
export interface KeptForScores {
  readonly points: Kept<Shard>;
  readonly models: Kept<ReadModel>;
}

/** Models are some kilobytes each. */
const MODEL_SHARE = 0.05;

export function keptWithin(bytes: number): KeptForScores {
  return {
    points: new Kept((1 - MODEL_SHARE) * bytes, bytesOfPlaced),
    models: new Kept(MODEL_SHARE * bytes, (read) => read.bytes),
  };
}

/** A model is taken away two refreshes after it was made; so many within one call are none. */
const MAX_TRIES = 5;

export async function scoreUsers(
  ports: LivePorts,
  settings: Settings,
  kept: KeptForScores,
  at: LiveAudience,
  { users }: ScoresBody,
  now: number,
): Promise<LiveScores> {
  const ids = [...new Set(users)];
  const { refresh, model } = await openModel(ports, settings, kept, at, now);
  const found = await scoresIn(ports, kept, model, ids).catch(async (error: unknown) => {
    // The points were swept up in this very moment.
    if (error instanceof Invalid) refuseOutdated(at, refresh, await manifestOf(ports, at.population));
    throw error;
  });
  const known = ids.flatMap((userId) => {
    const score = found.get(userId);
    return score === undefined ? [] : [{ userId, score }];
  });
  return {
    answeredBy: model.answeredBy,
    generation: model.places.generation,
    refreshed: refresh.at,
    scores: known,
    unknown: ids.filter((id) => !found.has(id)),
  };
}

/** What the audience's last refresh has learned; asks for another one where the population has moved on, or one was lost. */
async function openModel(
  ports: LivePorts,
  settings: Settings,
  kept: KeptForScores,
  at: LiveAudience,
  now: number,
): Promise<{ readonly refresh: Refresh; readonly model: LiveModel }> {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const [record, manifest] = await Promise.all([liveRecord(ports, at), manifestOf(ports, at.population)]);
    await askWhereDue(ports, settings, at, { record, manifest }, now);
    const { refresh } = record;
    if (refresh?.model === undefined) throw nobodyAnswers(at, record);
    refuseOutdated(at, refresh, manifest);
    const name = refresh.model;
    const read = await kept.models.of(name, () => readModel(ports, name));
    if (read) return { refresh, model: read.model };
  }
  throw new Error(`${shownAudience(at)}: lost ${MAX_TRIES} races for the model`);
}

async function askWhereDue(
  ports: LivePorts,
  settings: Settings,
  at: LiveAudience,
  { record, manifest }: { readonly record: LiveRecord; readonly manifest: Manifest },
  now: number,
): Promise<void> {
  const { refresh, life } = record;
  if (refresh && !isCurrent(refresh, manifest)) {
    // Who can answer waits for others who add seeds; who cannot, waits for nothing.
    const delay = isServable(refresh, manifest) ? settings.refreshSeconds : 0;
    await askForGeneration(ports, at, life, now, delay);
  } else if (record.pending) await askForOverdue(ports, settings, at, life, now);
}

/** Whether the points of the refresh are kept: those of the last two generations are. */
function isServable(refresh: Refresh, manifest: Manifest): boolean {
  return isCurrent(refresh, manifest) || refresh.generation === manifest.generation - 1;
}

function refuseOutdated(at: LiveAudience, refresh: Refresh, manifest: Manifest): void {
  if (isServable(refresh, manifest)) return;
  throw new Conflict(
    `${shownAudience(at)}: expected an audience that was refreshed by generation ${manifest.generation} or the one before, got one of ${refresh.generation}; its refresh was asked for, so ask again in a minute`,
  );
}

async function readModel({ objects, dataFormat }: LivePorts, name: string): Promise<ReadModel | undefined> {
  const bytes = await readUnlessGone(objects, name);
  return bytes && { model: dataFormat.decode<LiveModel>(bytes), bytes: bytes.length };
}

async function scoresIn(
  ports: LivePorts,
  { points }: KeptForScores,
  { answeredBy, model, places }: LiveModel,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const near = { ...ports, objects: ports.nearby(ports.objects) };
  const ranker = rankerOf(answeredBy);
  const found = new Map<string, number>();
  const open = async (entry: FileEntry) => withoutSignatures(await readPlaced(near, entry));
  for (const [entry, own] of idsByFile(places, ids)) {
    const shard = await points.of(entry.name, () => open(entry));
    const placed = own.flatMap((id) => {
      const row = rowOf(shard, id);
      return row === undefined ? [] : [{ id, row }];
    });
    const scores = ranker.score(
      model,
      shard,
      Uint32Array.from(placed, ({ row }) => row),
    );
    placed.forEach(({ id }, n) => {
      found.set(id, scores[n]);
    });
  }
  return found;
}
