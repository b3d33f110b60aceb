import { describe, expect, it } from 'vitest';
import { Kept } from '#application/live/kept.ts';

/** What was made, in order, of values that are as large as their names are long. */
function counted(maxBytes: number) {
  const made: string[] = [];
  const kept = new Kept<string>(maxBytes, (value) => value.length);
  const of = (name: string) =>
    kept.of(name, async () => {
      made.push(name);
      return name;
    });
  return { kept, made, of };
}

describe('what is kept', () => {
  it('is made once, and again when others have taken its room, the least recently used first', async () => {
    const { made, of } = counted(4);

    for (const name of ['aa', 'bb', 'aa', 'cc', 'aa', 'bb']) expect(await of(name)).toBe(name);

    expect(made).toEqual(['aa', 'bb', 'cc', 'bb']);
  });

  it('is nothing that is larger than all there is, nor what could not be made', async () => {
    const { kept, made, of } = counted(4);

    for (const name of ['aa', 'aaaaa', 'aaaaa', 'aa']) await of(name);

    expect(made).toEqual(['aa', 'aaaaa', 'aaaaa']);
    expect(await kept.of('x', async () => undefined)).toBeUndefined();
    await expect(kept.of('y', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect([await of('x'), await of('y')]).toEqual(['x', 'y']);
  });

  it('counts once what two make at the same moment', async () => {
    const { made, of } = counted(4);

    await Promise.all([of('aa'), of('aa')]);
    for (const name of ['bb', 'aa', 'bb']) await of(name);

    expect(made).toEqual(['aa', 'aa', 'bb']);
  });
});
