/** Messages in this process's memory, for whoever asks what has come: the command line never does, its refreshes are by hand. */
import type { Messages } from '#application/ports.ts';

/** SQS's own bound. */
const MOST_DELAY_SECONDS = 900;

export interface MemoryMessages extends Messages {
  /** The messages that have come, each given once. */
  come(): object[];
}

export function memoryMessages(now: () => number): MemoryMessages {
  let waiting: { readonly message: object; readonly comes: number }[] = [];
  return {
    async send(message, delaySeconds) {
      if (!(Number.isInteger(delaySeconds) && delaySeconds >= 0 && delaySeconds <= MOST_DELAY_SECONDS))
        throw new RangeError(`expected a delay of 0 to ${MOST_DELAY_SECONDS} whole seconds, got ${delaySeconds}`);
      waiting.push({ message: JSON.parse(JSON.stringify(message)), comes: now() + 1_000 * delaySeconds });
    },

    come() {
      const come = waiting.filter(({ comes }) => comes <= now());
      waiting = waiting.filter(({ comes }) => comes > now());
      return come.map(({ message }) => message);
    },
  };
}
