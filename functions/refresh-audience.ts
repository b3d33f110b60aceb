import { markOverdue, RefreshRequest } from '#application/live/pending-refresh.ts';
import { refreshAudience } from '#application/live/refresh-audience.ts';
import { onMessage } from './message.ts';

/** The seeds of a live audience have changed some minutes ago: what it has learned of them is made anew. */
export const handler = onMessage(RefreshRequest, {
  run: (ports, request) => refreshAudience(ports, ports.settings, request, Date.now()),
  giveUp: (ports, request) => markOverdue(ports, request),
});
