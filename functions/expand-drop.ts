import { expandDrop, giveUpDrop } from '#application/expansion/expand-drop.ts';
import { ObjectCreated, onMessage } from './message.ts';

/** A seed file was written below `seeds/`: it becomes an audience. */
export const handler = onMessage(ObjectCreated, {
  run: (ports, { detail }, owner) => expandDrop(ports, ports.settings, detail.object.key, owner, Date.now()),
  giveUp: (ports, { detail }) => giveUpDrop(ports, detail.object.key, Date.now()),
});
