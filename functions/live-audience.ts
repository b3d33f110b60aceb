import { addSeeds } from '#application/live/add-seeds.ts';
import { type KeptForScores, keptWithin, scoreUsers } from '#application/live/score-users.ts';
import { type Handlers, http } from './http.ts';

/** Of the function's memory: a shard that is read needs as much beside, for its bytes and what they become. */
const KEPT_SHARE = 1 / 3;

let kept: KeptForScores | undefined;

export const LIVE_HANDLERS = {
  async addSeeds(ports, { at, body }) {
    return { body: await addSeeds(ports, ports.settings, at, body, Date.now()) };
  },

  async scoreUsers(ports, { at, body }) {
    kept ??= keptWithin(KEPT_SHARE * ports.memoryBytes);
    return { body: await scoreUsers(ports, ports.settings, kept, at, body, Date.now()) };
  },
} satisfies Handlers;

/** A partner's call about the people of a live audience. */
export const handler = http(LIVE_HANDLERS);
