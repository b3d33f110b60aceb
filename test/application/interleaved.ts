/** Calls of a store whose steps come in an order of chance, so that calls at the same moment meet in many ways. */
import type { ObjectStore } from '#application/ports.ts';
import type { Random } from '#domain/random.ts';

const MOST_TURNS = 4;

export interface Interleaved {
  readonly objects: ObjectStore;
  /** The names that were written, once for each time. */
  readonly written: string[];
}

export function interleaved(objects: ObjectStore, random: Random): Interleaved {
  const written: string[] = [];
  const turns = async () => {
    const wanted = Math.floor(random() * (MOST_TURNS + 1));
    for (let turn = 0; turn < wanted; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const late =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args) => {
      await turns();
      const result = await call(...args);
      await turns();
      return result;
    };
  return {
    written,
    objects: {
      read: late(async (name) => objects.read(name)),
      stream: late(async (name, start, end) => objects.stream(name, start, end)),
      list: late(async (prefix) => objects.list(prefix)),
      entries: late(async (prefix) => objects.entries(prefix)),
      remove: late(async (names) => objects.remove(names)),
      write: late(async (name, bytes) => {
        await objects.write(name, bytes);
        written.push(name);
      }),
      create: late(async (name, bytes) => {
        const isCreated = await objects.create(name, bytes);
        if (isCreated) written.push(name);
        return isCreated;
      }),
    },
  };
}
