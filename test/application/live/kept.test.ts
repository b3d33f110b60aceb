import { describe, expect, it } from 'vitest';
import { Kept } from '#application/live/kept.ts';

/** What was made, in order, of values that are as large as their names are long. */
function counted(maxBytes: number) {
  const made: string[] = [];
  const kept = new Kept<string>(maxBytes);
  const of = (name: string) =>
    kept.of(
      name,
      async () => {
        made.push(name);
        return name;
      },
      (value) => value.length,
    );
  return { kept, made, of };
}

describe('what is kept', () => {
  it('is made once, and again when others have taken its room, the least recently used first', async () => {
    const { kept, made, of } = counted(4);

    for (const name of ['aa', 'bb', 'aa', 'cc', 'aa', 'bb']) expect(await of(name)).toBe(name);

    expect(made).toEqual(['aa', 'bb', 'cc', 'bb']);
    expect(kept.bytes).toBe(4);
  });

  it('is nothing that is larger than all there is, nor what could not be made', async () => {
    const { kept, made, of } = counted(4);

    for (const name of ['aa', 'aaaaa', 'aaaaa', 'aa']) await of(name);
    const none = await kept.of(
      'x',
      async () => undefined,
      () => 1,
    );

    expect([made, kept.bytes, none]).toEqual([['aa', 'aaaaa', 'aaaaa'], 2, undefined]);
    await expect(
      kept.of(
        'y',
        () => Promise.reject(new Error('no')),
        () => 1,
      ),
    ).rejects.toThrow('no');
    expect(kept.bytes).toBe(2);
  });

  it('counts once what two make at the same moment', async () => {
    const { kept, of } = counted(4);

    await Promise.all([of('aa'), of('aa')]);

    expect(kept.bytes).toBe(2);
  });
});
