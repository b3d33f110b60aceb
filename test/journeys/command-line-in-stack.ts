/** The real command line against a stack that runs: status, seeds and explain say what they say of the same people on this machine. */
import { describe, expect, it } from 'vitest';
import { groupIds } from '../application/people.ts';
import { AKIN, Desk, type Running } from './command-line.ts';
import type { LocalSite } from './local-site.ts';

const COUNTER = ['--population', 'counter'];

/** Two of whom a partner must never read in a log, one who is given again, and one who is misspelled. */
const MINE = [...groupIds(40), 'u0', 'U3', 'very-private-5', 'very-private-6'];

/** Describes the commands of a stack that holds `visitors`, more people than it ranks in one function. */
export function describeCommandLineInStack(siteNow: () => LocalSite): void {
  function begun(desk: Desk, ...args: readonly string[]): Running {
    const { url, credentials } = siteNow().stack;
    return desk.start(process.execPath, [AKIN, ...args, '--stack', `${url}/v1`], {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: 'us-east-1',
    });
  }

  const there = (desk: Desk, ...args: readonly string[]) => begun(desk, ...args).ending;

  /** What both say that is no progress: result, warnings and failures, exit code. */
  async function bothSay(desk: Desk, ...args: readonly string[]) {
    const [here, stack] = await Promise.all([desk.akin(...args), there(desk, ...args)]);
    const said = ({ code, out, remarks }: typeof here) => ({
      code,
      out,
      remarks: remarks.split('\n').filter((line) => /^(?:warning|akin):/.test(line)),
    });
    return { here: said(here), stack: said(stack) };
  }

  /** What was asked of the population and is not forgotten; lists of people stay. */
  async function leftOf(population: string): Promise<string[]> {
    await siteNow().stack.idle();
    const names = await Promise.all(['seeds', 'audiences'].map((folder) => siteNow().list(`${folder}/${population}/`)));
    return names.flat().filter((name) => !name.startsWith(`seeds/${population}/lists/`));
  }

  async function deskWithCounter(): Promise<Desk> {
    const desk = new Desk();
    desk.put('mine.txt', `${MINE.join('\n')}\n`);
    desk.put('gone.txt', 'u1\nu2\n');
    desk.put('nobody.txt', 'very-private-7\n');
    desk.put('few.txt', 'u0\nu4\n');
    await desk.akin('ingest', 'users.ndjson', ...COUNTER);
    return desk;
  }

  describe('the command line, of a stack as of this machine', () => {
    it('says what a population holds, and what was asked of it', async () => {
      const desk = await deskWithCounter();
      expect(await there(desk, 'ingest', 'users.ndjson', ...COUNTER)).toMatchObject({ code: 0 });

      const [here, stack] = await Promise.all([
        desk.akin('status', ...COUNTER, '--json'),
        there(desk, 'status', ...COUNTER, '--json'),
      ]);
      const { uploads, expansions, ...status } = JSON.parse(stack.out);
      expect(status).toEqual(JSON.parse(here.out));
      expect(uploads).toEqual([expect.objectContaining({ state: 'done', users: 400, generation: 1 })]);
      expect(expansions).toEqual([]);

      const wish = ['--seeds', 'seeds.txt', '--size', '30', '--ranker', 'similarity', '--out', 'audience.csv'];
      expect(await there(desk, 'expand', ...COUNTER, ...wish)).toMatchObject({ code: 0 });
      const told = await there(desk, 'status', ...COUNTER);
      expect(told.out.startsWith((await desk.akin('status', ...COUNTER)).out)).toBe(true);
      expect(told.out).toMatch(
        /\n\nupload +state +told +what of it\ncounter\/cli-\S+ +done +\S+Z +400 users, generation 1\n/,
      );
      expect(told.out).toMatch(
        /\n\nexpansion +state +asked +what of it\ncounter~\w{24} +ready +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +30 people\n$/,
      );

      const all = JSON.parse((await there(desk, 'status', '--limit', '1', '--json')).out);
      expect(all.populations.map(({ population }: { population: string }) => population)).toContain('counter');
      expect(all.uploads.map(({ batch }: { batch: string }) => batch)).toEqual([uploads[0].batch]);
      expect(all.expansions).toHaveLength(1);
      expect((await there(desk, 'status', '--limit', '100')).out).toMatch(
        /^population +generation .*\ncounter +1 +400 .*\nvisitors\/b1 +done .*\nvisitors~spring +ready +\S+Z +1000 people\n/s,
      );
    }, 120_000);

    it('tells of a generation that an older akin wrote what its manifest says', async () => {
      const desk = new Desk();
      const { catalog } = siteNow().ports();
      const manifest = await catalog.manifest('counter');
      if (!manifest) throw new Error('expected the population that was uploaded, found none');
      const { contents: _, ...older } = { ...manifest, population: 'older' };
      await catalog.publish(older);

      const { code, out, remarks } = await there(desk, 'status', '--population', 'older');
      await catalog.remove('older');

      expect(code).toBe(0);
      expect(out).toMatch(/^older, generation 1\nwhat +how many\nusers +400\nfeatures +36\nshards +1\n/);
      expect(remarks).toContain('warning: an older akin wrote this generation');
    });

    it('tells of a population whose first upload failed, and knows none that there is not', async () => {
      const desk = new Desk();
      desk.put('bad.csv', 'id,city\nu1,Porto\nu2\n');
      expect(await there(desk, 'ingest', 'bad.csv', '--population', 'broken')).toMatchObject({ code: 2 });

      expect((await there(desk, 'status', '--population', 'broken')).out).toMatch(
        /^broken: holds nobody\n\nupload .*\nbroken\/cli-\S+ +failed +\S+ +populations\/broken\/.* expected as many cells .*\n\nno expansions\n$/,
      );
      expect(await there(desk, 'status', '--population', 'countr')).toMatchObject({
        code: 2,
        out: '',
        remarks: expect.stringContaining(
          'expected the name of an ingested population, got "countr" (nearest: "counter"',
        ),
      });
    }, 60_000);

    it.each([
      ['', []],
      ['as JSON', ['--json']],
      ['without features and weights', ['--drop', 'group0:1', '--drop', 'nothing:1', '--binary', '--json']],
    ])('says what seeds are worth %s', async (_, flags) => {
      const desk = await deskWithCounter();

      const { here, stack } = await bothSay(desk, 'seeds', ...COUNTER, '--seeds', 'mine.txt', ...flags);

      expect(here).toMatchObject({
        code: 0,
        remarks: expect.arrayContaining([expect.stringContaining('"U3" for "u3"')]),
      });
      expect(stack).toEqual(here);
    });

    it('says it of seeds that no body holds, and forgets nothing of what it was given', async () => {
      const desk = await deskWithCounter();
      desk.put('long.txt', `${[...MINE, ...Array.from({ length: 10_001 }, (_, n) => `x${n}`)].join('\n')}\n`);

      const { here, stack } = await bothSay(desk, 'seeds', ...COUNTER, '--seeds', 'long.txt', '--json');

      expect(JSON.parse(here.out).seeds).toMatchObject({ given: 10_044, duplicates: 1, matched: 40 });
      expect(stack).toEqual(here);
    }, 60_000);

    it.each([
      ['', ['--user', 'u200']],
      ['of another ranking', ['--user', 'u201', '--ranker', 'similarity', '--measure', 'jaccard', '--json']],
      ['of a seed', ['--user', 'u4', '--ranker', 'information-value', '--drop', 'group0:1', '--json']],
      [
        'of somebody left out',
        ['--user', 'u2', '--ranker', 'similarity', '--exclude', 'gone.txt', '--exclude', 'nobody.txt', '--json'],
      ],
      ['away from others', ['--user', 'u300', '--ranker', 'similarity', '--unlike', 'gone.txt', '--json']],
    ])(
      'gives the reasons %s, and leaves no expansion',
      async (_, flags) => {
        const desk = await deskWithCounter();
        const before = await leftOf('counter');

        const { here, stack } = await bothSay(desk, 'explain', ...COUNTER, '--seeds', 'mine.txt', ...flags);

        expect(here.code).toBe(0);
        expect(stack).toEqual(here);
        expect(await leftOf('counter')).toEqual(before);
      },
      120_000,
    );

    it('refuses with the same sentences, and leaves no expansion', async () => {
      const desk = await deskWithCounter();
      const before = await leftOf('counter');
      const explain = ['explain', ...COUNTER, '--ranker', 'similarity'];

      const asked = [
        ['seeds', ...COUNTER, '--seeds', 'nobody.txt'],
        ['seeds', '--population', 'countr', '--seeds', 'mine.txt'],
        [...explain, '--seeds', 'mine.txt', '--user', 'u4000'],
        [...explain, '--seeds', 'few.txt', '--user', 'u200'],
        [...explain, '--seeds', 'mine.txt', '--user', 'u200', '--unlike', 'nobody.txt'],
        [...explain, '--seeds', 'mine.txt', '--user', 'u200', '--filter', 'half'],
      ];
      for (const args of asked) {
        const { here, stack } = await bothSay(desk, ...args);
        expect(here).toMatchObject({ code: 2, out: '' });
        const unhinted = ({ remarks, ...rest }: typeof here) => ({
          ...rest,
          remarks: remarks.map((line) => line.replace(/ \(nearest: "counter".*/, '')),
        });
        expect(unhinted(stack)).toEqual(unhinted(here));
      }
      expect(await leftOf('counter')).toEqual(before);
    }, 120_000);

    it('refuses what a stack does not take in one sentence', async () => {
      const desk = await deskWithCounter();
      desk.put('seeds.txt', `${groupIds(40).join('\n')}\n`);
      const visitors = ['--population', 'visitors', '--seeds', 'visitors.txt'];
      desk.put('visitors.txt', `${Array.from({ length: 200 }, (_, n) => `c${n}`).join('\n')}\n`);
      const asked: [readonly string[], string][] = [
        [
          ['seeds', ...visitors],
          'akin: expected a population of at most 5000 users to report on seeds in one call, got 32711;',
        ],
        [
          ['explain', ...COUNTER, '--seeds', 'seeds.txt', '--user', '..'],
          'akin: expected an id that can stand in an address, got ".."',
        ],
        [
          ['explain', ...COUNTER, '--seeds', 'seeds.txt', '--user', 'u1', '--data', 'x'],
          "error: option '--stack <name>' cannot be used with option '--data <folder>'",
        ],
        [
          ['seeds', ...COUNTER, '--seeds', 'seeds.txt', '--data', 'x'],
          "error: option '--stack <name>' cannot be used with",
        ],
        [['status', ...COUNTER, '--data', 'x'], "error: option '--stack <name>' cannot be used with"],
        [['status', '--limit', '0'], 'expected a whole number from 1 to 100'],
        [['status', '--limit', '101'], 'expected a whole number from 1 to 100'],
      ];
      const endings = await Promise.all(asked.map(([args]) => there(desk, ...args)));

      for (const [n, { code, out, remarks }] of endings.entries()) {
        expect([asked[n][0], code, out]).toEqual([asked[n][0], 2, '']);
        expect(remarks).toContain(asked[n][1]);
      }
      for (const [line, sentence] of [
        ['akin status', 'akin: expected --population, or --stack, got neither'],
        ['akin status --population counter --limit 5', 'akin: expected --limit with --stack'],
      ]) {
        expect(await desk.shell(line)).toMatchObject({ code: 2, out: '', remarks: expect.stringContaining(sentence) });
      }
    }, 60_000);

    it('does not wait for an expansion that goes over many functions, but cancels it', async () => {
      const desk = new Desk();
      const csv = (await siteNow().get('seeds/visitors/spring.csv')) ?? '';
      desk.put('visitors.txt', csv);
      const before = await leftOf('visitors');

      const { code, remarks } = await begun(
        desk,
        'explain',
        '--population',
        'visitors',
        '--seeds',
        'visitors.txt',
        '--user',
        csv.split('\n')[0],
      ).ending;

      expect([code, remarks]).toEqual([
        2,
        'akin: expected a population of at most 5000 users to rank one anew, got 32711; the report has the reasons of the first members\n',
      ]);
      expect(await leftOf('visitors')).toEqual(before);
    }, 120_000);

    it.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)(
      'leaves no expansion where %s ends it',
      async (signal, exitCode) => {
        const desk = await deskWithCounter();
        const site = siteNow();
        const before = await leftOf('counter');
        const isAsked = Promise.withResolvers<void>();
        site.observe = (_, call, moment) => {
          if (moment === 'after' && /\/seeds\/counter\/\w{24}\.ndjson$/.test(call.resource)) isAsked.resolve();
        };
        const explain = ['explain', ...COUNTER, '--seeds', 'seeds.txt', '--user', 'u200'];
        const { process: running, ending } = begun(desk, ...explain);
        await isAsked.promise;
        site.observe = () => {};

        running.kill(signal);

        expect(await ending).toEqual({
          code: exitCode,
          signal: null,
          out: '',
          remarks:
            '\nakin: interrupted; what was published before stands as it was\nakin: the stack is told to forget what was asked for; once more ends at once\n',
        });
        expect(await leftOf('counter')).toEqual(before);
      },
      60_000,
    );

    it('leaves no id of a person in a log', () => {
      expect(siteNow().lines.filter((line) => line.includes('very-private'))).toEqual([]);
    });
  });
}
