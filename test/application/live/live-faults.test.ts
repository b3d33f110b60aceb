/** One fault at each call of a live audience: nothing is lost, whoever calls again where no answer came. */
import { expect, it } from 'vitest';
import { addSeeds } from '#application/live/add-seeds.ts';
import { beginAudience, liveStatus } from '#application/live/live-audience.ts';
import { RefreshRequest } from '#application/live/pending-refresh.ts';
import { refreshAudience } from '#application/live/refresh-audience.ts';
import { keptWithin, scoreUsers } from '#application/live/score-users.ts';
import type { LivePorts } from '#application/ports.ts';
import { groupIds } from '../people.ts';
import { LIVE, type LiveSite, liveSite } from './live-site.ts';

const FAULTS = ['fails', 'loses its answer'] as const;
type Fault = (typeof FAULTS)[number];

const PORTS = ['objects', 'catalog', 'ledger', 'messages'] as const;

/** A call is made again so often, by a partner or by a queue. */
const TRIES = 3;

const BATCHES = [groupIds(60), groupIds(120).slice(60), ['u1', 'x1']];
const USERS = groupIds(150);

/** Ports of which the call at that place, counted from 0, goes wrong. */
function weather(ports: LivePorts, fault: Fault, at: number) {
  let calls = 0;
  const wrapped = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          const isDue = calls++ === at;
          if (isDue && fault === 'fails') throw new Error('it failed');
          const answer: unknown = await Reflect.apply(method, target, args);
          if (isDue) throw new Error('the answer was lost');
          return answer;
        };
      },
    });
  const changed = Object.fromEntries(PORTS.map((name) => [name, wrapped(ports[name])]));
  return { ports: { ...ports, ...changed }, calls: () => calls };
}

async function again<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** An audience from its beginning to its scores, all calls within this weather; how many calls were made. */
async function lived(site: LiveSite, fault: Fault, place: number) {
  const { ports, calls } = weather(site.ports, fault, place);
  const at = { population: 'people', audience: `${fault[0]}${place}` };
  const kept = keptWithin(1e8);
  const later = async (seconds: number) => {
    for (const message of site.messagesAfter(seconds))
      await again(() => refreshAudience(ports, LIVE, RefreshRequest.parse(message), site.now));
  };
  await again(() => beginAudience(ports, at));
  for (const seeds of BATCHES) {
    await again(() => addSeeds(ports, LIVE, at, { seeds }, site.now));
    await later(300);
  }
  // A message that was lost is sent again when it is a minute late.
  await later(61);
  await again(() => scoreUsers(ports, LIVE, kept, at, { users: USERS }, site.now)).catch(() => {});
  await later(300);
  const { scores } = await again(() => scoreUsers(ports, LIVE, kept, at, { users: USERS }, site.now));
  const { refreshed, pending } = await liveStatus(site.ports, at);
  const seeds = (await site.ports.objects.list(`live/people/${at.audience}/`)).filter((name) =>
    name.includes('/seeds/'),
  );
  return { calls: calls(), scores, known: refreshed?.known, unknown: refreshed?.unknown, pending, seeds: seeds.length };
}

it.each(FAULTS)(
  'comes to the same where any one call %s',
  async (fault) => {
    const site = await liveSite();
    const { calls, ...calm } = await lived(site, fault, -1);
    expect(calm).toMatchObject({ known: 121, unknown: 1, pending: undefined, seeds: 1 });
    expect(calls).toBeGreaterThan(40);

    for (let place = 0; place < calls; place++) {
      const { calls: _calls, ...outcome } = await lived(site, fault, place);
      expect({ place, ...outcome }).toEqual({ place, ...calm });
    }
  },
  120_000,
);
