/** Work on many things at a time, but no more than so many: what waits for a store waits together. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T, place: number) => Promise<void>,
): Promise<void> {
  const left = items.entries();
  const workers = Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (const [place, item] of left) await work(item, place);
  });
  await Promise.all(workers);
}

/** A store answers in some 20 ms; so many at a time keep a function busy and a store friendly. */
export const STORE_REQUESTS = 16;
