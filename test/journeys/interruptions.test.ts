/** Ctrl-C, a full disk, a rival: what was published stands, and nothing half-written is left. */
import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { groupedPeople, groupIds } from '../application/people.ts';
import { Desk } from './command-line.ts';

/** Several times what a pipe holds: when it is written, most of it was read. */
const MANY_USERS = groupedPeople(5000, 2)
  .map((user) => `${JSON.stringify({ ...user, id: `slow-${user.id}` })}\n`)
  .join('');

/** Starts an ingest from a pipe and gives it users; it waits for more of them. */
async function waitingIngest(desk: Desk) {
  const path = desk.pipe('pipe');
  const running = desk.begin('ingest', 'pipe', '--population', 'shop');
  const pipe = await open(path, 'w');
  onTestFinished(() => pipe.close());
  await pipe.writeFile(MANY_USERS);
  return { ...running, pipe };
}

describe('an ingest', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that %s ends leaves the last good generation, and nothing else', async (signal, code) => {
    const desk = new Desk();
    await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
    const before = desk.files();
    const { process, ending } = await waitingIngest(desk);

    process.kill(signal);

    expect(await ending).toEqual({
      code,
      signal: null,
      out: '',
      remarks: '\nakin: interrupted; what was published before stands as it was\n',
    });
    expect(desk.files()).toEqual(before);
    expect((await desk.akin('status', '--population', 'shop')).out).toMatch(/^shop, generation 1\n.*\nusers +400\n/);
  });

  it('that a rival overtakes says so, and the rival’s users stand', async () => {
    const desk = new Desk();
    const { ending, pipe } = await waitingIngest(desk);

    const rival = await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
    const after = desk.files();
    await pipe.close();

    expect(rival.code).toBe(0);
    const { code, out, remarks } = await ending;
    expect([code, out]).toEqual([2, '']);
    expect(remarks).toContain(
      '\nakin: another ingest into "shop" was faster and made generation 1; it stands, and this one changed nothing: run it again\n',
    );
    expect(desk.files()).toEqual(after);
    expect((await desk.akin('list')).out).toMatch(/\nshop +1 +400 /);
  });

  it('ends at the first bad line, though the pipe that it came from stays open', async () => {
    const desk = new Desk();
    const { ending, pipe } = await waitingIngest(desk);

    await pipe.writeFile('{bad\n');

    expect(await ending).toMatchObject({
      code: 2,
      remarks: 'akin: pipe, line 5001: expected a JSON object, got "{bad"\n',
    });
  });

  // The first lets nothing be written, the second some files of the index but not all.
  it.each([4, 60])('that finds no room for more than %d KiB leaves what was there', async (limit) => {
    const desk = new Desk();
    await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
    const before = desk.files();

    // A limit on the size of files is the full disk that a test can have.
    const { code, out, remarks } = await desk.shell(`ulimit -f ${limit}; akin ingest users.ndjson --population shop`);

    expect([code, out]).toEqual([2, '']);
    expect(remarks).toMatch(
      /\nakin: expected room to write .*\.akin\/index\/shop\/.*, but the file grows beyond what the system allows; nothing was changed\n$/,
    );
    expect(desk.files()).toEqual(before);
    expect((await desk.akin('status', '--population', 'shop')).code).toBe(0);
  });

  it('reads from other programs, gzipped or not', async () => {
    const desk = new Desk();

    const { code, out } = await desk.shell(
      'set -o pipefail; gzip -c users.ndjson | akin ingest /dev/stdin <(head -3 users.ndjson) --population shop',
    );

    expect(code).toBe(0);
    expect(out).toMatch(/^shop: 400 users /);
  });
});

it('an evaluation that SIGINT ends leaves no half of its rankings', async () => {
  const desk = new Desk();
  const campaign = JSON.stringify({ campaign: 'c', seeds: groupIds(40), positives: groupIds(80).slice(40) });
  desk.put('campaigns.ndjson', `${campaign}\n`.repeat(3000));
  await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
  const begun = Promise.withResolvers<void>();
  const watcher = watch(desk.folder, (_, name) => {
    if (name?.startsWith('rankings.ndjson.')) begun.resolve();
  });
  onTestFinished(() => watcher.close());

  const { process, ending } = desk.begin(
    'evaluate',
    '--population=shop',
    '--campaigns=campaigns.ndjson',
    '--rankings=rankings.ndjson',
    '--aggregate=max',
  );
  await begun.promise;
  process.kill('SIGINT');

  expect(await ending).toMatchObject({ code: 130, out: '' });
  expect(desk.files().filter((file) => file.startsWith('rankings'))).toEqual([]);
});
