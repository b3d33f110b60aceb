/** Results and remarks go where the shell sends them, whoever reads there or does not. */
import { describe, expect, it } from 'vitest';
import { Desk } from './command-line.ts';

describe('an audience', () => {
  const expand = 'akin expand --users users.ndjson --seeds seeds.txt --size all';

  it.each([
    [`${expand} --out /dev/full`, 'expected room on the disk to write /dev/full, but it is full; nothing was changed'],
    [`${expand} > /dev/full`, 'expected to write the result, got ENOSPC: no space left on device, write'],
  ])('for which there is no room is refused in one sentence: %s', async (line, sentence) => {
    const { code, remarks } = await new Desk().shell(line);

    expect(code).toBe(2);
    expect(remarks.trimEnd().split('\n').at(-1)).toBe(`akin: ${sentence}`);
  });

  it.each([expand, `${expand} --json`])('may be read as far as one likes: %s | head -1', async (line) => {
    const { code, out, remarks } = await new Desk().shell(`set -o pipefail; ${line} | head -1`);

    expect(code).toBe(0);
    expect(out).toMatch(/^(rank,user_id,score|\{)\n$/);
    expect(remarks).not.toContain('rror');
  });

  it('takes its seeds from another program', async () => {
    const { code, out } = await new Desk().shell(
      'head -30 seeds.txt | akin expand --users users.ndjson --seeds /dev/stdin --size 5',
    );

    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(7);
  });
});

it('remarks that nobody reads stop no work', async () => {
  const desk = new Desk();

  await desk.shell('akin ingest users.ndjson --population shop 2>&1 | true');

  expect((await desk.akin('list')).out).toMatch(/\nshop +1 +400 /);
});
