/** Live audiences as the command line works with them: in the data folder, where refreshes are by hand, or in a stack. */
import { setTimeout as pause } from 'node:timers/promises';
import type { SignedApi } from '#adapters/signed-api.ts';
import { Conflict } from '#application/errors.ts';
import { MOST_INLINE_SEEDS } from '#application/expansion/requested-expansion.ts';
import type { IdList } from '#application/id-list.ts';
import { addSeeds } from '#application/live/add-seeds.ts';
import {
  beginAudience,
  forgetAudience,
  type LiveAudience,
  type LiveStatus,
  liveStatus,
} from '#application/live/live-audience.ts';
import { refreshByHand } from '#application/live/pending-refresh.ts';
import { refreshAudience } from '#application/live/refresh-audience.ts';
import { keptWithin, type LiveScores, MOST_SCORED, scoreUsers } from '#application/live/score-users.ts';
import type { Watch } from '#application/ports.ts';
import { ROUTES } from '#functions/api-routes.ts';
import { localLivePorts, localSettings } from './local-ports.ts';

export interface LiveAudiences {
  begin(at: LiveAudience): Promise<LiveStatus>;
  status(at: LiveAudience): Promise<LiveStatus>;
  /** How many there are, each once. */
  add(at: LiveAudience, seeds: IdList): Promise<number>;
  /** Until all seeds that were added are taken up. */
  refresh(at: LiveAudience, watch: Watch): Promise<LiveStatus>;
  scores(at: LiveAudience, users: readonly string[]): Promise<LiveScores>;
  forget(at: LiveAudience): Promise<void>;
}

/** What one command keeps: it ends before memory is scarce. */
const KEPT_BYTES = 2e9;

export function localAudiences(folder: string): LiveAudiences {
  const ports = localLivePorts(folder);
  const settings = localSettings();
  const kept = keptWithin(KEPT_BYTES);
  return {
    async begin(at) {
      await beginAudience(ports, at);
      return liveStatus(ports, at);
    },

    status: (at) => liveStatus(ports, at),

    async add(at, { ids }) {
      return (await addSeeds(ports, settings, at, { seeds: [...ids] }, Date.now())).added;
    },

    async refresh(at, watch) {
      await liveStatus(ports, at); // or there is no such audience
      watch('refresh', 0, 1);
      await refreshAudience(ports, settings, await refreshByHand(ports, at, Date.now()), Date.now());
      return liveStatus(ports, at);
    },

    scores: (at, users) =>
      inBatches(users, (batch) => scoreUsers(ports, settings, kept, at, { users: [...batch] }, Date.now())),

    forget: (at) => forgetAudience(ports, at),
  };
}

const POLL_MS = 1_000;
/** A refresh may take as long as a function, and a minute more where its message was lost and sent again. */
const LONGEST_REFRESH_MS = 16 * 60_000;
/** A body has its limit in bytes. */
const MOST_INLINE_LENGTH = 1_000_000;

const { answer: Status } = ROUTES.audience;
const { answer: Added } = ROUTES.addSeeds;
const { answer: Scores } = ROUTES.scoreUsers;

/** `sendList` uploads ids, and names the list. */
export function stackAudiences(
  api: SignedApi,
  sendList: (population: string, ids: IdList) => Promise<string>,
): LiveAudiences {
  const status = async (at: LiveAudience) => Status.parse(await api.call('GET', pathOf(at)));
  return {
    begin: async (at) => Status.parse(await api.call('PUT', pathOf(at))),

    status,

    async add(at, seeds) {
      const isShort = seeds.ids.length <= MOST_INLINE_SEEDS && JSON.stringify(seeds.ids).length <= MOST_INLINE_LENGTH;
      const body = { seeds: isShort ? seeds.ids : { list: await sendList(at.population, seeds) } };
      return Added.parse(await api.call('POST', `${pathOf(at)}/seeds`, body)).added;
    },

    async refresh(at, watch) {
      for (;;) {
        const now = await status(at);
        if (!now.pending) return now;
        if (now.pending.due + LONGEST_REFRESH_MS < Date.now()) throw overdue(at);
        watch('the stack: a refresh is to come', 0, 1);
        await pause(POLL_MS);
      }
    },

    scores: (at, users) =>
      inBatches(users, async (batch) => Scores.parse(await api.call('POST', `${pathOf(at)}/scores`, { users: batch }))),

    async forget(at) {
      await api.call('DELETE', pathOf(at));
    },
  };
}

function overdue({ population, audience }: LiveAudience): Conflict {
  return new Conflict(
    `${population}/${audience}: expected its refresh to have come, it is overdue; add seeds or ask for scores, and it is asked for again`,
  );
}

function pathOf({ population, audience }: LiveAudience): string {
  return `/populations/${encodeURIComponent(population)}/audiences/${encodeURIComponent(audience)}`;
}

/** As many calls as it takes; what is told of the refresh is of the first. */
async function inBatches(
  users: readonly string[],
  score: (batch: readonly string[]) => Promise<LiveScores>,
): Promise<LiveScores> {
  const answers: LiveScores[] = [];
  for (let start = 0; start < users.length; start += MOST_SCORED) {
    answers.push(await score(users.slice(start, start + MOST_SCORED)));
  }
  return {
    ...answers[0],
    scores: answers.flatMap(({ scores }) => scores),
    unknown: answers.flatMap(({ unknown }) => unknown),
  };
}
