import { reasonsOf } from '#application/expansion/requested-expansion.ts';
import { http } from './http.ts';

/** A partner's call that ranks: why somebody stands where he or she stands. */
export const handler = http({
  async member(ports, { at }) {
    return { body: await reasonsOf(ports, ports.settings, at.id, at.user) };
  },
});
