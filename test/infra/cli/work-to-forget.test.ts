import { beforeEach, describe, expect, it, vi } from 'vitest';

type WorkToForget = typeof import('#infra/cli/work-to-forget.ts');

let thenForgotten: WorkToForget['thenForgotten'];
let hasWorkToForget: WorkToForget['hasWorkToForget'];
let forgetWork: WorkToForget['forgetWork'];

/** One for each process. */
beforeEach(async () => {
  vi.resetModules();
  ({ thenForgotten, hasWorkToForget, forgetWork } = await import('#infra/cli/work-to-forget.ts'));
});

describe('work to forget', () => {
  it('is forgotten when it is done, and when it fails', async () => {
    const forgotten: string[] = [];
    const forget = (name: string) => async () => {
      forgotten.push(name);
    };

    expect(await thenForgotten(forget('done'), async () => 7)).toBe(7);
    await expect(thenForgotten(forget('failed'), async () => Promise.reject(new Error('so')))).rejects.toThrow('so');

    expect(forgotten).toEqual(['done', 'failed']);
    expect(hasWorkToForget()).toBe(false);
  });

  it('is forgotten once where the process is interrupted, and nothing more is heard of it', async () => {
    const forgotten = vi.fn(async () => {});
    const working = Promise.withResolvers<void>();
    let isHeard = false;
    const heard = () => {
      isHeard = true;
    };
    thenForgotten(forgotten, () => working.promise).then(heard, heard);
    expect(hasWorkToForget()).toBe(true);

    await forgetWork();
    working.resolve();
    await new Promise(setImmediate);

    expect(forgotten).toHaveBeenCalledTimes(1);
    expect(isHeard).toBe(false);
  });
});
