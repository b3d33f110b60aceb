import { describe, expect, it } from 'vitest';
import type { Audience } from '#application/audience-report.ts';
import { Invalid } from '#application/errors.ts';
import { checkEvidenceLevel, EVIDENCE_LEVELS, type Evidence, evidenceOf, holdOutSeeds } from '#application/evidence.ts';
import { hashText } from '#domain/random.ts';
import { STACK } from '#domain/ranking/by-auto.ts';
import { bySimilarity } from '#domain/ranking/by-similarity.ts';
import { rolesOf } from '#domain/ranking/ranker.ts';
import { trainingSetOf } from '#domain/ranking/training-set.ts';
import { shardOf } from '../domain/populations.ts';
import { expansionOf, groupedPeople, groupIds, idList, requestFor, SETTINGS } from './people.ts';

const people = groupedPeople(600);
const seeds = idList(groupIds(60));
const population = { name: 'people', generation: 1, shards: [shardOf(people)], sha256: [] };

function expanded(changes: Parameters<typeof requestFor>[0], settings = SETTINGS): Promise<Audience> {
  return expansionOf(population, requestFor({ seeds, size: '50', ...changes }), settings);
}

async function evidenceFor(changes: Parameters<typeof requestFor>[0]): Promise<Evidence> {
  const { evidence } = (await expanded(changes)).report;
  if (evidence) return evidence;
  throw new Error('expected evidence, got none');
}

/** Anybody, by a hash of the id. */
function anybody(count: number): string[] {
  return people
    .map(({ id }) => id)
    .toSorted((left, right) => hashText(left, 99) - hashText(right, 99))
    .slice(0, count);
}

describe('a level of evidence', () => {
  it.each(EVIDENCE_LEVELS)('is %s', (level) => {
    expect(checkEvidenceLevel(level)).toBe(level);
  });

  it('is refused by any other name, with those that are nearest', () => {
    expect(() => checkEvidenceLevel('ful')).toThrow(
      new Invalid('expected evidence to be short, full, none, got "ful" (nearest: "full", "none", "short")'),
    );
  });
});

