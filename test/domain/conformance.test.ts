/**
 * The rankers on real people give the figures of an independent implementation (numpy and scipy): the 30 campaigns
 * that are shipped with the demo, macro-averaged.
 */
import { describe, expect, it } from 'vitest';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { readUsers } from '#adapters/formats/user-file.ts';
import { evaluateRankers } from '#application/evaluate-rankers.ts';
import type { RankingOptions } from '#application/ranking-options.ts';
import { settingsFrom } from '#application/settings.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';

const builder = new ShardBuilder();
for await (const rows of readUsers(await openInput('infra/cli/demo/users.ndjson.gz'))) builder.addRows(rows);
const msweb = { name: 'msweb', generation: 1, shards: builder.build(250_000), sha256: [] };
const campaigns = await readCampaigns(await openInput('infra/cli/demo/campaigns.ndjson.gz'));

/**
 * AUC, precision at K and recall in the first tenth, each with its tolerance. Precision moves with the order of equal
 * scores; for the maximum and Jaccard the reference used a random 1,000 of the seeds where there are more.
 */
const REFERENCE: readonly {
  readonly column: string;
  readonly options: Pick<RankingOptions, 'ranker' | 'choices'>;
  readonly auc: readonly [number, number];
  readonly precision: readonly [number, number];
  readonly recall: readonly [number, number];
}[] = [
  {
    column: 'mean cosine',
    options: { ranker: 'similarity', choices: {} },
    auc: [0.743, 0.002],
    precision: [0.0896, 0.01],
    recall: [0.4102, 0.01],
  },
  {
    column: 'max cosine',
    options: { ranker: 'similarity', choices: { aggregate: 'max' } },
    auc: [0.5706, 0.015],
    precision: [0.0109, 0.01],
    recall: [0.1155, 0.02],
  },
  {
    column: 'mean Jaccard',
    options: { ranker: 'similarity', choices: { measure: 'jaccard' } },
    auc: [0.7384, 0.015],
    precision: [0.0828, 0.01],
    recall: [0.3964, 0.01],
  },
  {
    column: 'information value',
    options: { ranker: 'information-value', choices: {} },
    auc: [0.8424, 0.002],
    precision: [0.138, 0.01],
    recall: [0.6082, 0.01],
  },
  {
    column: 'information value by the filter half',
    options: { ranker: 'information-value', choices: { filter: 'half' } },
    auc: [0.6681, 0.002],
    precision: [0.0499, 0.01],
    recall: [0.3583, 0.01],
  },
  {
    column: 'SVD cosine',
    options: { ranker: 'similarity', choices: { space: 'embedding' } },
    auc: [0.7858, 0.002],
    precision: [0.1006, 0.01],
    recall: [0.5016, 0.01],
  },
];

/** For a slow machine: an embedding of its own for each campaign takes ten seconds on a fast one. */
const PATIENCE_MS = 180_000;

describe('conformance on msweb', { timeout: PATIENCE_MS }, () => {
  it('reads the 32,711 visitors and 30 campaigns that the reference read', () => {
    expect([builder.userCount, builder.duplicateCount, campaigns.length]).toEqual([32_711, 0, 30]);
  });

  it.each(REFERENCE)('$column gives the reference figures', async ({ options, auc, precision, recall }) => {
    const asked = { ...options, drop: [], binary: true, seed: 1 };

    const { means, warnings } = await evaluateRankers(settingsFrom({}), msweb, asked, campaigns, undefined, () => {});

    const overall = means.find(({ tier }) => tier === 'all');
    expect(warnings).toEqual([]);
    expect(overall?.campaigns).toBe(30);
    for (const [measured, [figure, tolerance]] of [
      [overall?.auc, auc],
      [overall?.precision, precision],
      [overall?.recall, recall],
    ] as const) {
      expect(Math.abs((measured ?? 0) - figure)).toBeLessThanOrEqual(tolerance);
    }
  });
});
