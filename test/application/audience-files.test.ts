import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { audienceCsv, manifestOfAudience, saveAudience } from '#application/audience-files.ts';
import type { ExpansionRequest } from '#application/audience-report.ts';
import { CODE_VERSION } from '#application/code-version.ts';
import { sha256Of } from '#application/digest.ts';
import {
  emptySite,
  expansionOf,
  groupedPeople,
  groupIds,
  idList,
  ingested,
  opened,
  requestFor,
  SETTINGS,
} from './people.ts';

const people = groupedPeople(200);

async function saved(requests: readonly ExpansionRequest[]) {
  const site = emptySite();
  await ingested(site, people);
  const population = await opened(site);
  const names = [];
  for (const request of requests) {
    const audience = await expansionOf(population, request);
    names.push(await saveAudience(site.ports.objects, SETTINGS, population, request, audience));
  }
  return { site, population, names };
}

describe('audience files', () => {
  it('are a list in CSV, best first, with scores in full', () => {
    const members = [
      { rank: 1, userId: 'u1', score: 0.1 + 0.2 },
      { rank: 2, userId: 'a,"b"', score: 1e-7 },
      { rank: 3, userId: ' x', score: 0 },
      { rank: 4, userId: 'a\r\nb', score: 0 },
      { rank: 5, userId: 'a\rb', score: 0 },
    ];

    expect([...audienceCsv(members)].join('')).toBe(
      'rank,user_id,score\n1,u1,0.30000000000000004\n2,"a,""b""",1e-7\n3," x",0\n4,"a\r\nb",0\n5,"a\rb",0\n',
    );
  });

  it('are under one name for one request, and under another for any other', async () => {
    const base = requestFor({ size: '10' });
    const others = [
      requestFor({ size: '11' }),
      requestFor({ size: '10', ranker: 'similarity' }),
      requestFor({ size: '10', choices: { filter: 'half' } }),
      requestFor({ size: '10', drop: ['any:1'] }),
      requestFor({ size: '10', binary: true }),
      requestFor({ size: '10', seed: 2 }),
      requestFor({ size: '10', effort: 7 }),
      requestFor({ size: '10', evidence: 'none' }),
      requestFor({ size: '10', baseRate: 0.1 }),
      requestFor({ size: '10', exposed: idList(['u1']) }),
      requestFor({ size: '10', unlike: idList(['u1']) }),
      requestFor({ size: '10', exclude: [idList(['u1'])] }),
      requestFor({ size: '10', seeds: { ...idList(groupIds(40)), sha256: 'e'.repeat(64) } }),
    ];

    const { names } = await saved([base, { ...base }, { ...base, size: '010' }, ...others]);

    const folders = names.map(({ audience }) => audience);
    expect(new Set(folders.slice(0, 3)).size).toBe(1);
    expect(new Set(folders).size).toBe(1 + others.length);
    expect(folders.every((name) => /^audiences\/people\/[0-9a-f]{12}\/audience\.csv$/.test(name))).toBe(true);
  });

  it('hold what the manifest says, and the report as it is', async () => {
    const request = requestFor({ size: '10', drop: ['any:2', 'any:1', 'any:2'] });
    const further = requestFor({
      ...request,
      exposed: { ...idList(['u1']), sha256: 'a'.repeat(64) },
      unlike: { ...idList(['u2']), sha256: 'b'.repeat(64) },
      exclude: [idList(['u3'])],
      effort: 2,
      evidence: 'full',
      baseRate: 0.1,
    });
    const { site, population, names } = await saved([request]);
    const audience = await expansionOf(population, request);

    const [csv, report, manifest] = await Promise.all(
      [names[0].audience, names[0].report, names[0].manifest].map(async (name) =>
        new TextDecoder().decode(await site.ports.objects.read(name)),
      ),
    );

    expect(csv).toBe([...audienceCsv(audience.members)].join(''));
    expect(JSON.parse(report)).toEqual(audience.report);
    expect(JSON.parse(manifest)).toEqual({
      code: CODE_VERSION,
      population: 'people',
      generation: 1,
      users: population.sha256,
      seeds: request.seeds.sha256,
      exclude: [],
      ranker: { name: 'information-value', choices: { filter: 'positive', background: 'population' } },
      dropped: ['any:1', 'any:2'],
      binary: false,
      seed: 1,
      effort: 6,
      evidence: 'short',
      size: 10,
      candidates: 'all',
      settings: SETTINGS,
      audience: await sha256Of(csv),
    });
    expect(JSON.parse(manifest)).toEqual(await manifestOfAudience(SETTINGS, population, request, audience));
    expect(await manifestOfAudience(SETTINGS, population, further, audience)).toMatchObject({
      exclude: ['f'.repeat(64)],
      exposed: 'a'.repeat(64),
      unlike: 'b'.repeat(64),
      effort: 2,
      evidence: 'full',
      baseRate: 0.1,
    });
  });

  it('are the same bytes for the same request on the same generation', async () => {
    const [first, second] = await Promise.all([saved([requestFor()]), saved([requestFor()])]);

    const bytesOf = ({ site, names }: typeof first) => site.ports.objects.read(names[0].audience);
    expect(await bytesOf(second)).toEqual(await bytesOf(first));
  });

  it('name the version of the code that package.json names', () => {
    const Package = z.object({ version: z.string() });

    expect(CODE_VERSION).toBe(Package.parse(JSON.parse(readFileSync('package.json', 'utf8'))).version);
  });
});

it('has the digest that everybody computes', async () => {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  expect(await sha256Of('abc')).toBe(abc);
  expect(await sha256Of(new TextEncoder().encode('xabc').subarray(1))).toBe(abc);
});
