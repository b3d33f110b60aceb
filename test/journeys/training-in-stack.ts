/** The attention scorer is trained in a stack that runs, and ranks there from then on. */
import { describe, expect, it } from 'vitest';
import { TASTES, tastedPeople } from '../application/people.ts';
import { AKIN, Desk } from './command-line.ts';
import type { LocalSite } from './local-site.ts';

const PEOPLE = tastedPeople(1_200)
  .map((user) => `${JSON.stringify(user)}\n`)
  .join('');
const SEEDS = Array.from({ length: 40 }, (_, n) => `u${12 * n}\n`).join('');
const TASTED = ['--population', 'tasted'];

/** Describes the training of a stack that runs. */
export function describeTraining(siteNow: () => LocalSite): void {
  function there(desk: Desk, ...args: readonly string[]) {
    const { url, credentials } = siteNow().stack;
    return desk.start(process.execPath, [AKIN, ...args, '--stack', `${url}/v1`], {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: 'us-east-1',
    }).ending;
  }

  describe('training in the stack', () => {
    it('is a step of an upload that wants it, and of what akin train asks for; expansions go by it', async () => {
      const site = siteNow();
      const training = { epochs: 1, items: TASTES, points: 'stored' };
      await site.put('populations/tasted/b1/options.json', JSON.stringify({ train: 'always', training }));
      await site.upload('tasted/b1', { 'people.ndjson': PEOPLE });
      await site.stack.idle();
      expect(await site.json('populations/tasted/b1/_STATUS.json')).toMatchObject({
        state: 'done',
        training: { settings: training, figures: { points: 'stored' } },
      });

      const desk = new Desk();
      desk.put('seeds.txt', SEEDS);
      const wish = TASTES.flatMap((field) => ['--items', field]);
      const trained = await there(desk, 'train', ...TASTED, ...wish, '--epochs', '1', '--points', 'learned');
      expect(trained).toMatchObject({ code: 0 });
      expect(trained.out).toMatch(/^tasted: generation 2, 1200 users\n.* on learned points was kept/);
      const args = ['--seeds', 'seeds.txt', '--ranker', 'attention'];
      const expanded = await there(desk, 'expand', ...TASTED, ...args, '--size', '5', '--json');
      expect(JSON.parse(expanded.out).ranker.choices).toMatchObject({ scorer: 'trained' });
      const [first] = JSON.parse(expanded.out).firstMembers;
      expect(first.kind.features.length).toBeGreaterThan(0);
    }, 180_000);

    it('refuses in one sentence what cannot be learned from, and times that no function has', async () => {
      const desk = new Desk();

      const long = await there(desk, 'train', ...TASTED, '--time', '60');
      const strange = await there(desk, 'train', ...TASTED, '--items', 'taste9');

      expect([long.code, strange.code]).toEqual([2, 2]);
      expect(long.remarks).toContain('training.minutes');
      expect(strange.remarks).toContain('akin: expected items to be fields of the population, got "taste9"');
    }, 120_000);
  });
}
