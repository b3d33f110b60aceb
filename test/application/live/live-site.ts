/** Live audiences of some people by a clock that the test winds, their refreshes made when their messages come. */
import { arrowSeedFormat } from '#adapters/formats/arrow-seeds.ts';
import { memoryMessages } from '#adapters/memory-messages.ts';
import { addSeeds } from '#application/live/add-seeds.ts';
import { beginAudience, forgetAudience, type LiveAudience, liveStatus } from '#application/live/live-audience.ts';
import { RefreshRequest } from '#application/live/pending-refresh.ts';
import { type RefreshOutcome, refreshAudience } from '#application/live/refresh-audience.ts';
import { type KeptForScores, keptWithin, scoreUsers } from '#application/live/score-users.ts';
import type { LivePorts } from '#application/ports.ts';
import type { Settings } from '#application/settings.ts';
import type { User } from '#domain/features/shard.ts';
import { type Stage, stageWith } from '../conductor.ts';
import { groupedPeople, ingested, SETTINGS } from '../people.ts';

export const LIVE: Settings = { ...SETTINGS, maxShardUsers: 150 };
export const SPRING: LiveAudience = { population: 'people', audience: 'spring' };

export interface LiveSite {
  readonly stage: Stage;
  readonly ports: LivePorts;
  now: number;
  /** Whether messages are lost on their way. */
  losesMessages: boolean;
  readonly kept: KeptForScores;
  ingest(users: Iterable<User>, mode?: 'upsert' | 'replace'): Promise<void>;
  begin(at?: LiveAudience): Promise<boolean>;
  add(ids: readonly string[], at?: LiveAudience): ReturnType<typeof addSeeds>;
  /** So many seconds later; what has become of each refresh whose message came. */
  later(seconds: number): Promise<RefreshOutcome[]>;
  /** The same, of which nobody made anything yet. */
  messagesAfter(seconds: number): object[];
  scores(users: readonly string[], at?: LiveAudience): ReturnType<typeof scoreUsers>;
  status(at?: LiveAudience): ReturnType<typeof liveStatus>;
  forget(at?: LiveAudience): Promise<void>;
}

/** With an audience that was begun, of 600 people where nothing else is said. */
export async function liveSite(
  settings: Settings = LIVE,
  change: (ports: LivePorts) => LivePorts = (ports) => ports,
): Promise<LiveSite> {
  const stage = stageWith(settings);
  const messages = memoryMessages(() => site.now);
  const send = async (message: object, delay: number) => {
    if (!site.losesMessages) await messages.send(message, delay);
  };
  const ports = change({ ...stage.ports, seedFormat: arrowSeedFormat, messages: { send } });
  const site: LiveSite = {
    stage,
    ports,
    now: Date.UTC(2026, 0, 1, 12),
    losesMessages: false,
    kept: keptWithin(100e6),
    ingest: async (users, mode = 'upsert') => {
      await ingested(stage, users, { settings, mode });
    },
    begin: (at = SPRING) => beginAudience(ports, at),
    add: (ids, at = SPRING) => addSeeds(ports, settings, at, { seeds: [...ids] }, site.now),
    messagesAfter(seconds) {
      site.now += 1_000 * seconds;
      return messages.come();
    },
    async later(seconds) {
      const outcomes: RefreshOutcome[] = [];
      for (const message of site.messagesAfter(seconds))
        outcomes.push(await refreshAudience(ports, settings, RefreshRequest.parse(message), site.now));
      return outcomes;
    },
    scores: (users, at = SPRING) => scoreUsers(ports, settings, site.kept, at, { users: [...users] }, site.now),
    status: (at = SPRING) => liveStatus(ports, at),
    forget: (at = SPRING) => forgetAudience(ports, at),
  };
  await site.ingest(groupedPeople(600));
  await site.begin();
  return site;
}
