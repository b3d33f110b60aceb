/** What Lambda does with an event that nobody waits for: tried again after a failure, and given up after the last. */
import type { JsonObject } from '../json.ts';

/** As often as Lambda tries again where nobody says how often. */
const DEFAULT_RETRIES = 2;

export interface LateInvocation {
  readonly invoke: () => Promise<unknown>;
  readonly failed: (error: unknown) => void;
  readonly giveUp: (error: unknown) => Promise<void>;
}

export async function invokeLater(
  { MaximumRetryAttempts }: JsonObject,
  retryAfterMs: number,
  { invoke, failed, giveUp }: LateInvocation,
): Promise<void> {
  for (let retries = Number(MaximumRetryAttempts ?? DEFAULT_RETRIES); ; retries--) {
    try {
      await invoke();
      return;
    } catch (error) {
      failed(error);
      if (retries === 0) return giveUp(error);
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    }
  }
}
