/** What a refresh leaves: all that scores need of what was learned, whoever reads it. */
import { describe, expect, it } from 'vitest';
import { v8DataFormat } from '#adapters/v8-data-format.ts';
import { placesOf, readPlaced } from '#application/live/placed-users.ts';
import { rankerOf } from '#application/live/refresh-audience.ts';
import { byAttention } from '#domain/ranking/by-attention.ts';
import { rolesOf } from '#domain/ranking/ranker.ts';
import { weightsOf } from '../../domain/scoring/weights.ts';
import { emptySite, groupedPeople, ingested, opened, SETTINGS } from '../people.ts';

describe('the model of a refresh', () => {
  it('holds what the scorer has learned, so that whoever scores by it needs no more', async () => {
    const site = emptySite();
    await ingested(site, groupedPeople(300));
    const { manifest } = await opened(site);
    if (!manifest) throw new Error('expected a manifest, got none');
    const shard = await readPlaced(site.ports, placesOf(manifest).files[0].points);
    const scorer = { weights: weightsOf(SETTINGS.dimensions, 5) };
    const everybody = Uint32Array.from(shard.ids.keys());
    const roles = rolesOf(everybody.subarray(0, 120), everybody.subarray(120));
    const evidence = [rankerOf('untrained attention').gather(shard, roles)];

    const model = v8DataFormat.decode(v8DataFormat.encode(rankerOf('trained attention', scorer).fit(evidence)));
    const scores = rankerOf('trained attention').score(model, shard, everybody);

    const trained = byAttention(1, scorer);
    expect(scores).toEqual(trained.score(trained.fit([trained.gather(shard, roles)]), shard, everybody));
    const untrained = byAttention(1);
    expect(scores).not.toEqual(untrained.score(untrained.fit([untrained.gather(shard, roles)]), shard, everybody));
  });
});
