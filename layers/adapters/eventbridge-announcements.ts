/** Announcements on the account's default event bus, for the rules of whoever deployed akin. */
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Announcements } from '#application/ports.ts';

export const EVENT_SOURCE = 'akin';

export function eventbridgeAnnouncements(open: () => Promise<EventBridgeClient>): Announcements {
  return {
    async announce(what, detail) {
      const { PutEventsCommand } = await import('@aws-sdk/client-eventbridge');
      const client = await open();
      const entry = { Source: EVENT_SOURCE, DetailType: what, Detail: JSON.stringify(detail) };
      const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: [entry] }));
      const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
      if (refused) throw new Error(`expected the event bus to take ${what}, got ${refused.ErrorCode}`);
    },
  };
}
