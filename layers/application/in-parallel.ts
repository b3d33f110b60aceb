/**
 * Work on many things at a time, but no more than so many: what waits for a store waits together. After a failure nothing more is
 * begun, and what was begun has ended when it is thrown.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T, place: number) => Promise<void>,
): Promise<void> {
  const left = items.entries();
  let hasFailed = false;
  const workers = Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (const [place, item] of left) {
      if (hasFailed) return;
      await work(item, place).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  });
  const ends = await Promise.allSettled(workers);
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;
}

/** A store answers in some 20 ms; so many at a time keep a function busy and a store friendly. */
export const STORE_REQUESTS = 16;
