/** What every way to leave oneself a message must do. */
import { describe, expect, it } from 'vitest';
import type { Messages } from '#application/ports.ts';

const NOON = Date.UTC(2026, 0, 1, 12);

export interface OpenMessages {
  readonly messages: Messages;
  /** What has come and was not taken yet. */
  readonly come: () => Promise<readonly unknown[]>;
}

/** `open` gives messages that are nobody else's, by the given clock. */
export function messagesContract(name: string, open: (now: () => number) => Promise<OpenMessages>): void {
  describe(`messages contract: ${name}`, () => {
    it('come after their delay, and not before', async () => {
      let now = NOON;
      const { messages, come } = await open(() => now);
      await messages.send({ late: 'é 😀 "' }, 300);
      await messages.send({ soon: true }, 0);
      await messages.send({ last: 1 }, 900);

      expect(await come()).toEqual([{ soon: true }]);
      now = NOON + 299_999;
      expect(await come()).toEqual([]);
      now = NOON + 300_000;
      expect(await come()).toEqual([{ late: 'é 😀 "' }]);
      now = NOON + 900_000;
      expect(await come()).toEqual([{ last: 1 }]);
    });

    it('come each by itself where they are the same', async () => {
      const { messages, come } = await open(() => NOON);
      await messages.send({ a: 1 }, 0);
      await messages.send({ a: 1 }, 0);

      expect([...(await come()), ...(await come())]).toEqual([{ a: 1 }, { a: 1 }]);
    });

    it.each([-1, 901, 0.5])('are not sent with a delay of %d seconds', async (delaySeconds) => {
      const { messages, come } = await open(() => NOON);

      await expect(messages.send({}, delaySeconds)).rejects.toThrow();

      expect(await come()).toEqual([]);
    });
  });
}
