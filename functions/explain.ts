import { reasonsOf } from '#application/expansion/requested-expansion.ts';
import { requestSeedReport } from '#application/requested-seed-report.ts';
import { type Handlers, http } from './http.ts';

export const HEAVY_HANDLERS = {
  async member(ports, { at }) {
    return { body: await reasonsOf(ports, ports.settings, at.id, at.user) };
  },

  async requestSeedReport(ports, { at, body }) {
    return { body: await requestSeedReport(ports, ports.settings, at.population, body) };
  },
} satisfies Handlers;

/** A partner's call that reads all users: why somebody stands where he or she stands, and what seeds are worth. */
export const handler = http(HEAVY_HANDLERS);
