/** What `evaluate` says of a ranker, scored again by a program that shares no code with it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { groupedPeople } from '../application/people.ts';
import { Desk } from './command-line.ts';

const Row = z.tuple([z.string(), z.number()]);
const Evaluated = z.object({
  campaigns: z.array(
    z.object({ campaign: z.string(), quality: z.object({ auc: z.number(), precision: z.number(), lift: z.number() }) }),
  ),
  means: z.array(z.object({ tier: z.string(), auc: z.number() })),
});

describe('evaluate', () => {
  const people = groupedPeople(400);
  const groups = [0, 1].map((group) => people.map(({ id }) => id).filter((_, n) => n % 4 === group));
  const campaigns = groups.map((members, group) => ({
    campaign: `group ${group}`,
    tier: 'head',
    drop: [`group${group}:2`],
    seeds: members.slice(0, 50),
    positives: members.slice(50),
    ignore: ['u2', 'u3'],
  }));

  it.each([[], ['--ranker', 'similarity', '--measure', 'jaccard', '--aggregate', 'max']])(
    'writes rankings that anyone scores alike',
    async (...flags) => {
      const desk = new Desk();
      desk.put('campaigns.ndjson', campaigns.map((campaign) => `${JSON.stringify(campaign)}\n`).join(''));
      await desk.akin('ingest', 'users.ndjson', '--population', 'shop');

      const ask = ['evaluate', '--population', 'shop', '--campaigns', 'campaigns.ndjson', ...flags];
      const { code, out } = await desk.akin(...ask, '--rankings', 'rankings.ndjson', '--json');

      expect(code).toBe(0);
      const told = Evaluated.parse(JSON.parse(out));
      const lines = readFileSync(join(desk.folder, 'rankings.ndjson'), 'utf8').trim().split('\n');
      for (const [n, line] of lines.entries()) {
        const { campaign, ranking } = z.object({ campaign: z.string(), ranking: z.array(Row) }).parse(JSON.parse(line));
        const positives = new Set(campaigns[n].positives);
        const hits = ranking.filter(([id]) => positives.has(id));
        const others = ranking.filter(([id]) => !positives.has(id));
        const wins = hits.flatMap(([, hit]) => others.map(([, other]) => (hit > other ? 1 : hit === other ? 0.5 : 0)));
        const precision = ranking.slice(0, 50).filter(([id]) => positives.has(id)).length / 50;
        expect([campaign, ranking.length]).toEqual([campaigns[n].campaign, 348]);
        expect(told.campaigns[n].quality.auc).toBeCloseTo(wins.reduce<number>((a, b) => a + b, 0) / wins.length, 12);
        expect(told.campaigns[n].quality.precision).toBeCloseTo(precision, 12);
        expect(told.campaigns[n].quality.lift).toBeCloseTo(precision / (50 / 348), 12);
      }
      expect(told.means.at(-1)?.auc).toBeCloseTo((told.campaigns[0].quality.auc + told.campaigns[1].quality.auc) / 2);

      const table = await desk.akin(...ask);
      expect(table.out).toMatch(/^shop: .*\ntier +campaigns +AUC +precision@K +recall@10% +lift@K\nhead +2 /);
    },
  );

  it('trains first where it is asked to, shows what the training was worth, and refuses to train what does not learn', async () => {
    const desk = new Desk();
    desk.put('campaigns.ndjson', campaigns.map((campaign) => `${JSON.stringify(campaign)}\n`).join(''));
    await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
    const ask = ['evaluate', '--population', 'shop', '--campaigns', 'campaigns.ndjson', '--train'];

    const { code, out } = await desk.akin(...ask, '--ranker', 'attention');
    const [auto, all] = [await desk.akin(...ask), await desk.akin(...ask, '--ranker', 'all')];

    expect(code).toBe(0);
    expect(out).toMatch(/training: AUC on items never learned from\ncampaigns +dropped +learned +held out/);
    expect([auto.code, all.code]).toEqual([2, 2]);
    expect(auto.remarks).toContain(
      'expected the ranker attention on the embedding svd with --train: nothing else is trained',
    );
    expect(all.remarks).toContain('expected the ranker attention with --train, got all of them');
  });

  it('leaves no rankings behind where a campaign is wrong', async () => {
    const desk = new Desk();
    desk.put('campaigns.ndjson', `${JSON.stringify(campaigns[0])}\n{"campaign":"c"}\n`);
    await desk.akin('ingest', 'users.ndjson', '--population', 'shop');

    const { code, remarks } = await desk.shell(
      'akin evaluate --population shop --campaigns campaigns.ndjson --rankings rankings.ndjson',
    );

    expect(code).toBe(2);
    expect(remarks).toContain('akin: campaigns.ndjson, line 2: expected a campaign, but its seeds is wrong: ');
    expect(desk.files().filter((file) => file.includes('rankings'))).toEqual([]);
  });
});