describe('evidence', () => {
  it('is none where none is wanted, and nothing is said of it', async () => {
    const { evidence, warnings } = (await expanded({ evidence: 'none' })).report;

    expect(evidence).toBeUndefined();
    expect(warnings).toEqual(['only 60 seeds: expect a rough audience below 100']);
  });

  it.each(['auto', 'information-value'])(
    'is none of seeds too few to hold any out, which is said: %s',
    async (ranker) => {
      const { report } = await expanded({ ranker, seeds: idList(groupIds(9)) }, { ...SETTINGS, minSeeds: 1 });

      expect(report.evidence).toBeUndefined();
      expect(report.warnings).toContain('too few seeds to hold any out: nothing tells how good the ranking is');
      expect(
        (await expanded({ ranker, seeds: idList(groupIds(10)) }, { ...SETTINGS, minSeeds: 1 })).report.evidence,
      ).toBeDefined();
    },
  );

  it('is none where everybody is a seed', () => {
    const shard = shardOf(people);
    const set = trainingSetOf(
      shard,
      rolesOf(Uint32Array.from(shard.ids.keys()), new Uint32Array(0)),
      new Uint32Array(0),
    );
    const contender = { ranker: bySimilarity('cosine', 'mean'), title: 'any', own: undefined, isWithoutUnlike: false };

    expect(holdOutSeeds('short', contender, set, 1)).toBeUndefined();
  });

  it('puts a single ranker beside what anybody could have had for less', async () => {
    const { tried, beside, winner, why, heldOutSeeds, others, folds } = await evidenceFor({ ranker: 'random-walk' });

    expect({ winner, why }).toEqual({ winner: 'random-walk (two)', why: 'random-walk (two) was asked for' });
    expect({ heldOutSeeds, others, folds }).toEqual({ heldOutSeeds: 60, others: 540, folds: 5 });
    expect(tried.map(({ name }) => name)).toEqual(['random-walk (two)']);
    expect(beside.map(({ name }) => name)).toEqual(['random', 'mean cosine', 'information value']);
    expect(beside[0]).toEqual({ name: 'random', auc: 0.5, recall: 50 / 540, lift: 1 });
    for (const { auc, recall, lift } of beside.slice(1)) {
      expect(auc).toBeGreaterThan(0.8);
      expect(recall).toBeGreaterThan(0.3);
      expect(lift).toBeCloseTo(recall / (50 / 540), 12);
    }
  });

  it('gives a ranker the figures that stand for it beside any other', async () => {
    const cosine = await evidenceFor({ ranker: 'similarity' });
    const value = await evidenceFor({ ranker: 'information-value' });
    const auto = await evidenceFor({ ranker: 'auto' });

    for (const { beside } of [cosine, value, auto]) {
      expect(beside[1]).toMatchObject({ auc: cosine.auc.value, recall: cosine.recall.value, lift: cosine.lift.value });
      expect(beside[2]).toMatchObject({ auc: value.auc.value, recall: value.recall.value, lift: value.lift.value });
    }
  });

  it('puts a single ranker in full beside all that auto chooses from', async () => {
    const full = await evidenceFor({ ranker: 'attention', evidence: 'full' });
    const auto = await evidenceFor({ ranker: 'auto', effort: 1_000 });

    expect(full.tried[0].name).toBe('attention (svd, untrained)');
    expect(full.tried.slice(1)).toEqual(auto.tried);
    expect(full.why).toBe('attention (svd, untrained) was asked for; the others are shown beside it');
  });

  it('is of auto what its own trials have come to, in short or in full', async () => {
    const auto = await evidenceFor({ ranker: 'auto' });

    const names = auto.tried.map(({ name }) => name);
    expect(names[0]).toBe(STACK);
    expect(names).toContain('information value');
    expect(names).toContain(auto.winner);
    expect(auto.why).toContain('two standard errors');
    expect(await evidenceFor({ ranker: 'auto', evidence: 'full' })).toEqual(auto);
  });

  it('says what there was no time for', async () => {
    const many = { ranker: 'auto', seeds: idList(anybody(300)) };

    const { evidence, warnings } = (await expanded({ ...many, effort: 1 })).report;

    expect(evidence?.skipped).toEqual(['boosted trees']);
    expect(warnings).toContain('skipped to keep within the effort: boosted trees');
    expect((await evidenceFor(many)).skipped).toEqual([]);
  });

  it.each(['auto', 'similarity'])('warns where seeds are anybody: %s', async (ranker) => {
    const { evidence, warnings } = (await expanded({ ranker, seeds: idList(anybody(120)) })).report;

    expect(evidence?.verdict.go).toBe(false);
    expect(warnings).toContain(evidence?.verdict.reason);
    expect(evidence?.verdict.reason).toMatch(/^no-go: /);
  });

  it.each(['auto', 'similarity'])('has nothing to warn of where seeds are alike: %s', async (ranker) => {
    const { evidence, warnings } = (await expanded({ ranker, seeds: idList(groupIds(120)) })).report;

    expect(evidence?.verdict).toEqual({ go: true, reason: expect.stringMatching(/^go: /) });
    expect(warnings.filter((warning) => /go: |unlike|effort/.test(warning))).toEqual([]);
  });

  it.each(['auto', 'similarity'])(
    'was measured without the people not to resemble, which is said: %s',
    async (ranker) => {
      const changes = { ranker, exclude: [idList(groupIds(30).map((id) => `u${Number(id.slice(1)) + 1}`))] };
      const unlike = changes.exclude[0];

      const beside = (await expanded({ ...changes, exclude: [], unlike })).report;

      expect(beside.evidence?.auc).toEqual((await expanded(changes)).report.evidence?.auc);
      expect(beside.warnings).toContain('the evidence was measured without the people not to resemble');
    },
  );

  it('makes precision of lift and a base rate, and no more than 1', async () => {
    const { lift, precision } = await evidenceFor({ baseRate: 0.1 });
    const certain = await evidenceFor({ baseRate: 1 });

    expect(precision).toEqual({ value: 0.1 * lift.value, low: 0.1 * lift.low, high: 0.1 * lift.high });
    expect(certain.precision).toEqual({ value: 1, low: 1, high: 1 });
    expect((await evidenceFor({})).precision).toBeUndefined();
  });

  it('draws a curve on which the audience lies, with the scores of its members', async () => {
    const { members, report } = await expanded({});

    const { curve = [], recall, lift } = report.evidence ?? {};
    const sizes = curve.map(({ size }) => size);
    expect(sizes).toEqual(sizes.toSorted((left, right) => left - right));
    expect([sizes[0], sizes.at(-1)]).toEqual([1, report.candidates]);
    expect(curve.find(({ size }) => size === 50)).toEqual({
      size: 50,
      share: 50 / 540,
      recall,
      lift,
      similarity: members[49].score,
    });
    for (const { size, similarity } of curve) expect(similarity).toBe(members[size - 1]?.score);
  });

  it('is plain: what is written is what there is, with a number wherever one is meant', async () => {
    const { report } = await expanded({ ranker: 'auto', evidence: 'full', baseRate: 0.2 });

    const text = JSON.stringify(report);
    expect(JSON.parse(text)).toEqual(report);
    expect(text).not.toContain('null');
  });

  it('is of any audience by held-out seeds alone', () => {
    const heldOut = {
      places: Float64Array.of(1, 0.9, 0.9, 0.5),
      beside: [],
      tried: [{ name: 'x', places: Float64Array.of(1, 0.9, 0.9, 0.5) }],
      winner: 'x',
      skipped: [],
      isWithoutUnlike: false,
      others: 100,
      folds: 5,
    };

    const { auc, recall, lift, tried } = evidenceOf(
      heldOut,
      { size: 10, candidateCount: 100, scoreAt: () => undefined },
      1,
    );

    expect(auc.value).toBeCloseTo(0.825, 12);
    expect([recall.value, lift.value]).toEqual([0.75, 7.5]);
    expect(tried).toEqual([{ name: 'x', auc: auc.value, recall: 0.75, lift: 7.5 }]);
  });
});
