/**
 * Threads that index shards side by side: started when they are first asked, as many as are said. Bytes that a thread has made
 * are written here, where an interrupted process cleans up behind itself.
 */
import { Worker } from 'node:worker_threads';
import { Invalid } from '#application/errors.ts';
import type { ShardIndex } from '#application/manifest.ts';
import type { IndexTask, IndexThreads, ObjectStore } from '#application/ports.ts';

/** What a thread has to say. */
export type Answer =
  | { readonly kind: 'write'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'indexed'; readonly index: ShardIndex }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string; readonly stack: string };

const THREAD = new URL('index-thread.ts', import.meta.url);

export function indexThreads(folder: string, objects: ObjectStore, count: number): IndexThreads {
  let idle: Worker[] = [];
  let busy = new Set<Worker>();
  return {
    count,

    async index(task) {
      const thread = idle.pop() ?? new Worker(THREAD, { workerData: folder });
      busy.add(thread);
      const index = await answerOf(thread, task, objects);
      busy.delete(thread);
      idle.push(thread);
      return index;
    },

    async end() {
      const all = [...idle, ...busy];
      [idle, busy] = [[], new Set()];
      await Promise.all(all.map((thread) => thread.terminate()));
    },
  };
}

function answerOf(thread: Worker, task: IndexTask, objects: ObjectStore): Promise<ShardIndex> {
  return new Promise((resolve, reject) => {
    const listeners = {
      message(answer: Answer) {
        if (answer.kind === 'indexed') settle(() => resolve(answer.index));
        else if (answer.kind === 'failed') listeners.error(errorOf(answer));
        else objects.write(answer.name, answer.bytes).then(() => thread.postMessage('written'), listeners.error);
      },
      error: (error: unknown) => settle(() => reject(error)),
      exit: () => listeners.error(new Error('expected a thread to index a shard, but it ended')),
    };
    // One by one: without its own listeners a thread is not heard again.
    const settle = (how: () => void) => {
      for (const [event, listener] of Object.entries(listeners)) thread.off(event, listener);
      how();
    };
    for (const [event, listener] of Object.entries(listeners)) thread.on(event, listener);
    thread.postMessage(task);
  });
}

/** The one failure that a caller can act on stays what it is. */
function errorOf({ name, message, stack }: Extract<Answer, { readonly kind: 'failed' }>): Error {
  if (name === 'Invalid') return new Invalid(message);
  const error = new Error(message);
  error.stack = stack;
  return error;
}
